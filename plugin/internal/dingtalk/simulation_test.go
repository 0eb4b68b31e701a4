package dingtalk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// now is the host's clock.
func (s *simulation) now() int64 {
	now := s.real + s.offset
	s.passed += max(0, now-s.shown)
	s.shown = now
	return now
}

// env is the host.
func (s *simulation) env() Env {
	return Env{
		Now:    s.now,
		Random: func() uint64 { return 7 },
		Send: func(method, url string, body []byte) (int, []byte) {
			s.real += s.Int64N(200)
			if method != "GET" {
				return s.post(body)
			}
			if s.IntN(100) < s.faults/4 {
				panic("trap")
			}
			return 200, []byte(`{"errcode":43002}`)
		},
	}
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
func (s *simulation) post(body []byte) (status int, reply []byte) {
	part, uuid := s.read(body)
	s.begin()
	s.checkPost(part, uuid)
	s.delay(40000)
	o, code := outcome{arrives: true}, 0
	if s.IntN(100) < s.faults {
		o = faults[s.IntN(len(faults))]
	}
	if o.lock {
		s.lockedUntil = s.real + 10*minute
	}
	if o.arrives {
		code = s.receive(part, uuid)
	}
	if o.arrives && code == 0 || o.trap || o.unknown {
		s.count()
	}
	s.real += s.Int64N(200)
	s.delay(15000)
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
func (s *simulation) receive(part int, uuid string) int {
	s.accepted = s.lastMinute(s.accepted)
	switch {
	case s.real < s.lockedUntil:
		return errcodeRateLimited
	case s.group[uuid]:
		return 0
	case len(s.accepted) >= 20 && s.robot.MessagesPerMinute == 20:
		s.lockedUntil = s.real + 10*minute
		return errcodeRateLimitedV2
	}
	s.accepted = append(s.accepted, s.real)
	s.group[cmp.Or(uuid, s.partName(part))] = true
	return 0
}

func (s *simulation) lastMinute(times []int64) []int64 {
	return slices.DeleteFunc(times, func(at int64) bool { return at <= s.real-minute })
}

// read finds which part a body is, and its msgUuid.
func (s *simulation) read(body []byte) (part int, uuid string) {
	var parsed struct {
		Text    struct{ Content string }
		MsgUuid string
	}
	if err := json.Unmarshal(body, &parsed); err != nil || !strings.Contains(parsed.Text.Content, "m"+strconv.Itoa(s.call.message)+" ") {
		s.fail("posted %.100s", body)
	}
	if n, _ := fmt.Sscanf(parsed.Text.Content, "(%d/", &part); n > 0 {
		part--
	}
	return part, parsed.MsgUuid
}

// checkPost checks that the next part is posted, not too often, and that no part
// has two uuids, and no uuid two parts, of which DingTalk would drop one.
func (s *simulation) checkPost(part int, uuid string) {
	s.t.Helper()
	s.call.posts[part]++
	n, name := s.call.posts[part], s.partName(part)
	switch {
	case part != s.call.record.delivered:
		s.fail("part %d was posted, and %d are delivered", part, s.call.record.delivered)
	case n > 1+s.robot.MaxRetries || !s.safe() && n > 1:
		s.fail("part %d was posted %d times", part, n)
	case (uuid != "") != s.safe():
		s.fail("posted with uuid %q", uuid)
	case uuid == "":
		return
	case cmp.Or(s.uuids[name], uuid) != uuid || cmp.Or(s.uuids[uuid], name) != name:
		s.fail("%s has uuids %s and %s, which was that of %s", name, s.uuids[name], uuid, s.uuids[uuid])
	}
	s.uuids[name], s.uuids[uuid] = uuid, name
}

// count checks that a minute never holds more requests than the robot may make.
func (s *simulation) count() {
	s.counted, s.setForward = append(s.lastMinute(s.counted), s.real), s.lastMinute(s.setForward)
	limit := s.robot.MessagesPerMinute
	if n := len(s.counted); limit > 0 && !s.unset && n > limit*(1+len(s.setForward)) {
		s.fail("%d requests in a minute, %d are allowed", n, limit)
	}
}
