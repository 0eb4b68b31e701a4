package dingtalk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSendAgainstModel compares random calls of one robot under two names, with
// all kinds of faults, with a DingTalk that drops repeated msgUuids and limits the
// rate, and with a model of what the robot must remember. Each subtest is a seed:
//
//	go test ./plugin/internal/dingtalk -run 'TestSendAgainstModel/seed=17$' -v
func TestSendAgainstModel(t *testing.T) {
	seeds := 2000
	if testing.Short() {
		seeds = 200
	}
	for seed := range seeds {
		t.Run("seed="+strconv.Itoa(seed), func(t *testing.T) { newSimulation(t, uint64(seed)).run() })
	}
}

// A simulation is one robot, its host and its DingTalk.
type simulation struct {
	*rand.Rand
	t     *testing.T
	names [2]*Robot // share a State
	robot *Robot    // of the call

	real       int64   // time, in milliseconds, of DingTalk
	offset     int64   // by which the host's clock is wrong
	shown      int64   // what the host's clock showed last
	passed     int64   // by the host's clock, without its steps back
	unset      bool    // the host's clock is
	steps      []int64 // by which it is set now and then
	setForward []int64 // when it was, in the last minute

	faults      int               // chance of one, in percent
	keys        int               // that callers use
	group       map[string]bool   // the msgUuid of each part that is in it, or its name
	uuids       map[string]string // of each part that was posted, by its name, and the reverse
	accepted    []int64           // when, in the last minute
	counted     []int64           // when a request arrived that DingTalk may have counted, in the last minute
	lockedUntil int64

	log     []*expected     // what the robot must remember
	evicted map[string]bool // ids of what it once had to
	offered call            // the latest that was told a key
	call    call
}

// expected is how far a message got.
type expected struct {
	id        string // the key, or a number of the call that had none
	message   int
	delivered int
	state     sendState
	until     int64 // an equal call without a key is its repeat, as time passed
}

// A call is the call under way.
type call struct {
	key     string
	id      string
	message int
	repeat  bool        // it has no key, and is a repeat all the same
	record  *expected   // nil before the first POST
	posts   map[int]int // of each part
	fresh   bool        // no earlier request for this part had an unknown outcome
}

// messages are what is sent, in so many parts. They consist of paragraphs, which
// makes splitting fast.
var messages = []struct {
	text  string
	parts int
}{
	{paragraphs(0, 1), 1}, {paragraphs(1, 2), 1}, {paragraphs(2, 3), 1}, {paragraphs(3, 4), 1},
	{paragraphs(4, 250), 2}, {paragraphs(5, 500), 3},
}

func paragraphs(message, n int) string {
	return strings.Repeat("m"+strconv.Itoa(message)+" "+strings.Repeat("x", 100)+"\n\n", n)
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{
		Rand: rand.New(rand.NewPCG(seed, 0)), t: t, real: MinValidTime + 1, robot: newRobot(),
		group: map[string]bool{}, uuids: map[string]string{}, evicted: map[string]bool{},
	}
	s.robot.MaxRetries = s.IntN(6)
	s.robot.MessagesPerMinute = []int{0, 3, 7, 20, 20}[s.IntN(5)]
	other := *s.robot
	s.names = [2]*Robot{s.robot, &other}
	switch forward, back := []int64{1, 1000, 30000, 3600000}, []int64{-1, -1000, -30000, -3600000}; s.IntN(4) {
	case 0:
		s.unset, s.offset = true, 1640995200000-s.real // 2022-01-01
	case 1:
		s.steps = back
	case 2:
		s.steps = append(forward, back...)
	}
	s.faults = []int{0, 10, 40}[s.IntN(3)]
	s.keys = []int{4, 30, 150}[s.IntN(3)]
	return s
}

func (s *simulation) run() {
	calls := 60
	if s.keys > logSize {
		calls = 250 // so that records are evicted
	}
	for range calls {
		s.pause()
		s.stepClock()
		key, message := s.choose()
		e := s.send(key, message)
		if s.refusedForSpeed(e) && s.IntN(2) == 0 {
			repeat := s.call.repeat // which it may be no longer after the wait, and then it has more parts to send
			s.real += int64(e.RetryAfter) * 1000
			if e := s.send(key, message); s.refusedForSpeed(e) && s.call.repeat == repeat {
				s.fail("refused after the wait that was asked for: %s", e.Message)
			}
		}
		if s.t.Failed() {
			return
		}
	}
}

