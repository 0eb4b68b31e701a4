package main

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/scenario"
)

const pluginFile, scenarioFolder = "../../dist/plugin.wasm", "../e2e/testdata"

// goCommand builds the driver for extism/go-sdk, which needs only Go.
func goCommand(t *testing.T) []string {
	t.Helper()
	command, _, err := goDriver("go")(t.Context(), &installer{t.TempDir(), io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := filepath.Abs(pluginFile)
	if err != nil {
		t.Fatal(err)
	}
	return append(command, plugin)
}

// All scenarios that extism/go-sdk can run pass in it, and every scenario has a
// runtime. `make conformance` runs them in the others.
func TestScenarios(t *testing.T) {
	scenarios, err := scenario.ParseFolder(scenarioFolder)
	if err != nil {
		t.Fatal(err)
	}
	s := &suiteRun{scenarios: scenarios, transcripts: map[string]string{}}
	row, err := s.run(t.Context(), sdks()[0], goCommand(t))
	if err != nil {
		t.Fatalf("%v (is %s missing? run `make build`)", err, pluginFile)
	}
	for _, failure := range s.failures {
		t.Error(failure)
	}
	if row.passed == 0 || row.version == "" {
		t.Errorf("%+v", row)
	}
	for _, one := range scenarios {
		if !slices.ContainsFunc(sdks(), func(r *extismRuntime) bool { return one.RunsWith(r.capabilities) }) {
			t.Errorf("%s: no runtime has all of %v", one.Name, one.Needs)
		}
	}
}

// A scenario that expects anything other than what happens fails.
func TestRunnerDetectsMismatch(t *testing.T) {
	driver, err := startDriver(t.Context(), goCommand(t))
	if err != nil {
		t.Fatal(err)
	}
	defer driver.close()
	for name, change := range mismatches {
		s, _, err := scenario.ParseFile(filepath.Join(scenarioFolder, "once_key.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		c := &caseRunner{runtime: sdks()[0], driver: driver, transcripts: map[string]string{}}
		change(c, s.Steps)
		if passed, err := c.run(t.Context(), s); err != nil || passed != (name == "none") {
			t.Errorf("%s: passed %v, %v %v", name, passed, err, c.failures)
		}
	}
}

var mismatches = map[string]func(*caseRunner, []scenario.Step){
	"none":               func(*caseRunner, []scenario.Step) {},
	"another text":       func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Result, "successfully", "well") },
	"another value":      func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Result, `"ok": true`, `"ok": false`) },
	"a member less":      func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Result, `"reason": "sent",`, "") },
	"another identifier": func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Requests, `"msgUuid":"`, `"msgUuid":"0`) },
	"another body":       func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Requests, `"at":`, `"to":`) },
	"another verdict":    func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Requests, "shown as", "a duplicate") },
	"no signature":       func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Requests, "&sign=", "&sig=") },
	"another token":      func(_ *caseRunner, s []scenario.Step) { replace(&s[0].Requests, "=token", "=other") },
	"a request less":     func(_ *caseRunner, s []scenario.Step) { s[0].Requests = "none" },
	"a probe more":       func(_ *caseRunner, s []scenario.Step) { s[1].Requests = s[0].Requests },
	"a trap":             func(_ *caseRunner, s []scenario.Step) { s[0].Result = scenario.Trap },
	"no trap":            func(_ *caseRunner, s []scenario.Step) { s[0].Before = "dead" },
	"other repetitions":  func(_ *caseRunner, s []scenario.Step) { s[0].Times = "2" },
	"an unlike runtime":  func(c *caseRunner, _ []scenario.Step) { c.transcripts["once_key"] = "hello" },
}

func replace(text *string, old, new string) { *text = strings.ReplaceAll(*text, old, new) }

// All is compared but what a runner may change and the cause of a trap.
func TestNormalize(t *testing.T) {
	for _, one := range []struct {
		name, call, want, got string
		same                  bool
	}{
		{"members in another order", "t", `{"structuredContent":{"a":1,"b":2}}`, `{ "structuredContent":{"b":2,"a":1}}`, true},
		{"a member of the runner", "t", `{"content":[]}`, `{"content":[],"_meta":{}}`, true},
		{"another value", "t", `{"structuredContent":{"a":1}}`, `{"structuredContent":{"a":2}}`, false},
		{"another text", "t", `{"content":[{"type":"text","text":"a"}]}`, `{"content":[{"type":"text","text":"b"}]}`, false},
		{"an error", "t", `{"content":[]}`, `{"content":[],"isError":true}`, false},
		{"another cause", "t", scenario.Trap + ": refused", scenario.Trap, true},
		{"no trap", "t", scenario.Trap, `{"content":[]}`, false},
		{"arguments in another order", "describe", "tool `a` `b?`\n  b: c d", "tool `b?` `a`\n  b: c d", true},
		{"another argument", "describe", "tool `a`", "tool `a` `b`", false},
		{"tools in another order", "describe", "a\nb", "b\na", false},
	} {
		step := &scenario.Step{Call: one.call}
		if d := diff(normalize(step, one.want), normalize(step, one.got)); (d == "") != one.same {
			t.Errorf("%s: %s", one.name, d)
		}
	}
}
