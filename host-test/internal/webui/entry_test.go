package webui

import (
	"fmt"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestSenderSawError injects faults into the POST of a message, or sends it twice.
func TestSenderSawError(t *testing.T) {
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range []struct{ fault, kind, want string }{
		{"accept-then-502", "message", "Posted, but the sender received: HTTP 502, an answer that is not the robot&#39;s</li>"},
		{"accept-then-busy", "message", "Posted, but the sender received: HTTP 200, errcode -1 系统繁忙</li>"},
		{"drop-after", "message", "Posted, but the sender received: nothing: the connection was closed</li>"},
		{"cut", "message", "Posted, but the sender received: HTTP 200, errcode 0 ok, cut short</li>"},
		{"drop-before", "fault", "The sender received: nothing: the connection was closed</p>"},
		{"busy", "fault", "The sender received: HTTP 200, errcode -1 系统繁忙</p>"},
		{"gateway", "fault", "The sender received: HTTP 502, an answer that is not the robot&#39;s</p>"},
	} {
		g.Reset()
		f, _ := dingtalktest.FaultByName(tt.fault)
		g.InjectFaults(f)
		g.post(t, body)
		if html := g.get(t, "/"); !strings.Contains(html, `class="entry `+tt.kind+`"`) || !strings.Contains(html, tt.want) {
			t.Errorf("%s: no %s %q in\n%s", tt.fault, tt.kind, tt.want, html)
		}
	}
	g.Reset()
	g.post(t, body)
	g.post(t, body)
	if html := g.get(t, "/"); !strings.Contains(html, `class="entry repeat"`) || strings.Contains(html, "Posted, but") {
		t.Errorf("a repeat:\n%s", html)
	}
}

// TestQuotedFault sends what the explanation quotes: only the server reports faults.
func TestQuotedFault(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, contentType := range []string{"x; fault: y", "x; fault: the answer was cut short"} {
		g.Reset()
		g.postAs(t, contentType, textBody("x"))
		if html := g.get(t, "/"); !strings.Contains(html, `class="entry refused"`) || !strings.Contains(html, "; fault: ") {
			t.Errorf("Content-Type %q:\n%s", contentType, html)
		}
		f, _ := dingtalktest.FaultByName("accept-then-busy")
		g.InjectFaults(f)
		g.postAs(t, contentType, textBody("x"))
		if html := g.get(t, "/"); !strings.Contains(html, `class="entry fault" id="r2"`) {
			t.Errorf("Content-Type %q and a fault:\n%s", contentType, html)
		}
	}
}

// TestMessageTypes makes sure that a type without a case of its own is not shown as another.
func TestMessageTypes(t *testing.T) {
	p := newPage(dingtalktest.New(nil), Options{})
	e := entry{Request: dingtalktest.Request{Message: &dingtalktest.Message{MsgType: "video"}}, markdown: p.markdown}
	var html strings.Builder
	p.render(&html, "message", e)
	if got := html.String(); !strings.Contains(got, `<p class="words">Unknown message type: video</p>`) || strings.Contains(got, "feed") {
		t.Errorf("an unknown type:\n%s", got)
	}
}

// TestAllMessageTypes makes sure that each type that the fake accepts has a case. The fake names them where it refuses another.
func TestAllMessageTypes(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, `{"msgtype":"?"}`)
	_, types, found := strings.Cut(g.Requests()[0].Explanation, "msgtype is none of ")
	if !found {
		t.Fatalf("the fake does not name its types: %q", g.Requests()[0].Explanation)
	}
	p := newPage(dingtalktest.New(nil), Options{})
	for typ := range strings.SplitSeq(types, ", ") {
		message := &dingtalktest.Message{MsgType: typ, Link: &dingtalktest.Link{}, ActionCard: &dingtalktest.ActionCard{}}
		var html strings.Builder
		p.render(&html, "message", entry{Request: dingtalktest.Request{Message: message}, markdown: p.markdown})
		if strings.Contains(html.String(), "Unknown message type") {
			t.Errorf("no case for the message type %s", typ)
		}
	}
}

func TestParts(t *testing.T) {
	md := func(title string) string { return markdownBody(title, "x") }
	tests := []struct {
		bodies []string
		want   string // number/total@first for each message
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
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range tests {
		g.Reset()
		for _, body := range tt.bodies {
			g.post(t, body)
		}
		var got []string
		last := g.Requests()[len(g.Requests())-1].Cursor()
		for e := range (&reader{page: &page{fake: g.Server}}).upTo(last) {
			got = append(got, fmt.Sprintf("%d/%d@%d", e.Part.Number, e.Part.Total, e.Part.First))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: %v, want %s", tt.bodies, got, tt.want)
		}
	}
}
