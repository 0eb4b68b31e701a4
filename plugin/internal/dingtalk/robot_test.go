package dingtalk

import (
	"encoding/json"
	"strings"
	"testing"
)

// A group is a Web that answers what it was told to and keeps what it got.
type group struct {
	now     int64
	replies []string // for POSTs, in order; afterwards errcode 0
	gets    int
	urls    []string
	bodies  []string
}

func (g *group) web() Env {
	return Env{
		Now:    func() int64 { g.now++; return g.now },
		Random: func() uint64 { return 7 },
		Send: func(method, url string, body []byte) (int, []byte) {
			if method == "GET" {
				g.gets++
				return 200, []byte(`{"errcode":43002}`)
			}
			g.urls = append(g.urls, url)
			g.bodies = append(g.bodies, string(body))
			if n := len(g.bodies); n <= len(g.replies) {
				return 200, []byte(g.replies[n-1])
			}
			return 200, []byte(`{"errcode":0,"errmsg":"ok"}`)
		},
	}
}

func newGroup(replies ...string) *group { return &group{now: MinValidTime, replies: replies} }

func newRobot() *Robot {
	return &Robot{
		Address: Address{Base: DefaultWebhook}, Token: "token", AllowAtAll: true, MessagesPerMinute: 20, MaxParts: 5, MaxRetries: 1,
	}
}

func (g *group) uuids() (list []string) {
	for _, body := range g.bodies {
		var parsed struct{ MsgUuid string }
		json.Unmarshal([]byte(body), &parsed)
		list = append(list, parsed.MsgUuid)
	}
	return list
}

const busy = `{"errcode":-1,"errmsg":"系统繁忙"}`

func TestUnknownOutcomeIsRepeatedUnderOneUuid(t *testing.T) {
	g, r := newGroup(busy), newRobot()
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, ""); e != nil {
		t.Fatal(e)
	}
	uuids := g.uuids()
	if len(uuids) != 2 || uuids[0] != uuids[1] || len(uuids[0]) != uuidLen {
		t.Errorf("uuids %q", uuids)
	}
	if len(r.window.sent) != 2 {
		t.Errorf("%d counted, want 2", len(r.window.sent))
	}
}

// A retry is a request like any other: it counts, and takes no room from the
// parts that follow.
func TestRetriesKeepTheRate(t *testing.T) {
	for _, test := range []struct {
		name   string
		text   string
		posted int
	}{
		{"one part", "hi", 3},
		{"two parts", strings.Repeat("a line\n", 4000), 2},
	} {
		g, r := newGroup(busy, busy, busy, busy, busy), newRobot()
		r.MessagesPerMinute, r.MaxRetries = 3, 5
		_, e := r.Send(g.web(), Message{Kind: Text, Text: test.text}, "")
		if len(g.bodies) != test.posted {
			t.Errorf("%s: posted %d times, want %d", test.name, len(g.bodies), test.posted)
		}
		if e == nil || !e.Unknown() || e.RetryAfter != 60 || !strings.Contains(e.Message, "not retried") {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}

func TestRefusalIsNotRepeated(t *testing.T) {
	g, r := newGroup(`{"errcode":300005,"errmsg":"token is not exist"}`), newRobot()
	_, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "")
	if e == nil || len(g.bodies) != 1 || len(r.window.sent) != 0 {
		t.Errorf("error %v, %d sent, %d counted", e, len(g.bodies), len(r.window.sent))
	}
}

func TestUUIDDerivation(t *testing.T) {
	send := func(r *Robot, text, key string) string {
		g := newGroup()
		if _, e := r.Send(g.web(), Message{Kind: Text, Text: text}, key); e != nil {
			t.Fatal(e)
		}
		return g.uuids()[0]
	}
	other := newRobot()
	other.Token = "other"
	same := newRobot()
	if first, second := send(newRobot(), "a", "k"), send(newRobot(), "a", "k"); first != second {
		t.Error("one message of one key and robot has two uuids")
	}
	if send(newRobot(), "a", "k") == send(newRobot(), "b", "k") {
		t.Error("two messages have one uuid, and DingTalk would drop one of them")
	}
	if send(newRobot(), "a", "k") == send(other, "a", "k") {
		t.Error("two robots have one uuid")
	}
	if first, second := send(same, "a", ""), send(same, "a", ""); first == second {
		t.Error("two calls without a key collide")
	}
	if send(newRobot(), "a", "") == send(newRobot(), "b", "") {
		t.Error("two instances with equal clock and random numbers collide")
	}
}

func TestSameKeySendsNothingAgain(t *testing.T) {
	g, r := newGroup(), newRobot()
	for i := range 2 {
		receipt, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "key")
		if e != nil || receipt.AlreadySent != (i == 1) {
			t.Errorf("call %d: %+v %v", i, receipt, e)
		}
	}
	if len(g.bodies) != 1 {
		t.Errorf("sent %d times", len(g.bodies))
	}
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "another"}, "key"); e == nil || e.Reason != ReasonArguments {
		t.Errorf("another message under the key: %v", e)
	}
}

