package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/robot"
	"dingtalk-plugin/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tetratelabs/wazero"
	"github.com/tidwall/gjson"
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

// A stage is what a scenario plays on.
type stage struct {
	t      *testing.T
	build  int
	fake   *robot.Robot
	wire   *wire
	plugin *host.Plugin
	config map[string]string
	mu     sync.Mutex
	now    time.Time
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

func (s *scenario) set(t *testing.T, build int) *stage {
	now, err := s.parseClock()
	if err != nil {
		t.Fatal(err)
	}
	stage := &stage{t: t, build: build, now: now}
	options := robot.Options{Token: "token", Secret: "SEC000000000000000000000", Now: stage.clock}
	if now.IsZero() {
		options.Now = nil
	}
	faults, err := configureRobot(&options, s.robot)
	if err != nil {
		t.Fatal(err)
	}
	stage.fake = robot.New(&options)
	for _, name := range faults {
		stage.prepare("fault " + name)
	}
	stage.wire = newWire(t, stage.fake)
	stage.config = map[string]string{
		config.Token: "token", config.Secret: "SEC000000000000000000000", config.Webhook: stage.wire.URL + "/robot/send",
	}
	for key, value := range s.config {
		stage.config[config.Prefix+key] = strings.ReplaceAll(value, "$ROBOT", stage.wire.URL)
	}
	stage.load()
	return stage
}

// describe lists the tools with their arguments, and what the configuration
// has put into those.
func (s *stage) describe() string {
	var b strings.Builder
	for _, tool := range describedTools(s.t, s.plugin) {
		fmt.Fprintf(&b, "%s %s\n", tool.Name, strings.Join(tool.arguments(), " "))
		for _, name := range []string{"atNames", "robot"} {
			argument := gjson.GetBytes(tool.InputSchema, "properties."+name)
			if argument.Exists() {
				fmt.Fprintf(&b, "  %s: %s %s\n", name, argument.Get("enum").Raw+argument.Get("items.enum").Raw, argument.Get("description"))
			}
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *stage) load() {
	plugin, err := host.Load(s.t.Context(), module(s.t, s.build), &host.Options{
		Config: s.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache,
		Now: s.clock, Frozen: s.now.IsZero(), Random: zeros{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { plugin.Close(s.t.Context()) })
	s.plugin = plugin
}

// zeros is a random source for bytes that must come out alike.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// prepare does what a step's before section says.
func (s *stage) prepare(before string) {
	s.t.Helper()
	for line := range strings.Lines(before) {
		verb, object, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "advance":
			d, err := time.ParseDuration(object)
			if err != nil {
				s.t.Fatal(err)
			}
			s.mu.Lock()
			s.now = s.now.Add(d)
			s.mu.Unlock()
		case "fault":
			fault, known := robot.Named(object)
			if !known {
				s.t.Fatalf("unknown fault %q; known are %v", object, robot.FaultNames())
			}
			s.fake.Script(fault)
		case "robot-ahead":
			d, err := time.ParseDuration(object)
			if err != nil {
				s.t.Fatal(err)
			}
			s.fake.Advance(d)
		case "answer":
			s.fake.Script(robot.Fault{Body: object})
		case "pass":
			s.fake.Script(robot.Fault{})
		case "restart":
			s.load()
		default:
			s.t.Fatalf("unknown preparation %q", line)
		}
	}
}

// checkResult holds what every answer must: it is short, and its structured
// part is what the tool promised.
func checkResult(t testing.TB, output []byte) {
	t.Helper()
	var result struct {
		Content           []struct{ Type, Text string }
		StructuredContent any
		IsError           bool
	}
	if err := json.Unmarshal(output, &result); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if len(result.Content) != 1 || result.Content[0].Text == "" {
		t.Errorf("%d contents", len(result.Content))
	}
	structured, _ := result.StructuredContent.(map[string]any)
	if structured["reason"] == "dry_run" {
		return // it is as long as the message; TestDryRun holds its schema
	}
	if len(output) >= 4096 {
		t.Errorf("the answer takes %d bytes", len(output))
	}
	if err := compile(t, schema.Output).Validate(result.StructuredContent); err != nil {
		t.Errorf("structuredContent: %v", err)
	}
	if structured["ok"] == result.IsError {
		t.Errorf("isError is %v and ok is %v", result.IsError, structured["ok"])
	}
}

func compile(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("schema.json")
}
