package dingtalk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSendAgainstModel makes random calls at one robot, with everything that can
// go wrong, against a DingTalk that drops repeated msgUuids and keeps the rate,
// and against a model of what the robot must remember. Each subtest is a seed:
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
	robot *Robot

	real       int64 // time, in milliseconds, as DingTalk sees it
	offset     int64 // by which the host's clock is wrong
	clock      clockKind
	setForward []int64 // when the clock was

	faults      int               // chance of one, in percent
	keys        int               // that callers use
	stored      map[string]string // bodies that are in the group, by msgUuid; "" is not a key
	anonymous   map[string]int    // how often a body without msgUuid is in the group
	bodies      map[string]string // what was posted under a msgUuid
	uuids       map[string]string // what a part of a message was posted under
	accepted    []int64           // when
	lockedUntil int64
	counted     []int64 // when a request arrived that DingTalk may have counted

	log     []*expected     // what the robot must remember
	evicted map[string]bool // ids of what it once had to
	call    call
}

// A clockKind is how a host's clock behaves.
type clockKind int

const (
	rightClock clockKind = iota
	setBack              // now and then
	setBoth
	stoppedClock
	clockKinds
)

// expected is how far a message got.
type expected struct {
	id        string // the key, or a number of the call that had none
	message   int
	delivered int
	state     sendState
}

// A call is the one under way.
type call struct {
	key     string
	id      string
	message int
	record  *expected // nil before the first POST
	posts   []post
	fresh   bool // nothing was unknown before the request under way
}

type post struct {
	part    int
	uuid    string
	unknown bool
	refused bool
}

// messages are what is said, of as many parts each. They consist of paragraphs,
// at which splitting is quick.
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
		stored: map[string]string{}, anonymous: map[string]int{}, bodies: map[string]string{}, uuids: map[string]string{},
		evicted: map[string]bool{},
	}
	s.robot = newRobot()
	s.robot.MaxRetries = s.IntN(6)
	s.robot.MessagesPerMinute = []int{0, 3, 7, 20, 20}[s.IntN(5)]
	s.clock = clockKind(s.IntN(int(clockKinds)))
	if s.clock == stoppedClock {
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
		s.real += 11 * minute
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

// choose picks a key and a message: mostly the one that belongs to the key.
func (s *simulation) choose() (key string, message int) {
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

// send makes one call and holds it against the model.
func (s *simulation) send(key string, message int) (e *Error) {
	var receipt Receipt
	s.call = call{key: key, id: key, message: message}
	if key == "" {
		s.call.id = fmt.Sprint("call at ", s.real, len(s.counted), s.Uint64())
	}
	known := s.known(s.call.id)
	before := *s.robot
	before.log.records = slices.Clone(before.log.records)
	trapped := true
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != "trap" {
				panic(cause)
			}
		}()
		receipt, e = s.robot.Send(s.web(), Message{Kind: Text, Text: messages[message].text}, key)
		trapped = false
	}()
	if len(s.call.posts) == 0 && !slices.Equal(before.log.records, s.robot.log.records) {
		s.fail("a call that posted nothing changed the record")
	}
	if len(s.call.posts) == 0 && len(before.window.sent) < len(s.robot.window.sent) {
		s.fail("a call that posted nothing counts")
	}
	s.checkLog()
	if !trapped {
		s.checkAnswer(known, &receipt, e)
	}
	return e
}

// checkAnswer holds what the caller is told against what is true.
func (s *simulation) checkAnswer(known expected, receipt *Receipt, e *Error) {
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
		s.fail("never sent, and yet: %+v", receipt)
	}
	for part := range receipt.Sent {
		if !s.inGroup(part) {
			s.fail("part %d of %d is not in the group", part+1, receipt.Sent)
		}
	}
	switch {
	case e == nil:
		if receipt.Sent != receipt.Total {
			s.fail("success with %+v", receipt)
		}
	case !s.evicted[s.call.id] && !receipt.MayBeDelivered && s.inGroup(receipt.Sent):
		s.fail("said not to be in the group, and is: %+v, %s", receipt, e.Message)
	case e.Unknown() && !receipt.MayBeDelivered:
		s.fail("unknown and not: %+v", receipt)
	}
	s.checkKey(receipt, e)
	s.checkRate(e)
}

