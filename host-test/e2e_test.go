package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the requests and results of testdata/*.txtar")

// builds are the two modules made of the same source, which must answer alike.
var builds = []struct{ name, file, target string }{
	{"tinygo", "../dist/plugin.wasm", "make plugin"},
	{"go", "../dist/plugin-go.wasm", "make plugin-go"},
}

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

// Each txtar file is a law. It holds for both builds of the plugin.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for build := range builds {
		for _, file := range files {
			name := builds[build].name + "/" + strings.TrimSuffix(filepath.Base(file), ".txtar")
			t.Run(name, func(t *testing.T) { runFile(t, build, file) })
		}
	}
}

func runFile(t *testing.T, build int, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseScenario(archive)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	s.run(t, build)
	for i := range s.steps {
		checkSection(t, archive, "requests", i, s.steps[i].requests)
		checkSection(t, archive, "result", i, s.steps[i].result)
	}
	if *update && build == 0 {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkSection compares a section with what was got, or replaces it.
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
		archive.Files[j].Data = []byte(got)
		if diff := cmp.Diff(want, got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		return
	}
	if !*update {
		t.Errorf("section %q is missing; run the test with -update and read what it writes", name)
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got)})
}

// run plays all steps, and puts what was got in place of what was wanted.
func (s *scenario) run(t *testing.T, build int) {
	stage := s.set(t, build)
	for i := range s.steps {
		step := &s.steps[i]
		stage.prepare(step.before)
		if step.call == "describe" {
			step.requests, step.result = "none", stage.describe()
			continue
		}
		input, err := step.input()
		if err != nil {
			t.Fatal(err)
		}
		output, err := stage.plugin.Raw(t.Context(), "call", input)
		step.requests = stage.wire.take()
		if err != nil {
			step.result = err.Error()
			continue
		}
		checkResult(t, output)
		var indented bytes.Buffer
		if err := json.Indent(&indented, output, "", "  "); err != nil {
			t.Fatal(err)
		}
		step.result = strings.ReplaceAll(indented.String(), stage.wire.URL, "$ROBOT")
	}
}
