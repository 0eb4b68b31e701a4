package webui

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// event is one of those that the page sends.
type event struct{ name, id, html string }

// listen reads the events that follow a mark, until the test ends.
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

// next waits for an event of that name, and drops the others.
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

func TestEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	g.post(t, textBody("hello\r\nevent: entries\n\ndata: x"))
	e := next(t, events, "entries")
	if strings.Count(e.html, "<article") != 1 || !strings.Contains(e.html, "hello\nevent: entries\n\ndata: x</p>") {
		t.Errorf("entries: %s", e.html)
	}
	if n := next(t, events, "newest"); !strings.Contains(n.html, "Robot: hello") {
		t.Errorf("newest: %s", n.html)
	}
	g.post(t, "{")
	if e := next(t, events, "entries"); !strings.Contains(e.html, `class="entry refused" id="r2"`) {
		t.Errorf("entries: %s", e.html)
	}
	g.Reset()
	if next(t, events, "reset").id != "0" {
		t.Error("the reset does not say from where to go on")
	}
	g.post(t, textBody("again"))
	if e := next(t, events, "entries"); !strings.Contains(e.html, `id="r1"`) {
		t.Errorf("entries: %s", e.html)
	}
}

// TestComingBack connects again with what a page or a browser remembers.
func TestComingBack(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, s := range []string{"one", "two", "three"} {
		g.post(t, textBody(s))
	}
	marks := g.Requests()
	tests := []struct{ after, last, want string }{
		{"0", "", "entries one two three"},
		{string(newMark(marks[0].Cursor())), "", "entries two three"},
		{"0", string(newMark(marks[1].Cursor())), "entries three"},
		{"2-1", "", "reset one two three"}, // from before a Clear
		{"<script>", "", "reset one two three"},
	}
	for _, tt := range tests {
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

// TestMoodEvents changes the robot behind the page's back, too.
func TestMoodEvents(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	events := g.listen(t, "0", "")
	if e := next(t, events, "mood"); strings.Contains(e.html, `aria-checked="true"`) {
		t.Errorf("mood: %s", e.html)
	}
	g.turn(t, "/mood/secret", map[string][]string{"on": {"true"}})
	if e := next(t, events, "mood"); !strings.Contains(e.html, `id="m-secret" role="switch" aria-checked="true"`) {
		t.Errorf("mood: %s", e.html)
	}
	g.SetOptions(func(o *dingtalktest.Options) { o.Wording = dingtalktest.WordingLegacy })
	if e := next(t, events, "mood"); !strings.Contains(e.html, `value="old" aria-pressed="true"`) {
		t.Errorf("mood: %s", e.html)
	}
}