// checkKey: a key is offered exactly when a repeat under it is safe.
func (s *simulation) checkKey(receipt *Receipt, e *Error) {
	s.t.Helper()
	safe := s.call.key != "" || s.clock != stoppedClock
	if (receipt.Key != "") != safe && receipt.Total > 0 || (receipt.UUID != "") != safe && receipt.Total > 0 {
		s.fail("key %q, uuid %q", receipt.Key, receipt.UUID)
	}
	if e != nil && e.Unknown() && !safe && e.Retryable {
		s.fail("a repeat that may arrive twice is recommended")
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
	if e != nil && e.Unknown() && safe && e.RetryAfter == 0 && attempts[receipt.Sent] != 1+s.robot.MaxRetries {
		s.fail("part %d was posted only %d times", receipt.Sent, attempts[receipt.Sent])
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
	if e.RetryAfter < 1 || e.RetryAfter > longest || s.clock == stoppedClock {
		s.fail("must wait %d seconds", e.RetryAfter)
	}
}

func (s *simulation) inGroup(part int) bool {
	name := s.partName(part)
	return s.stored[s.uuids[name]] != "" || s.anonymous[name] > 0
}

func (s *simulation) partName(part int) string {
	return fmt.Sprint(s.call.id, " message ", s.call.message, " part ", part)
}

// web is the host.
func (s *simulation) web() Env {
	return Env{
		Now:    func() int64 { return s.real + s.offset },
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

// post is one request: what becomes of it, what is answered, and what the
// robot must make of that.
func (s *simulation) post(body string) (status int, reply []byte) {
	p := s.read(&body)
	s.begin()
	s.checkPost(&p, body)
	if s.IntN(30) == 0 {
		s.real += s.Int64N(40000)
	}
	arrives, answer := s.fate()
	code := 0
	if arrives {
		code = s.receive(&p, body)
	}
	if arrives && code == 0 || answer == "trap" || answer == "gateway" || answer == "busy" {
		s.count()
	}
	s.real += s.Int64N(200)
	if s.IntN(30) == 0 {
		s.real += s.Int64N(15000)
	}
	switch answer {
	case "trap":
		s.call.posts = append(s.call.posts, p)
		panic("trap")
	case "gateway":
		status, reply = 502, []byte("<html>")
		p.unknown = true
	case "busy":
		status, reply = 200, []byte(busy)
		p.unknown = true
	case "keyword":
		status, reply = 200, []byte(`{"errcode":310000,"errmsg":"keywords not in content"}`)
		p.refused = true
	default:
		status, reply = 200, fmt.Appendf(nil, `{"errcode":%d,"errmsg":"x"}`, code)
		p.refused = code != 0
	}
	s.call.posts = append(s.call.posts, p)
	s.end(&p)
	return status, reply
}

// fate decides over one request: whether it reaches the robot, and what is
// answered; "" is the robot's own answer.
func (s *simulation) fate() (arrives bool, answer string) {
	if s.IntN(100) >= s.faults {
		return true, ""
	}
	switch s.IntN(9) {
	case 0:
		s.lockedUntil = s.real + 10*minute // others have posted, too
		return true, ""
	case 1, 2:
		return false, "keyword"
	case 3:
		return false, "gateway"
	case 4:
		return true, "gateway"
	case 5:
		return false, "busy"
	case 6:
		return true, "busy"
	case 7:
		return false, "trap"
	}
	return true, "trap"
}

// receive is DingTalk's robot: it returns an errcode.
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

// read takes the msgUuid out of a body, and finds which part it is.
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

// checkPost: nothing goes out twice under two uuids, nor two things under one.
func (s *simulation) checkPost(p *post, body string) {
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
	if other, ok := s.bodies[p.uuid]; ok && other != body {
		s.fail("uuid %s is that of another message, which DingTalk would drop: %.60s and %.60s", p.uuid, other, body)
	}
	s.bodies[p.uuid] = body
}

// count checks that a minute never holds more requests than the robot may make.
func (s *simulation) count() {
	s.counted = append(s.counted, s.real)
	if s.robot.MessagesPerMinute == 0 || s.clock == stoppedClock {
		return
	}
	recent := func(at int64) bool { return at > s.real-minute }
	n, steps := 0, 0
	for _, at := range s.counted {
		if recent(at) {
			n++
		}
	}
	for _, at := range s.setForward {
		if recent(at) {
			steps++
		}
	}
	if n > s.robot.MessagesPerMinute*(1+steps) {
		s.fail("%d requests in a minute, %d are allowed", n, s.robot.MessagesPerMinute)
	}
}

// The model of what the robot must remember.

func (s *simulation) find(id string) *expected {
	for _, r := range s.log {
		if r.id == id {
			return r
		}
	}
	return nil
}

// known returns a copy of what find finds, or a zero record.
func (s *simulation) known(id string) (r expected) {
	if found := s.find(id); found != nil {
		r = *found
	}
	return r
}

// begin notes that a part goes out.
func (s *simulation) begin() {
	if s.call.record == nil {
		s.call.record = s.latest()
	}
	if s.call.record.state == notDelivered {
		s.call.record.state = mayBeDelivered
		s.call.fresh = true
	}
}

// latest is the record of the message that goes out, which becomes the latest.
func (s *simulation) latest() *expected {
	r := s.find(s.call.id)
	switch {
	case s.call.key == "" && s.clock == stoppedClock:
		return &expected{id: s.call.id, message: s.call.message}
	case r != nil:
		s.log = slices.DeleteFunc(s.log, func(other *expected) bool { return other == r })
	default:
		r = &expected{id: s.call.id, message: s.call.message}
		if len(s.log) > logSize {
			i := s.oldest()
			s.evicted[s.log[i].id] = true
			s.log = slices.Delete(s.log, i, i+1)
		}
	}
	s.log = append(s.log, r)
	return r
}

// oldest is the record to forget: one of a message that arrived, if any.
func (s *simulation) oldest() int {
	for i, r := range s.log {
		if r.state == allDelivered {
			return i
		}
	}
	return 0
}

// end takes an answer in.
func (s *simulation) end(p *post) {
	r := s.call.record
	fresh := s.call.fresh
	s.call.fresh = false
	switch {
	case p.unknown:
	case !p.refused:
		r.delivered++
		r.state = notDelivered
		if r.delivered == messages[r.message].parts {
			r.state = allDelivered
		}
	case fresh && r.delivered > 0:
		r.state = notDelivered
	case fresh:
		s.log = slices.DeleteFunc(s.log, func(other *expected) bool { return other == r })
	}
}

// checkLog holds the robot's records against the model.
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
