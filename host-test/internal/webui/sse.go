package webui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

const (
	// pulse is how often a stream looks whether somebody has changed the robot's settings, which robot.Watch does not tell.
	pulse = 250 * time.Millisecond

	// beat is how often a stream writes at least, so that a visitor who vanished is noticed.
	beat = 15 * time.Second

	// chunk is about how much a stream draws before it writes, in bytes.
	chunk = 64 << 10
)

// events sends what the page does not show yet, and goes on until the visitor leaves or does not read.
func (p *page) events(w http.ResponseWriter, req *http.Request) {
	changed, cancel := p.robot.Watch()
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	connection := http.NewResponseController(w) // whose errors say that there are no deadlines, as in a recorder
	_ = connection.SetReadDeadline(time.Time{}) // the server's would end the stream
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()

	s := p.newStream(visitorsMark(req))
	written := time.Time{}
	for fresh := true; ; {
		more := fresh && s.drawRequests()
		s.drawMood()
		if s.out.Len() == 0 && time.Since(written) >= beat {
			s.out.WriteString(":\n\n") // a comment, which also opens the stream when there is no news
		}
		if s.out.Len() > 0 {
			written = time.Now()
			_ = connection.SetWriteDeadline(written.Add(p.options.Timeout))
			if _, err := s.out.WriteTo(w); err != nil || connection.Flush() != nil {
				return
			}
		}
		if more {
			continue
		}
		select {
		case <-changed:
			fresh = true
		case <-ticker.C:
			fresh = false
		case <-req.Context().Done():
			return
		}
	}
}

// stream is what one visitor has been sent.
type stream struct {
	*reader
	lost bool  // what the visitor shows is kept no longer
	mood *mood // nil before the first
	out  bytes.Buffer
}

func (p *page) newStream(last mark) *stream {
	r, found := p.readAfter(last.cursor())
	return &stream{reader: r, lost: !found}
}

func (s *stream) mark() mark { return newMark(s.last) }

// drawRequests writes requests that the visitor has not seen, in one event, and reports whether there are more.
func (s *stream) drawRequests() (more bool) {
	var html, newest bytes.Buffer
	for html.Len() < chunk {
		e, another, found := s.next()
		if more = another; !found {
			s.lost = true
			html.Reset()
			newest.Reset()
		}
		if !more {
			break
		}
		s.page.draw(&html, "entry", e)
		if e.Message != nil {
			newest.Reset()
			s.page.draw(&newest, "preview", e.Preview())
		}
	}
	if s.lost {
		s.lost = false
		s.event("reset", nothing, "")
	}
	if html.Len() > 0 {
		s.event("entries", s.mark(), html.String())
	}
	if newest.Len() > 0 {
		s.event("newest", s.mark(), newest.String())
	}
	return more
}

func (s *stream) drawMood() {
	now := s.page.mood()
	if s.mood != nil && now == *s.mood {
		return
	}
	s.mood = &now
	var html bytes.Buffer
	s.page.draw(&html, "mood", now)
	s.event("mood", s.mark(), html.String())
}

// event adds one event. Its data is a JSON string, because an event's own data would break at every line end. Its id is what
// the browser says when it connects again.
func (s *stream) event(name string, id mark, html string) {
	fmt.Fprintf(&s.out, "event: %s\nid: %s\ndata: ", name, id)
	enc := json.NewEncoder(&s.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(html) // a string always encodes; this ends the line, too
	s.out.WriteByte('\n')
}

// mark names the last request that a visitor has seen. A number alone would not do: after a Clear they begin anew.
type mark string

// nothing is the mark of an empty group.
const nothing mark = "0"

func newMark(c dingtalktest.Cursor) mark {
	if c.Seq == 0 {
		return nothing
	}
	return mark(fmt.Sprintf("%d-%d", c.Seq, c.Time.UnixNano()))
}

// cursor returns the place that a mark names. What is no mark names one that is never found.
func (m mark) cursor() dingtalktest.Cursor {
	var seq int
	var nanos int64
	if m == nothing {
		return dingtalktest.Cursor{}
	}
	if n, _ := fmt.Sscanf(string(m), "%d-%d", &seq, &nanos); n != 2 || seq <= 0 {
		return dingtalktest.Cursor{Seq: -1}
	}
	return dingtalktest.Cursor{Seq: seq, Time: time.Unix(0, nanos)}
}

// visitorsMark prefers what the browser says when it connects again over what the page was drawn with.
func visitorsMark(req *http.Request) mark {
	if id := req.Header.Get("Last-Event-ID"); id != "" {
		return mark(id)
	}
	if after := req.FormValue("after"); after != "" {
		return mark(after)
	}
	return nothing
}
