package dingtalk

import (
	"encoding/json"
	"strings"
	"testing"
)

// A fakeHost answers POSTs with replies, in order, then with errcode 0, and
// keeps what was posted.
type fakeHost struct {
	now     int64
	replies []string
	gets    int
	urls    []string
	bodies  []string
}

func (h *fakeHost) env() Env {
	return Env{
		Now:    func() int64 { h.now++; return h.now },
		Random: func() uint64 { return 7 },
		Send: func(method, url string, body []byte) (int, []byte) {
			if method == "GET" {
				h.gets++
				return 200, []byte(`{"errcode":43002}`)
			}
			h.urls = append(h.urls, url)
			h.bodies = append(h.bodies, string(body))
			if n := len(h.bodies); n <= len(h.replies) {
				return 200, []byte(h.replies[n-1])
			}
			return 200, []byte(`{"errcode":0,"errmsg":"ok"}`)
		},
	}
}

func newHost(replies ...string) *fakeHost { return &fakeHost{now: MinValidTime, replies: replies} }

func newRobot() *Robot {
	return &Robot{
		Address: Webhook{Base: DefaultWebhook}, Token: "token", AllowAtAll: true, MessagesPerMinute: 20, MaxParts: 5, MaxRetries: 1, State: new(State),
	}
}

const busy = `{"errcode":-1,"errmsg":"系统繁忙"}`

// A retry counts like any request, and leaves room for the parts that follow.
func TestRetriesKeepTheRate(t *testing.T) {
	for _, test := range []struct {
		name   string
		text   string
		posted int
	}{
		{"one part", "hi", 3},
		{"two parts", strings.Repeat("a line\n", 4000), 2},
	} {
		h, r := newHost(busy, busy, busy, busy, busy), newRobot()
		r.MessagesPerMinute, r.MaxRetries = 3, 5
		_, e := r.Send(h.env(), Message{Type: Text, Text: test.text}, "")
		if len(h.bodies) != test.posted {
			t.Errorf("%s: posted %d times, want %d", test.name, len(h.bodies), test.posted)
		}
		if e == nil || !e.Unknown() || e.RetryAfter != 60 || !strings.Contains(e.Message, "not retried") {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}

// Only the parts that are still missing count against the rate.
func TestResumeWithinRate(t *testing.T) {
	h, r := newHost(`{"errcode":0}`, busy), newRobot()
	r.MessagesPerMinute, r.MaxRetries = 3, 0
	m := Message{Type: Text, Text: strings.Repeat("a line\n", 4000)}
	for _, want := range []int{1, 2} {
		if receipt, e := r.Send(h.env(), m, "key"); receipt.Delivered != want || receipt.Total != 2 {
			t.Errorf("%+v %v, want %d of 2 parts", receipt, e, want)
		}
	}
}

func TestUUIDDerivation(t *testing.T) {
	uuid := func(r *Robot, text, key string) string {
		h := newHost()
		if _, e := r.Send(h.env(), Message{Type: Text, Text: text}, key); e != nil {
			t.Fatal(e)
		}
		var body struct{ MsgUuid string }
		json.Unmarshal([]byte(h.bodies[0]), &body)
		if len(body.MsgUuid) != uuidLen {
			t.Fatalf("uuid %q", body.MsgUuid)
		}
		return body.MsgUuid
	}
	same, other := newRobot(), newRobot()
	other.Token = "other"
	keyed := uuid(newRobot(), "a", "k")
	if keyed != uuid(newRobot(), "a", "k") {
		t.Error("one message of one key and robot has two uuids")
	}
	for _, test := range []struct{ name, a, b string }{
		{"two messages under one key", keyed, uuid(newRobot(), "b", "k")},
		{"two robots", keyed, uuid(other, "a", "k")},
		{"two calls without a key", uuid(same, "a", ""), uuid(same, "a", "")},
		{"two instances with equal clock and random numbers", uuid(newRobot(), "a", ""), uuid(newRobot(), "b", "")},
	} {
		if test.a == test.b {
			t.Errorf("%s: one uuid, for which DingTalk would drop a message", test.name)
		}
	}
}

// A 302 after a burst of its own messages is taken for the lock, otherwise the
// address is to blame.
func TestRedirectAfterBurst(t *testing.T) {
	for _, test := range []struct {
		limit, sent int
		reason      Reason
		posted      int // by another call after the redirect
	}{
		{20, 0, ReasonRefused, 1},
		{20, burst - 2, ReasonRefused, 1},
		{20, burst - 1, ReasonRate, 0},
		{0, burst, ReasonRefused, 1},
	} {
		h, r := newHost(), newRobot()
		r.MessagesPerMinute = test.limit
		env := h.env()
		post := func() *Error {
			_, e := r.Send(env, Message{Type: Text, Text: "hi"}, "")
			return e
		}
		for range test.sent {
			post()
		}
		send := env.Send
		env.Send = func(string, string, []byte) (int, []byte) { return 302, nil }
		if e := post(); e == nil || e.Reason != test.reason || (e.RetryAfter == lockSeconds) != (test.reason == ReasonRate) {
			t.Errorf("after %d messages of %d: %+v, want %s", test.sent, test.limit, e, test.reason)
		}
		env.Send = send
		post()
		if posted := len(h.bodies) - test.sent; posted != test.posted {
			t.Errorf("after %d messages of %d and a redirect: %d posted, want %d", test.sent, test.limit, posted, test.posted)
		}
	}
}

// sendTrapped sends a message whose first request, of that method, traps.
func sendTrapped(t *testing.T, r *Robot, method, url string) {
	t.Helper()
	defer func() { recover() }()
	r.Send(Env{Now: func() int64 { return MinValidTime }, Random: func() uint64 { return 0 },
		Send: func(gotMethod, gotURL string, body []byte) (int, []byte) {
			if gotMethod != method || !strings.HasPrefix(gotURL, url) || method == "GET" && (gotURL != url || body != nil) {
				t.Errorf("%s %s %q, want %s %s", gotMethod, gotURL, body, method, url)
			}
			panic("trap")
		}}, Message{Type: Text, Text: "hi"}, "")
	t.Error("no trap")
}

// The first request of an instance, and the one after a trap, has no credential.
func TestProbe(t *testing.T) {
	h, r := newHost(), newRobot()
	r.Address.Query = "tenant=1"
	send := func() {
		t.Helper()
		if _, e := r.Send(h.env(), Message{Type: Text, Text: "hi"}, ""); e != nil {
			t.Fatal(e)
		}
	}
	for range 30 {
		sendTrapped(t, r, "GET", DefaultWebhook)
	}
	send()
	send()
	if want := DefaultWebhook + "?access_token=token&tenant=1"; h.gets != 1 || h.urls[0] != want {
		t.Errorf("%d probes, then %q, want %q", h.gets, h.urls, want)
	}
	sendTrapped(t, r, "POST", DefaultWebhook+"?access_token=token")
	send()
	if h.gets != 2 {
		t.Errorf("%d probes, want 2", h.gets)
	}
	if len(r.window.sent) != 4 {
		t.Errorf("%d counted; what may have arrived counts", len(r.window.sent))
	}
}
