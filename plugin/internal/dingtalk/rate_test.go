package dingtalk

import "testing"

func TestWindow(t *testing.T) {
	const s = 1000
	w := window{most: 3}
	for _, step := range []struct {
		name  string
		now   int64
		n     int
		after int // seconds until the next slot; 0 is admitted
		do    func(now int64)
	}{
		{"first", 100 * s, 1, 0, w.count},
		{"second", 110 * s, 1, 0, w.count},
		{"third", 120 * s, 1, 0, w.count},
		{"full", 130 * s, 1, 30, nil},
		{"two must wait for the second", 130 * s, 2, 40, nil},
		{"a part of a second counts whole", 159*s + 1, 1, 1, nil},
		{"the first is a minute old", 160 * s, 1, 0, w.count},
		{"refused for another reason", 171 * s, 1, 0, func(now int64) { w.count(now); w.settle(now, &Error{Reason: ReasonRefused}) }},
		{"so there is still room", 172 * s, 1, 0, func(now int64) { w.count(now); w.settle(now, &Error{Reason: ReasonUnknown}) }},
		{"unknown counts", 173 * s, 1, 7, nil},
		{"locked", 240 * s, 1, 0, func(now int64) { w.count(now); w.settle(now, answerError(130101, "")) }},
		{"for ten minutes", 241 * s, 1, 599, nil},
		{"free again", 841 * s, 1, 0, nil},
		{"a clock set back", 10 * s, 3, 0, nil},
	} {
		got := 0
		if e := w.admit(step.now, step.n); e != nil {
			got = e.RetryAfter
		}
		if got != step.after {
			t.Errorf("%s: retry after %d s, want %d", step.name, got, step.after)
		}
		if step.do != nil {
			step.do(step.now)
		}
	}
	if e := w.admit(10*s, 4); e == nil || e.Reason != ReasonArguments || e.Retryable {
		t.Errorf("more parts than a minute holds: %+v", e)
	}
	unlimited := window{}
	for range 1000 {
		unlimited.count(1)
	}
	if e := unlimited.admit(1, 1); e != nil || len(unlimited.sent) > 0 {
		t.Errorf("no limit: %+v, %d kept", e, len(unlimited.sent))
	}
}