func TestRefusedMessageMayBeCorrectedUnderItsKey(t *testing.T) {
	g, r := newGroup(`{"errcode":310000,"errmsg":"keywords not in content"}`), newRobot()
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "key"); e == nil {
		t.Fatal("not refused")
	}
	if receipt, e := r.Send(g.web(), Message{Kind: Text, Text: "alert: hi"}, "key"); e != nil || receipt.AlreadySent {
		t.Errorf("the corrected message: %+v %v", receipt, e)
	}
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "another"}, "key"); e == nil {
		t.Error("another message under the key of one that arrived")
	}
}

func TestResumeAfterPartialFailure(t *testing.T) {
	g, r := newGroup(`{"errcode":0}`, busy, busy), newRobot()
	m := Message{Kind: Markdown, Title: "t", Text: strings.Repeat("a line\n", 4000)}
	receipt, e := r.Send(g.web(), m, "")
	if e == nil || receipt.Sent != 1 || receipt.Total != 2 || receipt.Key == "" {
		t.Fatalf("%+v %v", receipt, e)
	}
	receipt, e = r.Send(g.web(), m, receipt.Key)
	if e != nil || receipt.Sent != 2 {
		t.Fatalf("%+v %v", receipt, e)
	}
	if uuids := g.uuids(); len(uuids) != 4 || uuids[1] != uuids[3] || uuids[0] == uuids[1] {
		t.Errorf("uuids %q", uuids)
	}
}

func TestProbeBeforeFirstPost(t *testing.T) {
	r := newRobot()
	r.Address.Query = "tenant=1"
	dead := Env{Now: func() int64 { return MinValidTime }, Random: func() uint64 { return 0 },
		Send: func(method, url string, body []byte) (int, []byte) {
			if method != "GET" || url != DefaultWebhook || body != nil {
				t.Errorf("first contact: %s %s %q", method, url, body)
			}
			panic("the host ends the call")
		}}
	for range 30 {
		func() {
			defer func() { recover() }()
			r.Send(dead, Message{Kind: Text, Text: "hi"}, "")
		}()
	}
	g := newGroup()
	for range 2 {
		if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, ""); e != nil {
			t.Fatal(e)
		}
	}
	if g.gets != 1 || !strings.HasPrefix(g.urls[0], DefaultWebhook+"?access_token=token&tenant=1") {
		t.Errorf("%d tries, then %q", g.gets, g.urls)
	}
}

func TestProbeAfterTrap(t *testing.T) {
	g, r := newGroup(), newRobot()
	r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "")
	failing := g.web()
	failing.Send = func(method, url string, body []byte) (int, []byte) { panic("the host ends the call") }
	func() {
		defer func() { recover() }()
		r.Send(failing, Message{Kind: Text, Text: "hi"}, "")
	}()
	r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "")
	if g.gets != 2 {
		t.Errorf("tried %d times, want 2", g.gets)
	}
	if len(r.window.sent) != 3 {
		t.Errorf("%d counted; what may have arrived counts", len(r.window.sent))
	}
}

func TestClockUnset(t *testing.T) {
	g, r := newGroup(), newRobot()
	g.now = 1640995200000 // 2022-01-01
	r.Secret = "SEC"
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, ""); e == nil || e.Reason != ReasonClock || !strings.Contains(e.Message, "2022-01-01") {
		t.Errorf("signed: %v", e)
	}
	r.Secret = ""
	for range 50 {
		if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, ""); e != nil {
			t.Fatalf("unsigned: %v", e)
		}
	}
	if len(r.window.sent) != 0 {
		t.Error("a stopped clock counts")
	}
}

func TestAtAllForbidden(t *testing.T) {
	g, r := newGroup(), newRobot()
	r.AllowAtAll = false
	_, e := r.Send(g.web(), Message{Kind: Text, Text: "hi", Mentions: Mentions{All: true}}, "")
	if e == nil || e.Reason != ReasonPolicy || len(g.bodies)+g.gets > 0 {
		t.Errorf("%v, %d sent", e, len(g.bodies))
	}
}
