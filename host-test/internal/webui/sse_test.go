package webui

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// event is one that the page sends.
type event struct{ name, id, html string }

// listen returns the events that follow a cursor, until the test ends.
func (g group) listen(t testing.TB, after, lastID string) <-chan event {
	t.Helper()
	req, err := http.NewRequest("GET", g.URL+"/events?after="+after, nil)
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
	events := make(chan event, 100)
	go func() {
		var e event
		for lines := bufio.NewReader(res.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				close(events)
				return
			}
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				_ = json.Unmarshal([]byte(value), &e.html)
				events <- e
			}
		}
	}()
	return events
}

// next waits for an event of that name, and drops others.
func next(t testing.TB, events <-chan event, name string) event {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the events ended before %s", name)
			}
			if e.name == name {
				return e
			}
		case <-timeout:
			t.Fatalf("no %s", name)
		}
	}
}

// expect waits for an event of that name, whose HTML must contain want.
func expect(t testing.TB, events <-chan event, name, want string) event {
	t.Helper()
	e := next(t, events, name)
	if !strings.Contains(e.html, want) {
		t.Errorf("%s: no %s in\n%s", name, want, e.html)
	}
	return e
}

func TestEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	g.post(t, textBody("hello\r\nevent: entries\n\ndata: x"))
	if e := expect(t, events, "entries", "hello\nevent: entries\n\ndata: x</p>"); strings.Count(e.html, "<article") != 1 {
		t.Errorf("entries: %s", e.html)
	}
	expect(t, events, "newest", "Robot: hello")
	g.post(t, "{")
	expect(t, events, "entries", `class="entry refused" id="r2"`)
	g.Reset()
	if next(t, events, "reset").id != "0" {
		t.Error("the id of a reset is not 0")
	}
	g.post(t, textBody("again"))
	expect(t, events, "entries", `id="r1"`)
}

// TestControlEvents also changes the server's options without the page.
func TestControlEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	if e := next(t, events, "controls"); strings.Contains(e.html, `aria-checked="true"`) {
		t.Errorf("controls: %s", e.html)
	}
	g.control(t, "secret", "on=true")
	expect(t, events, "controls", `id="c-secret" role="switch" aria-checked="true"`)
	g.SetOptions(func(o *dingtalktest.Options) { o.Wording = dingtalktest.WordingLegacy })
	expect(t, events, "controls", `value="old" aria-pressed="true"`)
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
		first := <-events
		got := first.name
		if first.name == "reset" {
			first = <-events
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
		seen += strings.Count(next(t, events, "entries").html, "<article")
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
