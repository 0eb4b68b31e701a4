package dingtalktest

import (
	"slices"
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
