package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the requests and results of testdata/*.txtar")

// builds are the two modules made of the same source, which must answer alike.
// Go's own takes 3 MiB before it starts, so only TinyGo's can be limited to less.
var builds = []struct {
	name, file, target string
	capabilities       []scenario.Capability
}{
	{"tinygo", "../dist/plugin.wasm", "make build", append(capabilities, scenario.MemoryLimit)},
	{"go", "../dist/plugin-go.wasm", "make build-go", capabilities},
}

var capabilities = []scenario.Capability{scenario.SettableClock, scenario.RawInput, scenario.CutTraps, scenario.StopsRedirects}

// cache spares the tests from compiling a module more than once.
var cache = wazero.NewCompilationCache()

// module reads a build; a missing one fails the test with what makes it.
func module(t testing.TB, build int) []byte {
	t.Helper()
	data, err := os.ReadFile(builds[build].file)
	if err != nil {
		t.Fatalf("%v: run `%s`", err, builds[build].target)
	}
	return data
}

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
	for i := range s.Steps {
		got, err := run.Step(t.Context(), i)
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		if json.Valid([]byte(got.Output)) && s.Steps[i].Call != "describe" {
			checkResult(t, []byte(got.Output))
		}
		checkSection(t, archive, "requests", i, got.Requests)
		checkSection(t, archive, "result", i, got.Result)
	}
}

// checkSection compares a section with what was got, or replaces it. A trap may
// be written without its cause, where that depends on the moment.
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

// An instance is extism/go-sdk as the command embeds it, with a random source that
// gives zeros.
type instance struct {
	*host.Plugin
	t     testing.TB
	build int
}

// Load implements scenario.Runtime.
func (r *instance) Load(ctx context.Context, s *scenario.Settings) error {
	plugin, err := host.Load(ctx, module(r.t, r.build), &host.Options{
		Config: s.Config, AllowedHosts: s.AllowedHosts, MaxPages: s.MaxPages, Cache: cache,
		Now: s.Now, DefaultClock: s.Frozen, Random: zeros{},
	})
	if err != nil {
		return err
	}
	r.t.Cleanup(func() { plugin.Close(context.WithoutCancel(ctx)) })
	r.Plugin = plugin
	return nil
}

// Call implements scenario.Runtime.
func (r *instance) Call(ctx context.Context, export string, input []byte) ([]byte, error) {
	return r.CallExport(ctx, export, input)
}

// zeros is a random source for bytes that must come out alike.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// record starts a recorder in front of the fake robot.
func record(t testing.TB, fake *dingtalktest.Server) *recorder.Recorder {
	t.Helper()
	r, err := recorder.New(fake)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}
