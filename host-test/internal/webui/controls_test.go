package webui

import (
	"net/url"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestSwitches looks at what the robot answers, before, while and after a switch is on.
func TestSwitches(t *testing.T) {
	const keyword = "Deploy"
	tests := []struct {
		path string
		want []int // errcodes while it is on
	}{
		{"/mood/secret", []int{310000, 310000}},
		{"/mood/keyword", []int{310000, 310000}},
		{"/mood/rate", []int{410100}},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{Keywords: []string{keyword}})
		send := func() int { return g.post(t, textBody(keyword)) }
		turn := func(on string) {
			if status, text := g.turn(t, tt.path, url.Values{"on": {on}}); status != 303 {
				t.Errorf("%s %s: %d %q", tt.path, on, status, text)
			}
		}
		if got := send(); got != 0 {
			t.Errorf("%s: errcode %d before", tt.path, got)
		}
		turn("true")
		if _, html := g.get(t, "/"); strings.Count(html, `aria-checked="true"`) != 1 {
			t.Errorf("%s: the page does not show it", tt.path)
		}
		for _, want := range tt.want {
			if got := send(); got != want {
				t.Errorf("%s: errcode %d while it is on, want %d", tt.path, got, want)
			}
		}
		turn("false")
		g.turn(t, "/mood/advance", url.Values{"by": {"11m"}}) // past the lock
		if got := send(); got != 0 {
			t.Errorf("%s: errcode %d after", tt.path, got)
		}
	}
}

func TestTexts(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct{ generation, want string }{
		{"old", "miss param : text-&gt;content"},
		{"mid", "description:参数 text --》 content"},
		{"new", "错误描述:参数 text --》 content"},
	} {
		g.turn(t, "/mood/clear", nil)
		g.turn(t, "/mood/texts", url.Values{"generation": {tt.generation}})
		g.post(t, textBody(""))
		if _, html := g.get(t, "/"); !strings.Contains(html, tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.generation, tt.want, html)
		}
	}
}

// TestFaults queues every fault that the robot knows, some of them twice.
func TestFaults(t *testing.T) {
	codes := map[string]int{
		"busy": -1, "error": 500100, "gateway": -3, "punish": -3, "empty": -3, "cut": -3, "html": -3, "binary": -3, "megabyte": -3,
		"nocode": -3, "drop-before": -2, "drop-after": -2, "accept-then-busy": -1, "accept-then-502": -3, "slow": 0,
	}
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for _, f := range faults() {
		if f.About == "" {
			t.Errorf("the page has no words for %s", f.Name)
		}
		if status, text := g.turn(t, "/mood/fault", url.Values{"name": {f.Name}}); status != 303 {
			t.Fatalf("%s: %d %q", f.Name, status, text)
		}
		if want, ok := codes[f.Name]; !ok || g.post(t, textBody("x")) != want {
			t.Errorf("%s: not the answer that was expected", f.Name)
		}
		if got := g.post(t, textBody("x")); got != 0 {
			t.Errorf("errcode %d after %s was used up", got, f.Name)
		}
	}
	g.turn(t, "/mood/fault", url.Values{"name": {"busy"}, "times": {"2"}})
	for _, want := range []int{-1, -1, 0} {
		if got := g.post(t, textBody("x")); got != want {
			t.Errorf("errcode %d, want %d", got, want)
		}
	}
}

func TestClear(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: 1})
	g.post(t, textBody("x"))
	g.turn(t, "/mood/clear", nil)
	if _, html := g.get(t, "/"); strings.Contains(html, "<article") || len(g.Messages()) != 0 {
		t.Errorf("after clear:\n%s", html)
	}
	if got := g.post(t, textBody("x")); got != 0 {
		t.Errorf("errcode %d: the minute was not forgotten", got)
	}
}

func TestClock(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct {
		by     string
		status int
		code   int
	}{
		{"1h1m", 303, 310000}, // the sender's signature is an hour old by now
		{"-1h1m", 303, 0},
		{"-1ns", 400, 0},
		{"24h1ns", 400, 0},
		{"9223372036854775807ns", 400, 0},
		{"-9223372036854775808ns", 400, 0},
		{"soon", 400, 0},
	} {
		if status, text := g.turn(t, "/mood/advance", url.Values{"by": {tt.by}}); status != tt.status {
			t.Errorf("%s: %d %q", tt.by, status, text)
		}
		if got := g.post(t, textBody("x")); got != tt.code {
			t.Errorf("%s: errcode %d, want %d", tt.by, got, tt.code)
		}
	}
}

func TestBadForms(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct{ path, form string }{
		{"/mood/secret", ""}, {"/mood/secret", "on=1"}, {"/mood/rate", "on="}, {"/mood/texts", "generation=newest"},
		{"/mood/fault", "name=<b>"}, {"/mood/fault", "name=busy&times=0"}, {"/mood/fault", "name=busy&times=101"},
		{"/mood/fault", "name=busy&times=x"}, {"/mood/clear", "a=" + strings.Repeat("x", formLimit)},
	} {
		form, _ := url.ParseQuery(tt.form)
		if status, text := g.turn(t, tt.path, form); status != 400 || text == "" {
			t.Errorf("%s %.20s: %d %q", tt.path, tt.form, status, text)
		}
	}
}
