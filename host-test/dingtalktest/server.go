// Package dingtalktest provides a fake of DingTalk's custom-robot webhook, for tests and demonstrations.
//
// A Server is an http.Handler that answers on every path, so it can be served by httptest or mounted in another handler.
// It makes the checks that the real robot makes and answers with the real robot's texts:
//
//	s := dingtalktest.New(&dingtalktest.Options{Secret: "SECexample"})
//	srv := httptest.NewServer(s)
//	// post to srv.URL + "/robot/send?access_token=" + dingtalktest.DefaultToken + "&timestamp=…&sign=…"
//	for _, m := range s.Messages() {
//		fmt.Print(dingtalktest.RenderText(m))
//	}
//
// # What it supports
//
//   - the message types text, link, markdown, actionCard (one button or several) and feedCard, with the exact case of
//     their field names (link.messageUrl, but feedCard.links[].messageURL)
//   - the security settings keyword, signature and IP list, alone or together
//   - at.atMobiles, at.atUserIds and at.isAtAll, and which of these people are notified
//   - msgUuid: a repeated one is answered with ok and stored once
//   - the limits: 20000 bytes a body, 20 messages a minute, and a lock of ten minutes for exceeding them
//   - a robot that is disabled or removed, and a group that is dissolved
//   - the literal errmsg of three generations, and errcode as a number or a string
//   - injected faults: bad, slow and truncated answers and closed connections, before or after the message is accepted
//
// The memory, the bodies and the waiting of a Server are bounded, see the last fields of Options, so it can be left running.
// It answers under any host name and reveals nothing of its group over HTTP. A handler that shows Messages or Requests to a
// browser must check the Host header.
//
// # Over HTTP
//
// The command robot serves a Server with its page and an API in JSON, for test suites in other languages: messages, requests with
// verdicts, options, faults and the clock. The fields have the names of the types here, as tagged. README lists the addresses.
//
// The facts come from these pages, and from the threads that the comments cite:
//
//   - https://open.dingtalk.com/document/development/custom-robots-send-group-messages
//   - https://open.dingtalk.com/document/development/robot-message-type
//   - https://open.dingtalk.com/document/dingstart/customize-robot-security-settings
//   - https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server
//
// # What it guesses
//
// DingTalk documents none of the following. The code marks each with the word "guess".
//
//   - the order of the checks, except that method and token come first
//   - that the minute is a sliding window, that refused messages do not count, and that messages sent during the lock do
//     not prolong it
//   - that a body of exactly 20000 bytes and a signature of exactly one hour pass
//   - that a keyword is a plain, case-sensitive substring of title or text
//   - that a msgUuid is remembered for 24 hours, whatever the body, and that a repeat does not count toward the rate (the
//     fake remembers the last 10000, or fewer if they are long)
//   - that a text or title of only blanks counts as missing, and so does an empty picURL of a feedCard, which the documents
//     require; a peer's test expects that the real robot takes one (https://github.com/breath57/dingtalk-skills)
//   - that an actionCard mentions by user id only, as documented; users report that mobile numbers work
//     (https://github.com/jenkinsci/dingtalk-plugin/issues/218)
//   - the errcodes of most missing fields of link, actionCard and feedCard, and some errmsgs (see errmsg.go)
//   - that any URL other than http, https, dingtalk and dtmd is unsafe
//   - that a mention requires its @token in a text message, too, and that a letter or digit after the token continues it
//   - that people after the fiftieth are silently not notified
//
// # Where it is stricter than the real robot
//
// It refuses duplicate keys, data after the JSON object, invalid UTF-8 and raw line breaks in strings; the real robot was
// seen to accept the last (https://github.com/zcong1993/actions-ding/issues/5). It requires the title and the buttons of an
// actionCard, as the documentation does. A sender that passes the fake should pass the real robot.
//
// # What it leaves out
//
// The monthly quota (its errcodes are available as injected faults), the content filter (4301xx, except
// for URLs), the throttling of apps and IP addresses (available as an injected fault), and whether a mentioned person is in
// the group, or the group an external one, where a robot can mention nobody, or only by mobile number.
package dingtalktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Server is a fake custom robot with its group. Create it with New. Its methods are safe for concurrent use.
type Server struct {
	mu       sync.Mutex
	opts     Options
	offset   time.Duration // what AdvanceClock has added to the clock
	faults   []QueuedFault
	injected int // the ID of the last fault
	messages history[Message]
	requests history[Request]
	received int // the Seq of the last request
	accepted int // the Seq of the last message
	window   window
	uuids    seenUUIDs
	removed  []Cursor // by RemoveRequest
	removals int      // how often RemoveRequest has removed one
	watchers map[chan struct{}]bool
}

