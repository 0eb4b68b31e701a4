package dingtalktest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// ServeHTTP answers one request, on any path. A fault that drops the connection panics with http.ErrAbortHandler, which is
// how a handler asks net/http for that.
func (r *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	limits := r.Options()
	body := readBody(w, req, limits)
	fault := r.nextFault(req.Method)
	pause(req.Context(), fault.Delay)

	opts, now := r.setting()
	v := newVisit(req, body, opts, now)
	answer := r.reply(v, fault)
	r.record(v.seen)
	answer.send(w, now, limits.timeout())
}

// reply handles the message, unless the fault comes before that, and makes the answer that is sent.
func (r *Server) reply(v *visit, f Fault) reply {
	if f.reaches() {
		r.handle(v)
	}
	if f.Drop != NoDrop {
		v.interrupt("the connection was closed without an answer")
		return reply{drop: true}
	}
	answer := f.answer(v)
	if f.Cut > 0 {
		v.remark("fault: the answer was cut short")
	}
	v.seen.Status = answer.status
	return answer
}

// handle runs the checks and takes the message in.
func (r *Server) handle(v *visit) {
	no := v.check()
	if no == nil {
		no = r.deliver(v)
	}
	if no != nil {
		v.refuse(no)
		return
	}
	v.seen.Code, v.seen.Text = fine.code, fine.text(v.opts.Wording, "")
}

// deliver stores a message that passed the checks, unless it is a repeat or comes too fast. guess: a repeat is found before the
// rate is looked at, and whatever its body says.
func (r *Server) deliver(v *visit) *refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := v.message
	if r.repeats.known(m.MsgUUID, v.now) {
		v.seen.Duplicate = true
		v.remark("msgUuid was accepted before: nothing stored")
		return nil
	}
	position, why := r.window.admit(v.now, v.opts.perMinute())
	if why != "" {
		return refuse(v.tooFast(), why)
	}
	r.repeats.remember(m.MsgUUID, v.now)
	r.accepted++
	m.Seq, m.MinuteIndex = r.accepted, position
	r.messages.add(*m, m.size(), r.opts.maxHistory(), r.opts.maxHistoryBytes())
	v.seen.Message = m
	v.remark(v.praise())
	return nil
}

// envelope is the answer's JSON. Like the real robot's it escapes < and > (https://github.com/feiyu563/PrometheusAlert/issues/63).
func envelope(code int, text string, stringCode bool) []byte {
	var errcode any = code
	if stringCode {
		errcode = strconv.Itoa(code)
	}
	body, err := json.Marshal(struct {
		Code any    `json:"errcode"`
		Text string `json:"errmsg"`
	}{errcode, text})
	if err != nil {
		panic(err) // a number and a string always marshal
	}
	return body
}

// reply is an answer on its way out.
type reply struct {
	status      int
	contentType string
	body        []byte
	cut         int
	drop        bool
}

// send writes the answer. The Date is the robot's, so that a sender whose clock is wrong can find out by how much.
func (a reply) send(w http.ResponseWriter, now time.Time, timeout time.Duration) {
	if a.drop {
		panic(http.ErrAbortHandler)
	}
	length := len(a.body)
	if a.cut > 0 {
		// net/http closes the connection when fewer bytes come than were announced.
		length++
		a.body = a.body[:min(a.cut, len(a.body))]
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	w.WriteHeader(a.status)
	connection := http.NewResponseController(w) // whose errors say that there are no deadlines, as in a recorder
	_ = connection.SetWriteDeadline(deadline(timeout))
	_, _ = bytes.NewReader(a.body).WriteTo(w) // a client that has left needs no answer
	if connection.Flush() == nil {
		_ = connection.SetWriteDeadline(time.Time{}) // what follows on this connection is perhaps another handler's
	}
}
