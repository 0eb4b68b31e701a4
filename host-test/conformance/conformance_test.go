package main

import (
	"io"
	"path/filepath"
	"testing"
)

// pluginFile is what the drivers load.
const pluginFile = "../../dist/plugin.wasm"

func cases(t *testing.T) *suite {
	t.Helper()
	s, err := parseSuite(casesJSON)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// goCommand builds the driver for extism/go-sdk, the one that needs nothing
// installed.
func goCommand(t *testing.T) []string {
	t.Helper()
	w := &workshop{t.TempDir(), io.Discard}
	command, _, err := goDriver("go")(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := filepath.Abs(pluginFile)
	if err != nil {
		t.Fatal(err)
	}
	return append(command, plugin)
}

// All cases hold in Go. In the other runtimes `make conformance` plays them.
func TestCases(t *testing.T) {
	b := &bench{suite: cases(t), transcripts: map[string]string{}}
	row, err := b.play(t.Context(), sdks()[0], goCommand(t))
	if err != nil {
		t.Fatalf("%v (is %s missing? run `make plugin`)", err, pluginFile)
	}
	for _, failure := range b.failures {
		t.Error(failure)
	}
	if row.passed == 0 || row.version == "" {
		t.Errorf("%+v", row)
	}
}

// A case that expects anything else than what happens is seen to fail.
func TestDifferencesAreSeen(t *testing.T) {
	driver, err := startDriver(t.Context(), goCommand(t))
	if err != nil {
		t.Fatal(err)
	}
	defer driver.close()
	for name, change := range differences {
		s := cases(t)
		c := s.find(t, "text")
		p := &player{suite: s, runtime: sdks()[0], driver: driver, transcripts: map[string]string{}}
		change(p, c)
		if passed, err := p.play(c); err != nil || passed {
			t.Errorf("%s: passed %v, %v", name, passed, err)
		}
	}
}

var differences = map[string]func(p *player, c *testCase){
	"another text":       func(_ *player, c *testCase) { c.Calls[0].Result.Text = "Sent" },
	"another result":     func(_ *player, c *testCase) { structured(c)["reason"] = "refused" },
	"a result less":      func(_ *player, c *testCase) { delete(structured(c), "parts") },
	"a result more":      func(_ *player, c *testCase) { structured(c)["errcode"] = 0.0 },
	"a wrong word":       func(_ *player, c *testCase) { structured(c)["bytes"] = "<uuid>" },
	"another body":       func(_ *player, c *testCase) { c.Calls[0].Requests[1].Body = map[string]any{} },
	"another fate":       func(_ *player, c *testCase) { c.Calls[0].Requests[1].Fate = "duplicate" },
	"no signature":       func(_ *player, c *testCase) { c.Calls[0].Requests[1].Query = "access_token=<token>" },
	"a request less":     func(_ *player, c *testCase) { c.Calls[0].Requests = c.Calls[0].Requests[:1] },
	"no probe":           func(_ *player, c *testCase) { c.Calls[1].Requests = c.Calls[0].Requests },
	"other tools":        func(_ *player, c *testCase) { c.Calls[2].Result.Tools = []string{"send_text_message"} },
	"an end":             func(_ *player, c *testCase) { c.Calls[0].Fails = "unreached" },
	"no end":             func(_ *player, c *testCase) { c.AllowedHosts = []string{} },
	"a runtime unlike":   func(p *player, c *testCase) { p.transcripts[c.Name] = "hello" },
	"a credential shown": func(p *player, c *testCase) { p.suite.Config["DINGTALK_BOT_SECRET"] = "successfully" },
}

func structured(c *testCase) map[string]any { return c.Calls[0].Result.Structured.(map[string]any) }

func (s *suite) find(t *testing.T, name string) *testCase {
	t.Helper()
	for i := range s.Cases {
		if s.Cases[i].Name == name {
			return &s.Cases[i]
		}
	}
	t.Fatalf("there is no case %q", name)
	return nil
}

// cases.json with a slip is refused, not passed over.
func TestSlips(t *testing.T) {
	for _, text := range []string{
		`{"cases": [{"nam": "a"}]}`,
		`{"cases": [{"name": "a"}, {"name": "a"}]}`,
		`{"cases": [{}]}`,
		`{"cases": [{"name": "a", "needs": ["luck"]}]}`,
		`{"cases": [{"name": "a", "robot": {"secrets": "a"}}]}`,
		`{"cases": [{"name": "a", "calls": [{"tool": "t"}]}]}`,
		`{"cases": [{"name": "a", "calls": [{"tool": "t", "export": "call", "result": {}}]}]}`,
		`{"cases": [{"name": "a", "calls": [{"tool": "t", "fails": "never"}]}]}`,
		`{"cases": [{"name": "a", "calls": [{"tool": "t", "result": {}, "requests": [{"method": "PUT"}]}]}]}`,
		`{"cases": []} {}`,
	} {
		if _, err := parseSuite([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
