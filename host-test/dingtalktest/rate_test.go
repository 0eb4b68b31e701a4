package dingtalktest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	locked := []answer{
		Wording2023:   {410100, "发送速度太快而限流"},
		Wording2022:   {130101, "send too fast, exceed 20 times per minute"},
		WordingLegacy: {130101, "send too fast, exceed 20 times per minute"},
	}
	for w, want := range locked {
		s := newServer(Options{Wording: Wording(w)})
		steps := []struct {
			wait time.Duration
			send int
			want answer
		}{
			{0, 10, ok},
			{40 * time.Second, 10, ok},
			{20 * time.Second, 10, ok}, // the first ten are a minute old
			{0, 1, want},               // the 21st of a minute locks the robot
			{599 * time.Second, 5, want},
			{time.Second, 20, ok}, // messages during the lock have not prolonged it
			{time.Second, 1, want},
			{600 * time.Second, 1, ok},
		}
		for i, step := range steps {
			s.AdvanceClock(step.wait)
			for range step.send {
				if got := post(t, s, hello); got != step.want {
					t.Fatalf("%v, step %d: answer %v, want %v", Wording(w), i, got, step.want)
				}
			}
		}
		if got := len(s.Messages()); got != 51 {
			t.Errorf("%d messages, want 51", got)
		}
		if got := s.Messages()[29].MinuteIndex; got != 20 {
			t.Errorf("the thirtieth message was number %d of its minute, want 20", got)
		}
	}
}

func TestRefusedMessagesDoNotCount(t *testing.T) {
	s := newServer(Options{PerMinute: 1})
	for range 5 {
		post(t, s, `{"msgtype":"text"}`)
	}
	if got := post(t, s, hello); got != ok {
		t.Errorf("answer = %v", got)
	}
}

func TestMsgUUID(t *testing.T) {
	message := func(text, uuid string) string {
		return fmt.Sprintf(`{"msgtype":"text","text":{"content":%q},"msgUuid":%q}`, text, uuid)
	}
	s := newServer(Options{PerMinute: 2})
	steps := []struct {
		wait      time.Duration
		body      string
		want      int
		stored    int
		duplicate bool
	}{
		{0, message("a", "u1"), 0, 1, false},
		{0, message("a", "u1"), 0, 1, true},
		{0, message("another text", "u1"), 0, 1, true},
		{0, message("b", "u2"), 0, 2, false}, // repeats do not count
		{0, message("c", "u3"), 410100, 2, false},
		{0, message("b", "u2"), 0, 2, true},
		{11 * time.Minute, message("c", "u3"), 0, 3, false}, // a refused uuid is not remembered
		{23 * time.Hour, message("a", "u1"), 0, 3, true},
		{time.Hour, message("a", "u1"), 0, 4, false},
		{time.Hour, message("d", ""), 0, 5, false},
		{0, message("d", ""), 0, 6, false},
		{time.Hour, `{"msgtype":"text","text":{"content":"a"},"msgUuid":1}`, 0, 7, false},
	}
	for i, step := range steps {
		s.AdvanceClock(step.wait)
		got := post(t, s, step.body)
		seen := s.Requests()[i]
		if got.Code != step.want || len(s.Messages()) != step.stored || seen.Duplicate != step.duplicate {
			t.Errorf("step %d: code %d, %d messages, duplicate %v; want %+v", i, got.Code, len(s.Messages()), seen.Duplicate, step)
		}
		if step.duplicate && (seen.Message != nil || !strings.Contains(seen.Explanation, "msgUuid")) {
			t.Errorf("step %d: message %v, explained %q", i, seen.Message, seen.Explanation)
		}
	}
}
