package webui

import (
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestToggles posts before, while and after a control is on.
func TestToggles(t *testing.T) {
	const keyword = "Deploy"
	for _, tt := range []struct {
		name string
		want []int // errcodes while it is on
	}{
		{"secret", []int{310000, 310000}},
		{"keyword", []int{310000, 310000}},
		{"rate", []int{410100}},
	} {
		g := newGroup(t, dingtalktest.Options{Keywords: []string{keyword}})
		send := func(when string, want int) {
			if got := g.post(t, textBody(keyword)); got != want {
				t.Errorf("%s: errcode %d %s, want %d", tt.name, got, when, want)
			}
		}
		toggle := func(on string) {
			if status, text := g.control(t, tt.name, "on="+on); status != 303 {
				t.Errorf("%s %s: %d %q", tt.name, on, status, text)
			}
		}
		send("before", 0)
		toggle("true")
		if html := g.get(t, "/"); strings.Count(html, `aria-checked="true"`) != 1 {
			t.Errorf("%s: the page does not show it", tt.name)
		}
		for _, want := range tt.want {
			send("while it is on", want)
		}
		toggle("false")
		g.control(t, "advance", "by=11m") // past the lock
		send("after", 0)
	}
}

func TestWordings(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct{ generation, want string }{
		{"old", "miss param : text-&gt;content"},
		{"mid", "description:参数 text --》 content"},
		{"new", "错误描述:参数 text --》 content"},
	} {
		g.Reset()
		g.control(t, "texts", "generation="+tt.generation)
		g.post(t, textBody(""))
		if html := g.get(t, "/"); !strings.Contains(html, tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.generation, tt.want, html)
		}
	}
}

// TestFaults injects every fault of dingtalktest once, and one of them twice.
func TestFaults(t *testing.T) {
	codes := map[string]int{
		"busy": -1, "error": 500100, "gateway": -3, "punish": -3, "empty": -3, "redirect": -3, "cut": -3, "html": -3, "binary": -3, "megabyte": -3,
		"nocode": -3, "drop-before": -2, "drop-after": -2, "accept-then-busy": -1, "accept-then-502": -3, "slow": 0,
	}
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for _, f := range (controls{}).Faults() {
		if f.About == "" {
			t.Errorf("no description of %s", f.Name)
		}
		if status, text := g.control(t, "fault", "name="+f.Name); status != 303 {
			t.Fatalf("%s: %d %q", f.Name, status, text)
		}
		want, known := codes[f.Name]
		if got := g.post(t, textBody("x")); got != want || !known {
			t.Errorf("%s: errcode %d, want %d", f.Name, got, want)
		}
		if got := g.post(t, textBody("x")); got != 0 {
			t.Errorf("errcode %d after %s was used up", got, f.Name)
		}
	}
	g.control(t, "fault", "name=busy&times=2")
	for _, want := range []int{-1, -1, 0} {
		if got := g.post(t, textBody("x")); got != want {
			t.Errorf("errcode %d, want %d", got, want)
		}
	}
}

func TestClear(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: 1})
	g.post(t, textBody("x"))
	g.control(t, "clear", "")
	if html := g.get(t, "/"); strings.Contains(html, "<article") || len(g.Messages()) != 0 {
		t.Errorf("after clear:\n%s", html)
	}
	if got := g.post(t, textBody("x")); got != 0 {
		t.Errorf("errcode %d: the rate limit was not cleared", got)
	}
}

func TestAdvance(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct {
		by           string
		status, want int
	}{
		{"1h1m", 303, 310000}, // the sender's signature is an hour old by now
		{"-1h1m", 303, 0},
		{"-1ns", 400, 0},
		{"24h1ns", 400, 0},
		{"9223372036854775807ns", 400, 0},
		{"-9223372036854775808ns", 400, 0},
		{"soon", 400, 0},
	} {
		if status, text := g.control(t, "advance", "by="+tt.by); status != tt.status {
			t.Errorf("%s: %d %q", tt.by, status, text)
		}
		if got := g.post(t, textBody("x")); got != tt.want {
			t.Errorf("%s: errcode %d, want %d", tt.by, got, tt.want)
		}
	}
}

func TestInvalidForms(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct{ name, form string }{
		{"secret", ""}, {"secret", "on=1"}, {"rate", "on="}, {"texts", "generation=newest"},
		{"fault", "name=<b>"}, {"fault", "name=busy&times=0"}, {"fault", "name=busy&times=101"},
		{"fault", "name=busy&times=x"}, {"clear", "a=" + strings.Repeat("x", maxForm)},
	} {
		if status, text := g.control(t, tt.name, tt.form); status != 400 || text == "" {
			t.Errorf("%s %.20s: %d %q", tt.name, tt.form, status, text)
		}
	}
}
