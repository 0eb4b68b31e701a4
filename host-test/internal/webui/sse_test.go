package webui

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// events reads those of a stream, and event is one.
type (
	events struct{ lines *bufio.Reader }
	event  struct{ name, id, html string }
)

// listen returns the events that follow a cursor.
func (g group) listen(t testing.TB, after, lastID string) events {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", g.URL+"/events?after="+after, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	return events{bufio.NewReader(res.Body)}
}

// next waits for an event of that name, or any if the name is "", and drops others.
func (s events) next(t testing.TB, name string) (e event) {
	t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("waiting for event %q: %v", name, err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			_ = json.Unmarshal([]byte(value), &e.html)
		case "":
			if e.name != "" && (name == "" || name == e.name) {
				return e
			}
			e = event{}
		}
	}
}

// expect waits for an event of that name, whose HTML must contain want.
func (s events) expect(t testing.TB, name, want string) event {
	t.Helper()
	e := s.next(t, name)
	if !strings.Contains(e.html, want) {
		t.Errorf("%s: no %s in\n%s", name, want, e.html)
	}
	return e
}

func TestEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	g.post(t, textBody("hello\r\nevent: entries\n\ndata: x"))
	if e := events.expect(t, "entries", "hello\nevent: entries\n\ndata: x</p>"); strings.Count(e.html, "<article") != 1 {
		t.Errorf("entries: %s", e.html)
	}
	events.expect(t, "newest", "Robot: hello")
	g.post(t, "{")
	events.expect(t, "entries", `class="entry refused" id="r2"`)
	g.Reset()
	if events.next(t, "reset").id != "0" {
		t.Error("the id of a reset is not 0")
	}
	g.post(t, textBody("again"))
	events.expect(t, "entries", `id="r1"`)
}

// TestControlEvents changes the server's options and queue without the page.
func TestControlEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	if e := events.next(t, "controls"); strings.Contains(e.html, `aria-checked="true"`) {
		t.Errorf("controls: %s", e.html)
	}
	g.SetOptions(func(o *dingtalktest.Options) { o.Wording = dingtalktest.WordingLegacy })
	events.expect(t, "controls", `id="c-old" type="button" aria-pressed="true"`)
	busy, _ := dingtalktest.FaultByName("busy")
	g.InjectFaults(busy)
	events.expect(t, "controls", `<li><code>busy</code>`)
}

func TestRemovedEvent(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("one"))
	g.post(t, textBody("two"))
	events := g.listen(t, "0", "")
	events.next(t, "newest")
	last := g.Requests()[1].Cursor()
	g.RemoveRequest(last)
	if e := events.next(t, "removed"); e.html != formatCursor(last) {
		t.Errorf("removed %q", e.html)
	}
	events.expect(t, "newest", "Robot: one")
	g.post(t, textBody("three"))
	if e := events.expect(t, "entries", ">three</p>"); strings.Count(e.html, "<article") != 1 {
		t.Errorf("entries after a removal: %s", e.html)
	}
}

// TestReconnect connects with the cursors of a page and of a browser.
func TestReconnect(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, s := range []string{"one", "two", "three"} {
		g.post(t, textBody(s))
	}
	requests := g.Requests()
	for _, tt := range []struct{ after, last, want string }{
		{"0", "", "entries one two three"},
		{formatCursor(requests[0].Cursor()), "", "entries two three"},
		{"0", formatCursor(requests[1].Cursor()), "entries three"},
		{"2-1", "", "reset one two three"}, // from before a Reset
		{"<script>", "", "reset one two three"},
	} {
		events := g.listen(t, tt.after, tt.last)
		first := events.next(t, "")
		got := first.name
		if first.name == "reset" {
			first = events.next(t, "")
		}
		for _, s := range []string{"one", "two", "three"} {
			if strings.Contains(first.html, ">"+s+"</p>") {
				got += " " + s
			}
		}
		if got != tt.want {
			t.Errorf("after %q, %q: %s, want %s", tt.after, tt.last, got, tt.want)
		}
	}
}

// TestLongHistory reads a history that takes several events.
func TestLongHistory(t *testing.T) {
	fake := fullFake(t)
	server := httptest.NewServer(Handler(fake, nil))
	defer server.Close()
	defer server.CloseClientConnections()
	g := group{fake, server}
	events := g.listen(t, "0", "")
	seen, times := 0, 0
	for ; seen < 1000; times++ {
		seen += strings.Count(events.next(t, "entries").html, "<article")
	}
	if seen != 1000 || times < 2 {
		t.Errorf("%d entries in %d events", seen, times)
	}
	html := g.get(t, "/")
	first, last := strings.Index(html, `id="r1"`), strings.Index(html, `id="r1000"`)
	if strings.Count(html, "<article") != 1000 || !strings.HasSuffix(html, "</html>\n") || first < 0 || last < first {
		t.Errorf("the page has %d entries, the first at %d, the last at %d", strings.Count(html, "<article"), first, last)
	}
}
