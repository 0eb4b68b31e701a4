package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pulse is how often a stream looks whether somebody has changed the robot's settings, which robot.Watch does not tell.
const pulse = 250 * time.Millisecond

// events sends what the page does not show yet, and goes on until the visitor leaves.
func (p *page) events(w http.ResponseWriter, req *http.Request) {
	changed, cancel := p.robot.Watch()
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a server without deadlines is fine

	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	s := stream{page: p, last: visitorsMark(req)}
	s.out.WriteString(":\n\n") // opens the stream when there is no news
	for fresh := true; ; {
		if fresh {
			s.drawRequests()
		}
		s.drawMood()
		if s.send(w) != nil || control.Flush() != nil {
			return
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
	page *page
	last mark
	mood *mood // nil before the first
	out  bytes.Buffer
}

// drawRequests writes the requests that the visitor has not seen, in one event: a thousand of them would be drawn a thousand
// times.
func (s *stream) drawRequests() {
	requests := s.page.robot.Requests()
	from, known := s.last.after(requests)
	s.last = newestMark(requests)
	if !known {
		s.event("reset", string(nothing), nil)
	}
	if from == len(requests) {
		return
	}
	var html, newest []byte
	for _, e := range s.page.entries(requests)[from:] {
		html = append(html, s.page.draw("entry", e)...)
		if e.Message != nil {
			newest = s.page.draw("preview", e.Preview())
		}
	}
	s.event("entries", string(s.last), html)
	if newest != nil {
		s.event("newest", string(s.last), newest)
	}
}

func (s *stream) drawMood() {
	if now := s.page.mood(); s.mood == nil || now != *s.mood {
		s.mood = &now
		s.event("mood", string(s.last), s.page.draw("mood", now))
	}
}

func (s *stream) send(w io.Writer) error {
	if s.out.Len() == 0 {
		return nil
	}
	_, err := s.out.WriteTo(w)
	return err
}

// event adds one event. Its data is a JSON string, because an event's own data would break at every line end. Its id is what
// the browser says when it connects again.
func (s *stream) event(name, id string, html []byte) {
	fmt.Fprintf(&s.out, "event: %s\nid: %s\ndata: ", name, id)
	enc := json.NewEncoder(&s.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(string(html)) // a string always encodes; this ends the line, too
	s.out.WriteByte('\n')
}
