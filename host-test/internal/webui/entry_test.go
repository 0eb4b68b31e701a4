package webui

import (
	"fmt"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

func TestParts(t *testing.T) {
	md := func(title string) string { return markdownBody(title, "x") }
	tests := []struct {
		bodies []string
		want   string // number/total from the first request, for each message
	}{
		{[]string{md("R (1/3)"), md("R (2/3)"), md("R (3/3)")}, "1/3@1 2/3@1 3/3@1"},
		{[]string{md("(1/2)"), md("(2/2)")}, "1/2@1 2/2@1"},
		{[]string{textBody("(1/2)\na"), textBody("(2/2)\nb")}, "1/2@1 2/2@1"},
		{[]string{textBody("告警 (1/2)\na"), textBody("(2/2)\nb")}, "1/2@1 2/2@1"},
		{[]string{textBody("(1/2)\na"), textBody("告警 (2/2)\nb")}, "1/2@1 2/2@1"},
		{[]string{md("R (1/2)"), md("告警 R (2/2)"), md("S (1/2)"), md("S (2/2)")}, "1/2@1 2/2@1 1/2@3 2/2@3"},
		{[]string{md("R (1/3)"), "{", md("R (2/3)")}, "1/3@1 0/0@0 2/3@1"},

		{[]string{md("R (2/3)")}, "0/0@0"},
		{[]string{md("R (1/3)"), md("R (3/3)")}, "1/3@1 0/0@0"},
		{[]string{md("R (1/3)"), md("S (2/3)")}, "1/3@1 0/0@0"},
		{[]string{md("R (1/3)"), md("R (2/4)")}, "1/3@1 0/0@0"},
		{[]string{md("R (1/2)"), textBody("R (2/2)\nx")}, "1/2@1 0/0@0"},
		{[]string{md("R (1/2)"), md("other"), md("R (2/2)")}, "1/2@1 0/0@0 0/0@0"},
		{[]string{md("R (1/1)"), md("R (0/3)"), md("R (3/2)"), md("R(1/2)"), md("R (1/2) "), md("R (01/2)"), md("(1/200)")}, strings.TrimSpace(strings.Repeat("0/0@0 ", 7))},
		{[]string{textBody("x\n(1/2)"), `{"msgtype":"link","link":{"title":"T (1/2)","text":"(1/2)","messageUrl":"https://a.example/"}}`}, "0/0@0 0/0@0"},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{})
		for _, body := range tt.bodies {
			g.post(t, body)
		}
		var got []string
		last := g.Requests()[len(g.Requests())-1].Cursor()
		for e := range (&reader{page: &page{robot: g.Server}}).upTo(last) {
			got = append(got, fmt.Sprintf("%d/%d@%d", e.Part.Number, e.Part.Total, e.Part.First))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: %v, want %s", tt.bodies, got, tt.want)
		}
	}
}

func TestPartsDrawn(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, markdownBody("R (1/2)", "x"))
	_, html := g.get(t, "/")
	if !strings.Contains(html, `class="entry message part open" id="r1" data-series="1" aria-label="Part 1 of 2, Robot, `) ||
		!strings.Contains(html, "Part 2 of 2 has not come.") {
		t.Errorf("the first part:\n%s", html)
	}
	g.post(t, markdownBody("R (2/2)", "y"))
	_, html = g.get(t, "/")
	if !strings.Contains(html, `class="entry message part continues" id="r2" data-series="1" aria-label="Part 2 of 2, Robot, `) {
		t.Errorf("the second part:\n%s", html)
	}
}
