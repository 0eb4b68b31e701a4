package dingtalk

import (
	"strconv"
	"strings"
	"testing"
)

// twoParts is a message that is sent in two parts.
var twoParts = Message{Kind: Markdown, Title: "t", Text: strings.Repeat("a line\n", 4000)}

func TestRefusedCallsLeaveTheRecord(t *testing.T) {
	unfit := `{"errcode":310000,"errmsg":"keywords not in content"}`
	replies := []string{`{"errcode":0}`, unfit}
	for range 2 * logSize {
		replies = append(replies, unfit)
	}
	for _, test := range []struct {
		name    string
		replies []string
		refuse  func(r *Robot) // from then on
		allow   func(r *Robot)
	}{
		{"by the rate", replies[:2], func(r *Robot) { r.MessagesPerMinute = 1 }, func(r *Robot) { r.MessagesPerMinute = 20 }},
		{"by the clock", replies[:2], func(r *Robot) { r.Secret = "SEC" }, func(r *Robot) { r.Secret = "" }},
		{"by DingTalk", replies, func(r *Robot) {}, func(r *Robot) {}},
	} {
		g, r := newGroup(test.replies...), newRobot()
		for i := range logSize { // all that there is room for
			r.log.claim(messageID{key: keyDigest{1, uint64(i)}}).state = mayBeDelivered
		}
		if receipt, e := r.Send(g.web(), twoParts, "key"); e == nil || receipt.Sent != 1 {
			t.Fatalf("%s: %+v %v", test.name, receipt, e)
		}
		test.refuse(r)
		for i := range 2 * logSize {
			if test.name == "by the clock" {
				g.now = 0
			}
			if _, e := r.Send(g.web(), Message{Kind: Text, Text: "hi"}, "other "+strconv.Itoa(i)); e == nil {
				t.Fatalf("%s: call %d was not refused", test.name, i)
			}
		}
		test.allow(r)
		g.now, g.bodies, g.replies = MinValidTime+minute, nil, nil
		if receipt, e := r.Send(g.web(), twoParts, "key"); e != nil || receipt.Sent != 2 || len(g.bodies) != 1 {
			t.Errorf("%s: %d parts were posted, want the second: %+v %v", test.name, len(g.bodies), receipt, e)
		}
		if len(r.log.records) < logSize {
			t.Errorf("%s: %d records are left", test.name, len(r.log.records))
		}
	}
}

func TestLogForgetsWhatArrivedFirst(t *testing.T) {
	var l sendLog
	claim := func(i int, state sendState) {
		*l.claim(messageID{key: keyDigest{uint64(i + 1)}}) = sendRecord{messageID: messageID{key: keyDigest{uint64(i + 1)}}, state: state}
	}
	claim(0, mayBeDelivered)
	for i := 1; i <= logSize+2; i++ {
		claim(i, allDelivered)
	}
	for i, want := range []bool{true, false, false, true} {
		if got := l.index(keyDigest{uint64(i + 1)}) >= 0; got != want {
			t.Errorf("message %d is known: %t, want %t", i, got, want)
		}
	}
	if len(l.records) != logSize+1 {
		t.Errorf("%d records", len(l.records))
	}
}

// Neither does DingTalk drop another message under a key that was forgotten,
// nor does it show the same one twice.
func TestForgottenKey(t *testing.T) {
	g, r := newGroup(), newRobot()
	r.MessagesPerMinute = 0
	send := func(text, key string) {
		t.Helper()
		if receipt, e := r.Send(g.web(), Message{Kind: Text, Text: text}, key); e != nil || receipt.AlreadySent {
			t.Fatalf("%+v %v", receipt, e)
		}
	}
	send("hi", "key")
	for i := range logSize + 1 {
		send("hi", strconv.Itoa(i))
	}
	send("hi", "key")
	for i := range logSize + 1 {
		send("hi", strconv.Itoa(i))
	}
	send("another", "key")
	uuids := g.uuids()
	if first, again, other := uuids[0], uuids[logSize+2], uuids[len(uuids)-1]; first != again || first == other {
		t.Errorf("uuids: first %s, again %s, of another message %s", first, again, other)
	}
}

func TestNoUuidWithoutKeyAndClock(t *testing.T) {
	g, r := newGroup(`{"errcode":0}`, busy), newRobot()
	g.now, r.MaxRetries = 1640995200000, 5 // 2022-01-01
	receipt, e := r.Send(g.web(), twoParts, "")
	if e == nil || e.Retryable || receipt.Key+receipt.UUID != "" || receipt.Sent != 1 || !receipt.MayBeDelivered {
		t.Errorf("%+v %+v", receipt, e)
	}
	if !strings.Contains(e.Advice, "second copy") {
		t.Errorf("nothing of a second copy: %s", e.Advice)
	}
	if len(g.bodies) != 2 || strings.Contains(strings.Join(g.bodies, ""), "msgUuid") || len(r.log.records) > 0 {
		t.Errorf("posted %.100q, %d records", g.bodies, len(r.log.records))
	}
	g.bodies, g.replies = nil, []string{busy}
	if receipt, e := r.Send(g.web(), twoParts, "key"); e != nil || receipt.UUID == "" || len(g.bodies) != 3 {
		t.Errorf("with a key: %+v %v", receipt, e)
	}
}

// A refusal says nothing of the attempt before it, whose answer got lost.
func TestRefusedAfterUnknown(t *testing.T) {
	g, r := newGroup(busy, `{"errcode":130101,"errmsg":"too fast"}`), newRobot()
	m := Message{Kind: Text, Text: "hi"}
	receipt, e := r.Send(g.web(), m, "key")
	for i := range 2 { // the second is refused by the lock
		if e == nil || e.Reason != ReasonRate || !receipt.MayBeDelivered || !strings.Contains(e.Message, "may have arrived") {
			t.Errorf("call %d: %+v %+v", i+1, receipt, e)
		}
		receipt, e = r.Send(g.web(), m, "key")
	}
	if _, e := r.Send(g.web(), Message{Kind: Text, Text: "another"}, "key"); e == nil || e.Reason != ReasonArguments {
		t.Errorf("another message under the key of one that may have arrived: %+v", e)
	}
	if len(g.bodies) != 2 {
		t.Errorf("posted %d times", len(g.bodies))
	}
}

func TestFingerprint(t *testing.T) {
	link := Link{Title: "a", URL: "b", Picture: "c"}
	seen := map[fingerprint]int{}
	for i, m := range []Message{
		{Kind: Text},
		{Kind: Markdown},
		{Kind: Text, Title: "a"},
		{Kind: Text, Text: "a"},
		{Kind: Text, Text: "a\x00"},
		{Kind: Text, Text: "12345678"},
		{Kind: Text, Text: "12345678\x00"},
		{Kind: Text, Text: "a", Mentions: Mentions{All: true}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}}}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}, {ID: "c"}}}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "a"}, {ID: "b"}, {ID: "c"}}}},
		{Kind: Text, Text: "a", Links: []Link{link}},
		{Kind: Text, Text: "a", Links: []Link{link, link}},
		{Kind: Text, Text: "a", ButtonsHorizontal: true},
	} {
		f := m.fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("messages %d and %d look the same", other, i)
		}
		seen[f] = i
	}
}
