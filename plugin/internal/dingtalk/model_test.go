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

	real       int64 // time, in milliseconds, of DingTalk
	offset     int64 // by which the host's clock is wrong
	shown      int64 // what the host's clock showed last
	passed     int64 // by the host's clock, without its steps back
	clock      clockKind
	setForward []int64 // when the clock was

	faults      int               // chance of one, in percent
	keys        int               // that callers use
	stored      map[string]string // bodies that are in the group, by msgUuid; "" is not a key
	anonymous   map[string]int    // how often a body without msgUuid is in the group
	owners      map[string]string // which part of a message was posted under a msgUuid
	uuids       map[string]string // what a part of a message was posted under
	accepted    []int64           // when
	lockedUntil int64
	counted     []int64 // when a request arrived that DingTalk may have counted

	log     []*expected     // what the robot must remember
	evicted map[string]bool // ids of what it once had to
	offered call            // the latest that was told a key
	call    call
}

// A clockKind is how the host's clock behaves.
type clockKind int

const (
	rightClock clockKind = iota
	setBack              // now and then
	setBoth
	unsetClock
	clockKinds
)

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
	repeat  bool      // it has no key, and is a repeat all the same
	record  *expected // nil before the first POST
	posts   []post
	fresh   bool // no earlier request for this part had an unknown outcome
}

type post struct {
	part int
	uuid string
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
		Rand: rand.New(rand.NewPCG(seed, 0)), t: t, real: MinValidTime + 1,
		stored: map[string]string{}, anonymous: map[string]int{}, owners: map[string]string{}, uuids: map[string]string{},
		evicted: map[string]bool{},
	}
	s.robot = newRobot()
	s.robot.MaxRetries = s.IntN(6)
	s.robot.MessagesPerMinute = []int{0, 3, 7, 20, 20}[s.IntN(5)]
	other := *s.robot
	s.names = [2]*Robot{s.robot, &other}
	s.clock = clockKind(s.IntN(int(clockKinds)))
	if s.clock == unsetClock {
		s.offset = 1640995200000 - s.real // 2022-01-01
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
			s.real += int64(e.RetryAfter) * 1000
			if e := s.send(key, message); s.refusedForSpeed(e) {
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
	if s.IntN(8) > 0 {
		return
	}
	step := []int64{1, 1000, 30000, 3600000}[s.IntN(4)]
	switch {
	case s.clock == setBack, s.clock == setBoth && s.IntN(2) == 0:
		s.offset -= step
		if s.real+s.offset < MinValidTime { // so far back that it would count as stopped
			s.offset = MinValidTime - s.real
			s.setForward = append(s.setForward, s.real)
		}
	case s.clock == setBoth:
		s.offset += step
		s.setForward = append(s.setForward, s.real)
	}
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
	var receipt Receipt
	s.robot = s.names[s.IntN(len(s.names))]
	s.call = call{key: key, id: key, message: message}
	switch key {
	case "":
		s.identify()
	case s.offered.key:
		s.call.id = s.offered.id
	}
	var known expected
	if found := s.find(s.call.id); found != nil {
		known = *found
	}
	before := *s.robot.State
	before.log.records = slices.Clone(before.log.records)
	trapped := true
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != "trap" {
				panic(cause)
			}
		}()
		receipt, e = s.robot.Send(s.env(), Message{Type: Text, Text: messages[message].text}, key)
		trapped = false
	}()
	if len(s.call.posts) == 0 && !slices.Equal(before.log.records, s.robot.log.records) {
		s.fail("a call that posted nothing changed the record")
	}
	if len(s.call.posts) == 0 && len(before.window.sent) < len(s.robot.window.sent) {
		s.fail("a call that posted nothing counts")
	}
	if !trapped && e != nil && s.call.record != nil {
		s.call.record.until = s.passed + 10*minute + int64(e.RetryAfter)*1000
	}
	s.checkLog()
	if !trapped {
		s.checkResult(known, &receipt, e)
	}
	return e
}

