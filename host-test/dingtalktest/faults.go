package dingtalktest

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with one POST. The zero value changes nothing. A fault with an answer of its own
// simulates a gateway in front of the robot, which sees the message only if Accept is set.
type Fault struct {
	Name string // of a predefined fault; it changes nothing

	Status      int    // HTTP status; 0 is 200
	Body        string // the answer verbatim; it is empty if only a Status is given
	ContentType string // "" is application/json

	Code int    // the errcode of the answer
	Text string // its errmsg; "" is the robot's for Code

	Delay  time.Duration // real time before the message is handled; it ends early if the sender disconnects
	Accept bool          // whether the message is handled, and perhaps stored, before the fault's answer is sent
	Drop   Drop          // whether the connection is closed without an answer
	Cut    int           // if positive, the answer ends after so many bytes, short of its Content-Length
}

// Drop is when a connection is closed without an answer.
type Drop int

// The values of Fault.Drop.
const (
	NoDrop     Drop = iota
	DropBefore      // before the message is handled
	DropAfter       // after the message was stored
)

// reachesRobot reports whether the message is handled.
func (f Fault) reachesRobot() bool {
	switch f.Drop {
	case DropBefore:
		return false
	case DropAfter:
		return true
	}
	return f.Accept || !f.hasErrcode() && f.Body == "" && f.Status == 0
}

func (f Fault) hasErrcode() bool { return f.Code != 0 || f.Text != "" }

// response returns the fault's answer or, if it has none, the robot's.
func (f Fault) response(e *exchange) response {
	if f.Drop != NoDrop {
		e.record.interrupt("the connection was closed without an answer")
		return response{drop: true}
	}
	r := response{
		status:      cmp.Or(f.Status, http.StatusOK),
		contentType: cmp.Or(f.ContentType, "application/json"),
		body:        []byte(f.Body),
		cut:         f.Cut,
	}
	gateway := f.Body != "" || f.Status != 0 && !f.hasErrcode()
	switch {
	case gateway:
		e.record.interrupt("an answer that is not the robot's")
	case f.hasErrcode():
		e.record.interrupt("an injected error")
		e.record.Code, e.record.Text = f.Code, cmp.Or(f.Text, errmsgOf(f.Code, e.opts.Wording))
	}
	if !gateway {
		r.body = envelope(e.record.Code, e.record.Text, e.opts.StringCodes)
	}
	if f.Cut > 0 {
		e.record.explainFault("the answer was cut short")
	}
	e.record.Status = r.status
	return r
}

// QueuedFault is a fault that waits for its POST. Its ID is unique for the life of the Server.
type QueuedFault struct {
	ID int
	Fault
}

// MarshalJSON writes the id and the name alone: an answer can be long.
func (f QueuedFault) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}{f.ID, f.Name})
}

// InjectFaults queues faults. Each applies to one POST, in order.
func (s *Server) InjectFaults(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.injected++
		s.faults = append(s.faults, QueuedFault{s.injected, f})
	}
	s.notify()
}

// Faults returns the queued faults, the next one first.
func (s *Server) Faults() []QueuedFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// RemoveFault removes a fault from the queue. It reports false if the fault was used up or removed before.
func (s *Server) RemoveFault(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f QueuedFault) bool { return f.ID == id })
	s.notify()
	return len(s.faults) < n
}

// ClearFaults removes all queued faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.notify()
}

// nextFault removes the next fault from the queue. A GET, which senders use as a probe, gets none.
func (s *Server) nextFault(method string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if method == http.MethodPost && len(s.faults) > 0 {
		f, s.faults = s.faults[0].Fault, s.faults[1:]
	}
	return f
}

// sleep returns early if the sender disconnects. Its message is handled all the same, as the real robot would.
func sleep(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

const gatewayPage = `<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>tengine</center></body>
</html>
`

// firewallAnswer is what an address gets that makes more than 10000 calls in 20 seconds, see
// https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server. guess: its status 200.
const firewallAnswer = `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"00000000000000000000000000000000"}`

const nameMegabyte = "megabyte"

// megabyte is a success, except that it is a mebibyte long and not terminated. All faults share one copy.
var megabyte = sync.OnceValue(func() string {
	const start = `{"errcode":0,"errmsg":"ok`
	return start + strings.Repeat(".", 1<<20-len(start))
})

// namedFaults are in the order in which a user interface lists them. Only FaultByName makes the body of a megabyte: every command
// lists the names.
func namedFaults() []Fault {
	const html = "text/html; charset=utf-8"
	return []Fault{
		{Name: "busy", Code: -1},
		{Name: "error", Code: 500100},
		{Name: "gateway", Status: http.StatusBadGateway, ContentType: html, Body: gatewayPage},
		{Name: "punish", Body: firewallAnswer},
		{Name: "empty", Status: http.StatusOK},
		{Name: "redirect", Status: http.StatusFound}, // guess: as a locked robot is reported to answer, but without a Location
		{Name: "cut", Cut: 12},
		{Name: "html", ContentType: html, Body: "<!DOCTYPE html>\n<html><body>please log in</body></html>\n"},
		{Name: "binary", ContentType: "application/octet-stream", Body: "\x00\xff\xfe\x80\x1b[2J\x00\xc3("},
		{Name: nameMegabyte},
		{Name: "nocode", Body: "{}"},
		{Name: "drop-before", Drop: DropBefore},
		{Name: "drop-after", Drop: DropAfter},
		{Name: "accept-then-busy", Code: -1, Accept: true},
		{Name: "accept-then-502", Status: http.StatusBadGateway, ContentType: html, Body: gatewayPage, Accept: true},
		{Name: "slow", Delay: 2 * time.Second},
	}
}

// FaultByName returns the predefined fault with that name.
func FaultByName(name string) (Fault, bool) {
	for _, f := range namedFaults() {
		if f.Name == name {
			if name == nameMegabyte {
				f.Body = megabyte()
			}
			return f, true
		}
	}
	return Fault{}, false
}

// FaultNames returns the names that FaultByName knows, in a fixed order.
func FaultNames() (names []string) {
	for _, f := range namedFaults() {
		names = append(names, f.Name)
	}
	return names
}
