package dingtalktest

import (
	"context"
	"net/http"
	"time"
)

// Fault is something that goes wrong with one POST. The zero value changes nothing. A fault that gives an answer of its own
// stands for a gateway in front of the robot: the message is not looked at, unless Accept is set.
type Fault struct {
	Status      int    // HTTP status; 0 is 200
	Body        string // the answer verbatim; empty with a Status and no Code is an empty answer
	ContentType string // "" is application/json

	Code int    // the errcode of the answer
	Text string // its errmsg; "" is the robot's own for Code

	Delay  time.Duration // how long the robot waits before it handles the message, in real time; a sender who leaves ends it
	Accept bool          // the message is handled first, and stored when it passes; then the fault's answer is given
	Drop   Drop          // whether the connection is closed without an answer
	Cut    int           // when positive: the answer ends after so many bytes, fewer than its Content-Length
}

// Drop says when a connection is closed instead of answered.
type Drop int

// The moments of a Drop.
const (
	NoDrop     Drop = iota
	DropBefore      // before the message is looked at
	DropAfter       // after it was stored
)

// reaches tells whether the message gets as far as the robot's checks.
func (f Fault) reaches() bool {
	switch f.Drop {
	case DropBefore:
		return false
	case DropAfter:
		return true
	}
	return f.Accept || !f.worded() && f.Body == "" && f.Status == 0
}

func (f Fault) worded() bool { return f.Code != 0 || f.Text != "" }

// answer makes the answer that is sent: the fault's own or, where it has none, the one that the robot gave.
func (f Fault) answer(v *visit) reply {
	r := reply{status: http.StatusOK, contentType: "application/json", cut: f.Cut}
	if f.Status != 0 {
		r.status = f.Status
	}
	if f.ContentType != "" {
		r.contentType = f.ContentType
	}
	switch {
	case f.Body != "" || f.Status != 0 && !f.worded():
		v.interrupt("an answer that is not the robot's")
		r.body = []byte(f.Body)
		return r
	case f.worded():
		v.interrupt("a scripted error")
		v.seen.Code, v.seen.Text = f.Code, f.text(v.opts.Wording)
	}
	r.body = envelope(v.seen.Code, v.seen.Text, v.opts.StringCodes)
	return r
}

// nextFault takes the next fault from the script. Probes with GET do not use one up.
func (r *Server) nextFault(method string) (f Fault) {
	if method != http.MethodPost {
		return f
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.script) > 0 {
		f, r.script = r.script[0], r.script[1:]
	}
	return f
}

// pause waits, but not longer than the sender does. The message is handled all the same: a robot that has received a message
// does not know that nobody waits for its answer.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
