package webui

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

const (
	heartbeatInterval = 15 * time.Second // how often a stream writes at least, to notice that a visitor is gone
	chunkSize         = 64 << 10         // about how many bytes a stream renders before it writes
)

// events sends what the page does not show yet, until the visitor leaves or does not read.
func (p *page) events(w http.ResponseWriter, req *http.Request) {
	changed, cancel := p.fake.Watch()
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	connection := http.NewResponseController(w) // its errors only report that a recorder has no deadlines
	_ = connection.SetReadDeadline(time.Time{}) // the server's would end the stream
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()

	// The id of a browser that reconnects is newer than the one that the page was rendered with.
	r, found := p.readAfter(parseCursor(cmp.Or(req.Header.Get("Last-Event-ID"), req.FormValue("after"))), p.languageOf(w, req))
	s := &stream{reader: r, lost: !found}
	for {
		more := s.addEntries()
		s.addRemoved()
		s.addControls()
		if s.out.Len() == 0 {
			s.out.WriteString(":\n\n") // a comment, which opens a stream without news and keeps it open
		}
		_ = connection.SetWriteDeadline(time.Now().Add(p.options.Timeout))
		if _, err := s.out.WriteTo(w); err != nil || connection.Flush() != nil {
			return
		}
		if more {
			continue
		}
		select {
		case <-changed:
		case <-ticker.C:
		case <-req.Context().Done():
			return
		}
	}
}

// stream is the state of one visitor's events.
type stream struct {
	*reader
	lost     bool      // the server forgot what the visitor shows
	controls *controls // as sent; nil before the first time
	removals int       // how many of RemovedRequests were sent
	out      bytes.Buffer
}

// addEntries adds requests that the visitor has not seen as one event, and reports whether there are more.
func (s *stream) addEntries() (more bool) {
	var html, newest bytes.Buffer
	for html.Len() < chunkSize {
		e, another, found := s.next()
		if more = another; !found {
			s.lost = true
			html.Reset()
			newest.Reset()
		}
		if !more {
			break
		}
		s.lang.render(&html, "entry", e)
		if e.Message != nil {
			newest.Reset()
			s.lang.render(&newest, "preview", e.Preview())
		}
	}
	if s.lost {
		s.lost = false
		s.add("reset", dingtalktest.Cursor{}, "")
	}
	if html.Len() > 0 {
		s.add("entries", s.lastCursor, html.String())
	}
	if newest.Len() > 0 {
		s.add("newest", s.lastCursor, newest.String())
	}
	return more
}

// addRemoved adds an event with the ids of requests that were removed one by one.
func (s *stream) addRemoved() {
	removed, total := s.page.fake.RemovedRequests()
	n := min(total-s.removals, len(removed))
	if s.removals = total; n == 0 {
		return
	}
	var ids []string
	for _, c := range removed[len(removed)-n:] {
		ids = append(ids, formatCursor(c))
	}
	s.add("removed", s.lastCursor, strings.Join(ids, " "))
	var html bytes.Buffer
	_, newest := s.page.newest()
	s.lang.render(&html, "preview", newest)
	s.add("newest", s.lastCursor, html.String())
}

func (s *stream) addControls() {
	now := s.page.controls()
	if s.controls != nil && reflect.DeepEqual(now, *s.controls) {
		return
	}
	s.controls = &now
	var html bytes.Buffer
	s.lang.render(&html, "controls", now)
	s.add("controls", s.lastCursor, html.String())
}

// add adds an event. Its data is a JSON string, because an event's data would break at every line end. The browser sends the
// id back when it reconnects.
func (s *stream) add(event string, id dingtalktest.Cursor, html string) {
	fmt.Fprintf(&s.out, "event: %s\nid: %s\ndata: ", event, formatCursor(id))
	enc := json.NewEncoder(&s.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(html) // a string always encodes; this also ends the line
	s.out.WriteByte('\n')
}

// formatCursor returns a cursor as an event's id. The number alone would be ambiguous: it restarts after a Reset.
func formatCursor(c dingtalktest.Cursor) string {
	if c.Seq == 0 {
		return "0"
	}
	return fmt.Sprintf("%d-%d", c.Seq, c.Time.UnixNano())
}

// parseCursor returns the cursor of an event's id. An invalid id gives a cursor that is never found.
func parseCursor(id string) dingtalktest.Cursor {
	var seq int
	var nanos int64
	if id == "" || id == "0" {
		return dingtalktest.Cursor{}
	}
	if n, _ := fmt.Sscanf(id, "%d-%d", &seq, &nanos); n != 2 || seq <= 0 {
		return dingtalktest.Cursor{Seq: -1}
	}
	return dingtalktest.Cursor{Seq: seq, Time: time.Unix(0, nanos)}
}
