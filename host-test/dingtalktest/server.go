package dingtalktest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Server is a fake custom robot. Use New. All methods may be called from several goroutines at once.
type Server struct {
	mu       sync.Mutex
	opts     Options
	offset   time.Duration // what Advance has added to the clock
	script   []Fault
	messages history[Message]
	requests history[Request]
	received int // the Seq of the last request
	accepted int // the Seq of the last message
	window   window
	repeats  repeats
	watchers map[chan struct{}]bool
}

// New returns a robot. Nil options are fine, see Options.
func New(o *Options) *Server {
	r := &Server{watchers: map[chan struct{}]bool{}}
	if o != nil {
		r.opts = o.clone()
	}
	return r
}

// Messages returns what the group sees: the last accepted messages, oldest first, as many as Options.MaxHistory and
// MaxHistoryBytes let it keep. The slice is the caller's; what its elements point to is shared and must not be changed.
func (r *Server) Messages() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages.items)
}

// Requests returns the last requests, oldest first, whatever became of them, as many as Options.MaxHistory and MaxHistoryBytes
// let it keep. The slice is the caller's; what its elements point to is shared and must not be changed.
func (r *Server) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests.items)
}

// InjectFaults queues faults. Each is used up by one POST, in order; a POST that finds none is handled normally.
func (r *Server) InjectFaults(faults ...Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = append(r.script, faults...)
}

// AdvanceClock moves the robot's clock forward: the minute's window and the silence pass, and signatures grow old.
func (r *Server) AdvanceClock(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offset += d
}

// Options returns the settings as they are now.
func (r *Server) Options() Options {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opts.clone()
}

// SetOptions changes the settings while the robot runs. The change is seen by requests that arrive after it. The function is
// called with the robot locked and must not call the robot.
func (r *Server) SetOptions(change func(*Options)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	opts := r.opts.clone()
	change(&opts)
	r.opts = opts.clone()
}

// Reset forgets the messages, the requests, the msgUuids, the minute's window and the silence. Settings, clock and scripted
// faults stay.
func (r *Server) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages, r.requests, r.received, r.accepted = history[Message]{}, history[Request]{}, 0, 0
	r.window, r.repeats = window{}, repeats{}
	r.signal()
}

// setting returns the options and the time that one request is judged by.
func (r *Server) setting() (Options, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opts.clone(), r.opts.now().Add(r.offset)
}

// record keeps a request and tells those who watch.
func (r *Server) record(seen Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received++
	seen.Seq = r.received
	r.requests.add(seen, seen.size(), r.opts.maxHistory(), r.opts.maxHistoryBytes())
	r.signal()
}

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

// Watch returns a channel that receives whenever Requests has changed. Changes that nobody has fetched yet are coalesced into
// one, so read Requests after every receive. The channel is never closed; cancel ends the watch and may be called twice.
func (r *Server) Watch() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[c] = true
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, c)
	}
}

// signal is called with the robot locked. A watcher who has a signal waiting needs no second one.
func (r *Server) signal() {
	for c := range r.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