func (s *simulation) fail(format string, a ...any) {
	s.t.Helper()
	s.t.Errorf("call %+v: "+format, append([]any{s.call}, a...)...)
}

func (s *simulation) pause() {
	switch s.IntN(20) {
	case 0:
		s.real += 9*minute + s.Int64N(2*minute)
	case 1, 2:
		s.real += minute
	case 3, 4, 5, 6, 7:
		s.real += s.Int64N(5000)
	}
}

func (s *simulation) stepClock() {
	if s.steps == nil || s.IntN(8) > 0 {
		return
	}
	offset := s.offset + s.steps[s.IntN(len(s.steps))]
	offset = max(offset, MinValidTime-s.real) // with an earlier time it would count as unset
	if offset > s.offset || s.real+offset == MinValidTime {
		s.setForward = append(s.setForward, s.real)
	}
	s.offset = offset
}

// choose picks a key and a message: mostly the one that belongs to the key, now
// and then the latest message without a key or with the one that was offered.
func (s *simulation) choose() (key string, message int) {
	switch s.IntN(8) {
	case 0:
		return "", s.call.message
	case 1:
		return s.offered.key, s.offered.message
	}
	n := s.IntN(s.keys)
	message = n % len(messages)
	if message > 3 && s.IntN(3) > 0 {
		message -= 4 // long ones take their time
	}
	switch s.IntN(10) {
	case 0, 1:
		return "", message
	case 2:
		message = s.IntN(4)
	}
	return "key " + strconv.Itoa(n), message
}

// send makes one call and compares it with the model.
func (s *simulation) send(key string, message int) (e *Error) {
	s.robot = s.names[s.IntN(len(s.names))]
	s.identify(key, message)
	var known expected
	if found := s.find(s.call.id); found != nil {
		known = *found
	}
	records, counted := slices.Clone(s.robot.log.records), len(s.robot.window.sent)
	var receipt Receipt
	trapped := traps(func() {
		receipt, e = s.robot.Send(s.env(), Message{Type: Text, Text: messages[message].text}, key)
	})
	if len(s.call.posts) == 0 && (!slices.Equal(records, s.robot.log.records) || counted < len(s.robot.window.sent)) {
		s.fail("a call that posted nothing is recorded or counts")
	}
	if e != nil && s.call.record != nil {
		s.call.record.until = s.passed + 10*minute + int64(e.RetryAfter)*1000
	}
	s.checkLog()
	if !trapped {
		s.checkResult(known, &receipt, e)
	}
	return e
}

// traps reports whether the host trapped do.
func traps(do func()) (trapped bool) {
	defer func() {
		if cause := recover(); cause != nil && cause != "trap" {
			panic(cause)
		}
	}()
	trapped = true
	do()
	return false
}

// checkResult compares what the caller is told with what is true.
func (s *simulation) checkResult(known expected, receipt *Receipt, e *Error) {
	s.t.Helper()
	switch posted := len(s.call.posts) > 0; {
	case known.id != "" && known.message != s.call.message:
		if e == nil || e.Reason != ReasonArguments || posted {
			s.fail("another message under a remembered key: %+v", e)
		}
		return
	case known.state == allDelivered:
		if e != nil || !receipt.AlreadySent || posted {
			s.fail("a repeat of what arrived: %+v, %+v", receipt, e)
		}
	case receipt.AlreadySent:
		s.fail("already sent, but never was: %+v", receipt)
	case receipt.Repeat != s.call.repeat && receipt.Total > 0:
		s.fail("repeat: %t", receipt.Repeat)
	}
	for part := range receipt.Delivered {
		if !s.inGroup(part) {
			s.fail("part %d of %d is not in the group", part+1, receipt.Delivered)
		}
	}
	switch {
	case e == nil:
		if receipt.Delivered != receipt.Total {
			s.fail("success with %+v", receipt)
		}
	case !s.evicted[s.call.id] && !receipt.MayBeDelivered && s.inGroup(receipt.Delivered):
		s.fail("reported as not in the group, but is: %+v, %s", receipt, e.Message)
	case e.Unknown() && !receipt.MayBeDelivered:
		s.fail("unknown and not: %+v", receipt)
	}
	longest := 60
	if s.lockedUntil > 0 {
		longest = lockSeconds
	}
	if s.refusedForSpeed(e) && (e.RetryAfter < 1 || e.RetryAfter > longest || s.unset) {
		s.fail("must wait %d seconds", e.RetryAfter)
	}
	s.checkKey(receipt, e)
}