// New returns a Server. A nil o is like the zero Options.
func New(o *Options) *Server {
	s := &Server{watchers: map[chan struct{}]bool{}}
	if o != nil {
		s.opts = o.clone()
	}
	return s
}

// Messages returns what the group sees: the accepted messages, oldest first, as far as Options.MaxHistory and
// MaxHistoryBytes keep them. The caller owns the slice, but must not change what its elements point to.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages.items)
}

// Requests returns all requests, accepted or not, oldest first, as far as Options.MaxHistory and MaxHistoryBytes keep
// them. The caller owns the slice, but must not change what its elements point to.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests.items)
}

// AdvanceClock moves the robot's clock forward: the rate limit recovers, and signatures expire.
func (s *Server) AdvanceClock(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.notify()
}

// ClockOffset returns by how much AdvanceClock has moved the robot's clock.
func (s *Server) ClockOffset() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// Options returns a copy of the current options.
func (s *Server) Options() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opts.clone()
}

// SetOptions changes the options for later requests. It calls change with the Server locked, so change must not call the
// Server.
func (s *Server) SetOptions(change func(*Options)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opts := s.opts.clone()
	change(&opts)
	s.opts = opts.clone()
	s.notify()
}

// Reset forgets the messages, the requests, the msgUuids and the state of the rate limit. It keeps the options, the clock
// and the queued faults: ClearFaults removes those.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.requests, s.received, s.accepted = history[Message]{}, history[Request]{}, 0, 0
	s.window, s.uuids, s.removed = window{}, seenUUIDs{}, nil
	s.notify()
}

// maxRemoved is how many removed requests a Server remembers.
const maxRemoved = 1000

// RemoveRequest forgets one request and its message. The rate limit and its msgUuid stay as they are. It reports false if the
// request is not kept.
func (s *Server) RemoveRequest(c Cursor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := position(s.requests.items, c)
	if !found {
		return false
	}
	if m := s.requests.items[i].Message; m != nil {
		if i := slices.IndexFunc(s.messages.items, func(kept Message) bool { return kept.Seq == m.Seq }); i >= 0 {
			s.messages.remove(i)
		}
	}
	s.requests.remove(i)
	s.removed = append(s.removed, c)
	s.removed = s.removed[max(0, len(s.removed)-maxRemoved):]
	s.removals++
	s.notify()
	return true
}

// RemovedRequests returns which requests RemoveRequest has forgotten since New or Reset, at most the last thousand, and how many
// there were since New.
func (s *Server) RemovedRequests() (removed []Cursor, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.removed), s.removals
}

// Watch returns a channel that receives when Requests, Options, Faults or the clock have changed. Changes that were not received are merged into one, so
// read all new requests after each receive. The channel is never closed. Cancel ends the watch and may be called twice.
func (s *Server) Watch() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[c] = true
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, c)
	}
}

// notify requires that the Server is locked.
func (s *Server) notify() {
	for c := range s.watchers {
		select {
		case c <- struct{}{}:
		default: // a notification is pending
		}
	}
}

// ServeHTTP answers a request on any path. To close the connection without an answer, it panics with http.ErrAbortHandler.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body := readBody(w, req, s.Options().withDefaults())
	fault := s.nextFault(req.Method)
	sleep(req.Context(), fault.Delay)

	opts, now := s.snapshot()
	e := newExchange(req, body, opts, now)
	if fault.reachesRobot() {
		s.handle(e)
	}
	r := fault.response(e)
	s.record(e)
	r.send(w, now, opts.Timeout)
}