// checkResult compares what the caller is told with what is true.
func (s *simulation) checkResult(known expected, receipt *Receipt, e *Error) {
	s.t.Helper()
	posts := len(s.call.posts)
	switch {
	case known.id != "" && known.message != s.call.message:
		if e == nil || e.Reason != ReasonArguments || posts > 0 {
			s.fail("another message under a remembered key: %+v", e)
		}
		return
	case known.state == allDelivered:
		if e != nil || !receipt.AlreadySent || posts > 0 {
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
	s.checkKey(receipt, e)
	s.checkRate(e)
}

// checkKey checks that a key is offered if and only if a repeat under it is safe.
func (s *simulation) checkKey(receipt *Receipt, e *Error) {
	s.t.Helper()
	safe := s.call.key != "" || s.clock != unsetClock
	if (receipt.IdempotencyKey != "") != safe && receipt.Total > 0 {
		s.fail("key %q", receipt.IdempotencyKey)
	}
	if e != nil && e.Unknown() && !safe && e.Retryable {
		s.fail("a repeat that may arrive twice is recommended")
	}
	if e != nil && receipt.IdempotencyKey != "" {
		s.offered = call{key: receipt.IdempotencyKey, id: s.call.id, message: s.call.message}
	}
	attempts := map[int]int{}
	for _, p := range s.call.posts {
		attempts[p.part]++
		if (p.uuid != "") != safe {
			s.fail("posted with uuid %q", p.uuid)
		}
		if attempts[p.part] > 1+s.robot.MaxRetries || !safe && attempts[p.part] > 1 {
			s.fail("part %d was posted %d times", p.part, attempts[p.part])
		}
	}
	if e != nil && e.Unknown() && safe && e.RetryAfter == 0 && attempts[receipt.Delivered] != 1+s.robot.MaxRetries {
		s.fail("part %d was posted only %d times", receipt.Delivered, attempts[receipt.Delivered])
	}
}

// refusedForSpeed reports a refusal by the plugin itself.
func (s *simulation) refusedForSpeed(e *Error) bool {
	return e != nil && e.Reason == ReasonRate && !e.HasErrcode && len(s.call.posts) == 0
}

func (s *simulation) checkRate(e *Error) {
	s.t.Helper()
	if !s.refusedForSpeed(e) {
		return
	}
	longest := 60
	if s.lockedUntil > 0 {
		longest = lockSeconds
	}
	if e.RetryAfter < 1 || e.RetryAfter > longest || s.clock == unsetClock {
		s.fail("must wait %d seconds", e.RetryAfter)
	}
}

func (s *simulation) inGroup(part int) bool {
	name := s.partName(part)
	return s.stored[s.uuids[name]] != "" || s.anonymous[name] > 0
}

// identify finds what a call without a key is: a repeat of the latest call with the
// same message that is unfinished, or new.
func (s *simulation) identify() {
	s.call.id = fmt.Sprint("call at ", s.real, len(s.counted), s.Uint64())
	s.now()
	for _, r := range s.log {
		if s.clock != unsetClock && r.message == s.call.message && r.state != allDelivered && s.passed <= r.until {
			s.call.id, s.call.repeat = r.id, true
		}
	}
}

// now is the host's clock.
func (s *simulation) now() int64 {
	now := s.real + s.offset
	s.passed += max(0, now-s.shown)
	s.shown = now
	return now
}

func (s *simulation) partName(part int) string {
	return fmt.Sprint(s.call.id, " message ", s.call.message, " part ", part)
}

// env is the host.
func (s *simulation) env() Env {
	return Env{
		Now:    s.now,
		Random: func() uint64 { return 7 },
		Send: func(method, url string, body []byte) (int, []byte) {
			s.real += s.Int64N(200)
			if method == "GET" {
				return s.probe()
			}
			return s.post(string(body))
		},
	}
}

func (s *simulation) probe() (int, []byte) {
	if s.IntN(100) < s.faults/4 {
		panic("trap")
	}
	return 200, []byte(`{"errcode":43002}`)
}

// An outcome is what becomes of a request, and what the robot gets for it.
type outcome struct {
	arrives, lock, trap, unknown, refused bool
	status                                int
	reply                                 string // "" is DingTalk's
}

var faults = []outcome{
	{arrives: true, lock: true}, // others have posted, too
	{refused: true, status: 200, reply: `{"errcode":310000,"errmsg":"keywords not in content"}`},
	{unknown: true, status: 502, reply: "<html>"},
	{unknown: true, status: 502, reply: "<html>", arrives: true},
	{unknown: true, status: 200, reply: busy},
	{unknown: true, status: 200, reply: busy, arrives: true},
	{trap: true},
	{trap: true, arrives: true},
}

// post is one request. It checks what was posted and updates the model.
func (s *simulation) post(body string) (status int, reply []byte) {
	p := s.read(&body)
	s.begin()
	s.checkPost(&p)
	s.delay(40000)
	o := outcome{arrives: true, status: 200}
	if s.IntN(100) < s.faults {
		o = faults[s.IntN(len(faults))]
	}
	if o.lock {
		s.lockedUntil = s.real + 10*minute
	}
	code := 0
	if o.arrives {
		code = s.receive(&p, body)
	}
	if o.arrives && code == 0 || o.trap || o.unknown {
		s.count()
	}
	s.real += s.Int64N(200)
	s.delay(15000)
	s.call.posts = append(s.call.posts, p)
	switch {
	case o.trap:
		panic("trap")
	case o.reply == "":
		o = outcome{refused: code != 0, status: 200, reply: fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code)}
	}
	s.end(&o)
	return o.status, []byte(o.reply)
}

// delay lets time pass, now and then.
func (s *simulation) delay(longest int64) {
	if s.IntN(30) == 0 {
		s.real += s.Int64N(longest)
	}
}

// receive is DingTalk's robot. It returns an errcode.
func (s *simulation) receive(p *post, body string) int {
	name := s.partName(p.part)
	s.accepted = slices.DeleteFunc(s.accepted, func(at int64) bool { return at <= s.real-minute })
	switch {
	case s.real < s.lockedUntil:
		return errcodeRateLimited
	case p.uuid != "" && s.stored[p.uuid] != "":
		return 0
	case len(s.accepted) >= 20 && s.robot.MessagesPerMinute == 20:
		s.lockedUntil = s.real + 10*minute
		return errcodeRateLimitedV2
	}
	s.accepted = append(s.accepted, s.real)
	if p.uuid == "" {
		s.anonymous[name]++
	} else {
		s.stored[p.uuid] = body
	}
	return 0
}

// read removes the msgUuid from a body, and finds which part it is.
func (s *simulation) read(body *string) (p post) {
	if before, after, found := strings.Cut(*body, `,"msgUuid":"`); found {
		p.uuid, *body = strings.TrimSuffix(after, `"}`), before
	}
	if _, number, found := strings.Cut(*body, `"content":"(`); found {
		number, _, _ = strings.Cut(number, "/")
		n, _ := strconv.Atoi(number)
		p.part = n - 1
	}
	if !strings.Contains(*body, "m"+strconv.Itoa(s.call.message)+" ") {
		s.fail("posted %.100s", *body)
	}
	return p
}

// checkPost checks that no part has two uuids, and no uuid two parts.
func (s *simulation) checkPost(p *post) {
	s.t.Helper()
	if p.part != s.call.record.delivered {
		s.fail("part %d was posted, and %d are delivered", p.part, s.call.record.delivered)
	}
	if p.uuid == "" {
		return
	}
	name := s.partName(p.part)
	if uuid := s.uuids[name]; uuid != "" && uuid != p.uuid {
		s.fail("%s has uuids %s and %s", name, uuid, p.uuid)
	}
	s.uuids[name] = p.uuid
	if other, ok := s.owners[p.uuid]; ok && other != name {
		s.fail("uuid %s of %s is that of %s, so DingTalk would drop it", p.uuid, name, other)
	}
	s.owners[p.uuid] = name
}

// count checks that a minute never holds more requests than the robot may make.
func (s *simulation) count() {
	s.counted = append(s.counted, s.real)
	if s.robot.MessagesPerMinute == 0 || s.clock == unsetClock {
		return
	}
	count := func(times []int64) (n int) {
		for _, at := range times {
			if at > s.real-minute {
				n++
			}
		}
		return n
	}
	n, steps := count(s.counted), count(s.setForward)
	if n > s.robot.MessagesPerMinute*(1+steps) {
		s.fail("%d requests in a minute, %d are allowed", n, s.robot.MessagesPerMinute)
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
	created := &expected{id: s.call.id, message: s.call.message}
	switch {
	case s.call.key == "" && s.clock == unsetClock:
		return created
	case r != nil:
		s.forget(r)
	default:
		r = created
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
	records := s.robot.log.records
	if len(records) != len(s.log) {
		s.fail("%d records, want %d", len(records), len(s.log))
		return
	}
	for i, r := range records {
		if want := s.log[i]; r.delivered != want.delivered || r.state != want.state {
			s.fail("record %d: %d parts, state %d; want %+v", i, r.delivered, r.state, want)
		}
	}
}
