package dingtalktest

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with one POST. The zero value changes nothing. A fault with an answer of its own
// simulates a gateway in front of the robot, which sees the message only if Accept is set.
type Fault struct {
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

// nextFault removes the next fault from the queue. A GET, which senders use as a probe, gets none.
func (s *Server) nextFault(method string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if method == http.MethodPost && len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
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

// megabyte is a success, except that it is a mebibyte long and not terminated. All faults share one copy.
var megabyte = sync.OnceValue(func() string {
	const start = `{"errcode":0,"errmsg":"ok`
	return start + strings.Repeat(".", 1<<20-len(start))
})

type namedFault struct {
	name  string
	fault Fault
}

// namedFaults are in the order in which a user interface lists them.
func namedFaults() []namedFault {
	const html = "text/html; charset=utf-8"
	return []namedFault{
		{"busy", Fault{Code: -1}},
		{"error", Fault{Code: 500100}},
		{"gateway", Fault{Status: http.StatusBadGateway, ContentType: html, Body: gatewayPage}},
		{"punish", Fault{Body: firewallAnswer}},
		{"empty", Fault{Status: http.StatusOK}},
		{"redirect", Fault{Status: http.StatusFound}}, // guess: as a locked robot is reported to answer, but without a Location
		{"cut", Fault{Cut: 12}},
		{"html", Fault{ContentType: html, Body: "<!DOCTYPE html>\n<html><body>please log in</body></html>\n"}},
		{"binary", Fault{ContentType: "application/octet-stream", Body: "\x00\xff\xfe\x80\x1b[2J\x00\xc3("}},
		{"megabyte", Fault{Body: megabyte()}},
		{"nocode", Fault{Body: "{}"}},
		{"drop-before", Fault{Drop: DropBefore}},
		{"drop-after", Fault{Drop: DropAfter}},
		{"accept-then-busy", Fault{Code: -1, Accept: true}},
		{"accept-then-502", Fault{Status: http.StatusBadGateway, ContentType: html, Body: gatewayPage, Accept: true}},
		{"slow", Fault{Delay: 2 * time.Second}},
	}
}

// FaultByName returns the predefined fault with that name.
func FaultByName(name string) (Fault, bool) {
	for _, f := range namedFaults() {
		if f.name == name {
			return f.fault, true
		}
	}
	return Fault{}, false
}

// FaultNames returns the names that FaultByName knows, in a fixed order.
func FaultNames() (names []string) {
	for _, f := range namedFaults() {
		names = append(names, f.name)
	}
	return names
}