// snapshot returns the options and the time that apply to one request.
func (s *Server) snapshot() (Options, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opts := s.opts.withDefaults()
	return opts, opts.Now().Add(s.offset)
}

// handle checks and stores a message.
func (s *Server) handle(e *exchange) {
	no := e.check()
	if no == nil {
		no = s.accept(e)
	}
	if no == nil {
		e.record.Text = "ok"
		return
	}
	e.record.explain("refused: " + no.why)
	e.record.Code, e.record.Text = no.code, no.text(e.opts.Wording)
}

// accept stores a message that passed the checks, unless it is a repeat or exceeds the rate limit. guess: repeats are found
// first, and whatever their body.
func (s *Server) accept(e *exchange) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := e.message
	if s.uuids.contains(m.MsgUUID, e.now) {
		e.record.Duplicate = true
		e.record.explain("msgUuid was accepted before: nothing stored")
		return nil
	}
	position, why := s.window.allow(e.now, e.opts.PerMinute)
	switch {
	case why != "" && e.opts.Wording == Wording2023:
		return &refusal{tooFastNew, why}
	case why != "":
		return &refusal{tooFast, why}
	}
	s.uuids.add(m.MsgUUID, e.now)
	s.accepted++
	m.Seq, m.MinuteIndex = s.accepted, position
	s.messages.add(*m, m.size(), e.opts.MaxHistory, e.opts.MaxHistoryBytes)
	e.record.Message = m
	e.record.explain(e.acceptance())
	return nil
}

// acceptance explains what an accepted message was checked for.
func (e *exchange) acceptance() string {
	text := "accepted: token known"
	if e.message.Signed {
		text += ", signature verified"
	}
	if e.message.Keyword != "" {
		text += fmt.Sprintf(", keyword %q found", e.message.Keyword)
	}
	if e.opts.PerMinute > 0 {
		text += fmt.Sprintf(", message %d of %d in this minute", e.message.MinuteIndex, e.opts.PerMinute)
	}
	return text
}

// record keeps the request and notifies those who watch.
func (s *Server) record(e *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	e.record.Seq = s.received
	s.requests.add(e.record, e.record.size(), e.opts.MaxHistory, e.opts.MaxHistoryBytes)
	s.notify()
}

// envelope returns the JSON of an answer. Marshal escapes < and >, and so does DingTalk
// (https://github.com/feiyu563/PrometheusAlert/issues/63).
func envelope(code int, text string, stringCode bool) []byte {
	var errcode any = code
	if stringCode {
		errcode = strconv.Itoa(code)
	}
	body, _ := json.Marshal(map[string]any{"errcode": errcode, "errmsg": text}) // a number and strings can always be marshaled
	return body
}

// response is an HTTP response.
type response struct {
	status      int
	contentType string
	body        []byte
	cut         int  // see Fault.Cut
	drop        bool // whether the connection is closed instead
}

// send writes the response. Its Date is by the robot's clock, so that a sender can detect that its own clock is wrong.
func (r response) send(w http.ResponseWriter, now time.Time, timeout time.Duration) {
	if r.drop {
		panic(http.ErrAbortHandler)
	}
	length := len(r.body)
	if r.cut > 0 {
		// net/http closes the connection if fewer bytes are written than announced.
		length++
		r.body = r.body[:min(r.cut, len(r.body))]
	}
	h := w.Header()
	h.Set("Content-Type", r.contentType)
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	w.WriteHeader(r.status)
	conn := http.NewResponseController(w) // errors are ignored: a ResponseRecorder supports no deadlines
	_ = conn.SetWriteDeadline(deadline(timeout))
	_, _ = w.Write(r.body) // fails if the client has disconnected
	if conn.Flush() == nil {
		_ = conn.SetWriteDeadline(time.Time{}) // the next request on this connection may be for another handler
	}
}
