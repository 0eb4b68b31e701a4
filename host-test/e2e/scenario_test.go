package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the requests and results of testdata/*.txtar")

// Each txtar file is a scenario. It must pass on both builds, but for those that
// need what extism/go-sdk lacks: conformance runs them in another SDK.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		s, archive, err := scenario.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for build := range builds {
			if !s.RunsWith(builds[build].capabilities) {
				continue
			}
			t.Run(builds[build].name+"/"+s.Name, func(t *testing.T) { runScenario(t, build, s, archive) })
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func runScenario(t *testing.T, build int, s *scenario.Scenario, archive *txtar.Archive) {
	run, _ := start(t, build, s)
	tools := listTools(t, run.Settings.Config)
	for i := range s.Steps {
		got, err := run.Step(t.Context(), i)
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		if json.Valid([]byte(got.Output)) && s.Steps[i].Call != "describe" {
			checkResult(t, calledTool(tools, s.Steps[i].Call), []byte(got.Output))
		}
		checkSection(t, archive, "requests", i, got.Requests)
		checkSection(t, archive, "result", i, got.Result)
	}
}

// calledTool returns the tool that a step calls, or the first.
func calledTool(tools []toolListing, call string) *toolListing {
	for i := range tools {
		if strings.HasPrefix(call, tools[i].Name+" ") || strings.Contains(call, `"`+tools[i].Name+`"`) {
			return &tools[i]
		}
	}
	return &tools[0]
}

// checkSection compares a section with the actual text, or replaces it. The file
// may omit the cause of a trap if it depends on timing.
func checkSection(t *testing.T, archive *txtar.Archive, name string, i int, got string) {
	t.Helper()
	if i > 0 {
		name += fmt.Sprint(" ", i+1)
	}
	got += "\n"
	for j := range archive.Files {
		if archive.Files[j].Name != name {
			continue
		}
		want := string(archive.Files[j].Data)
		if want == scenario.Trap+"\n" && strings.HasPrefix(got, scenario.Trap) {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if *update {
			archive.Files[j].Data = []byte(got)
		}
		return
	}
	if !*update {
		t.Errorf("section %q is missing; run the test with -update and read what it writes", name)
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got)})
}

// start runs a scenario up to its first step.
func start(t testing.TB, build int, s *scenario.Scenario) (*scenario.Run, *instance) {
	t.Helper()
	r := &instance{t: t, build: build}
	run, err := s.Start(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.Close)
	return run, r
}

// An instance is a scenario.Runtime: the plugin in extism/go-sdk as the command
// embeds it, with a random source of zeros.
type instance struct {
	*host.Plugin
	t     testing.TB
	build int
}

// Load implements scenario.Runtime.
func (r *instance) Load(_ context.Context, s *scenario.Settings) error {
	r.Plugin = load(r.t, r.build, host.Options{
		Config: s.Config, AllowedHosts: s.AllowedHosts, MaxPages: s.MaxPages,
		Now: s.Now, DefaultClock: s.Frozen, Random: zeroReader{},
	})
	return nil
}

// Call implements scenario.Runtime.
func (r *instance) Call(ctx context.Context, export string, input []byte) ([]byte, error) {
	return r.CallExport(ctx, export, input)
}

// zeroReader is a random source that makes requests reproducible.
type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