// safe reports whether a part may be posted twice.
func (s *simulation) safe() bool { return s.call.key != "" || !s.unset }

// checkKey checks that a key is offered if and only if a repeat under it is safe,
// and that all retries were made.
func (s *simulation) checkKey(receipt *Receipt, e *Error) {
	s.t.Helper()
	if (receipt.IdempotencyKey != "") != s.safe() && receipt.Total > 0 {
		s.fail("key %q", receipt.IdempotencyKey)
	}
	if e == nil {
		return
	}
	if e.Unknown() && !s.safe() && e.Retryable {
		s.fail("a repeat that may arrive twice is recommended")
	}
	if receipt.IdempotencyKey != "" {
		s.offered = call{key: receipt.IdempotencyKey, id: s.call.id, message: s.call.message}
	}
	if n := s.call.posts[receipt.Delivered]; e.Unknown() && s.safe() && e.RetryAfter == 0 && n != 1+s.robot.MaxRetries {
		s.fail("part %d was posted only %d times", receipt.Delivered, n)
	}
}

// refusedForSpeed reports a refusal by the plugin itself.
func (s *simulation) refusedForSpeed(e *Error) bool {
	return e != nil && e.Reason == ReasonRate && !e.HasErrcode && len(s.call.posts) == 0
}

func (s *simulation) inGroup(part int) bool {
	name := s.partName(part)
	return s.group[name] || s.group[s.uuids[name]]
}

func (s *simulation) partName(part int) string {
	return fmt.Sprint(s.call.id, " message ", s.call.message, " part ", part)
}

// identify begins a call. One without a key is a repeat of the latest call with the
// same message that is unfinished, or new.
func (s *simulation) identify(key string, message int) {
	s.call = call{key: key, id: key, message: message, posts: map[int]int{}}
	switch key {
	case "":
		s.call.id = fmt.Sprint("call ", s.Uint64())
		s.now()
		for _, r := range s.log {
			if !s.unset && r.message == message && r.state != allDelivered && s.passed <= r.until {
				s.call.id, s.call.repeat = r.id, true
			}
		}
	case s.offered.key:
		s.call.id = s.offered.id
	}
}

// find returns what the robot must remember of a message, or nil.
func (s *simulation) find(id string) *expected {
	if i := slices.IndexFunc(s.log, func(r *expected) bool { return r.id == id }); i >= 0 {
		return s.log[i]
	}
	return nil
}

func (s *simulation) forget(r *expected) {
	s.log = slices.DeleteFunc(s.log, func(other *expected) bool { return other == r })
}

// begin records that a part is posted.
func (s *simulation) begin() {
	if s.call.record == nil {
		s.call.record = s.latest()
	}
	if s.call.record.state == notDelivered {
		s.call.record.state = mayBeDelivered
		s.call.fresh = true
	}
	s.call.record.until = s.passed + 10*minute
}

// latest returns the record of the message that is posted, as the latest.
func (s *simulation) latest() *expected {
	r := s.find(s.call.id)
	if r != nil {
		s.forget(r)
	} else {
		r = &expected{id: s.call.id, message: s.call.message}
		if !s.safe() {
			return r
		}
		if len(s.log) > logSize {
			s.evict()
		}
	}
	s.log = append(s.log, r)
	return r
}

// evict forgets the oldest message that arrived, else the oldest.
func (s *simulation) evict() {
	i := max(0, slices.IndexFunc(s.log, func(r *expected) bool { return r.state == allDelivered }))
	s.evicted[s.log[i].id] = true
	s.log = slices.Delete(s.log, i, i+1)
}

// end updates the record by a response.
func (s *simulation) end(o *outcome) {
	r, fresh := s.call.record, s.call.fresh
	s.call.fresh = false
	switch {
	case o.unknown:
	case !o.refused:
		r.delivered++
		r.state = notDelivered
		if r.delivered == messages[r.message].parts {
			r.state = allDelivered
		}
	case fresh && r.delivered > 0:
		r.state = notDelivered
	case fresh:
		s.forget(r)
	}
}

// checkLog compares the robot's records with the model.
func (s *simulation) checkLog() {
	s.t.Helper()
	same := slices.EqualFunc(s.robot.log.records, s.log, func(r sendRecord, want *expected) bool {
		return r.delivered == want.delivered && r.state == want.state
	})
	if !same {
		s.fail("the robot's records are %+v, want %+v", s.robot.log.records, s.log)
	}
}
