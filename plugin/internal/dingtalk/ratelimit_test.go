package dingtalk

import "testing"

// A windowStep asks for room, and posts when there is some and do is given.
type windowStep struct {
	name  string
	at    int64 // what the clock shows, in milliseconds since Released
	n     int
	after int // seconds until there is room; 0 is now
	do    func(w *window, clock int64)
}

// posted posts a message that fares so.
func posted(e *Error) func(w *window, clock int64) {
	return func(w *window, clock int64) {
		w.reserve(clock)
		w.commit(clock, e)
	}
}

var (
	taken   = posted(nil)
	refused = posted(&Error{Reason: ReasonRefused})
	unknown = posted(&Error{Reason: ReasonUnknown})
	locked  = posted(errcodeError(errcodeRateLimited, ""))
)

func checkWindow(t *testing.T, w *window, steps []windowStep) {
	t.Helper()
	for _, step := range steps {
		got := 0
		if e := w.allow(MinValidTime+step.at, step.n); e != nil {
			got = e.RetryAfter
		}
		if got != step.after {
			t.Errorf("%s: retry after %d s, want %d", step.name, got, step.after)
		}
		if step.do != nil {
			step.do(w, MinValidTime+step.at)
		}
	}
}

func TestRateLimiter(t *testing.T) {
	const s = 1000
	w := window{limit: 3}
	checkWindow(t, &w, []windowStep{
		{"first", 0, 1, 0, taken},
		{"second", 10 * s, 1, 0, taken},
		{"third", 20 * s, 1, 0, taken},
		{"full", 30 * s, 1, 30, nil},
		{"two must wait for the second", 30 * s, 2, 40, nil},
		{"a part of a second counts as one", 59*s + 1, 1, 1, nil},
		{"the first is a minute old", 60 * s, 1, 0, taken},
		{"refused for another reason", 71 * s, 1, 0, refused},
		{"so there is still room", 72 * s, 1, 0, unknown},
		{"unknown counts", 73 * s, 1, 7, nil},
		{"locked", 140 * s, 1, 0, locked},
		{"for ten minutes", 141 * s, 1, 599, nil},
		{"free again", 741 * s, 1, 0, nil},
	})
	if e := w.allow(MinValidTime+741*s, 4); e == nil || e.Reason != ReasonArguments || e.Retryable {
		t.Errorf("more parts than a minute holds: %+v", e)
	}
	unlimited := window{}
	for range 1000 {
		unlimited.reserve(MinValidTime)
	}
	if e := unlimited.allow(MinValidTime, 1); e != nil || len(unlimited.sent) > 0 {
		t.Errorf("no limit: %+v, %d kept", e, len(unlimited.sent))
	}
}

func TestRateLimiterClockSet(t *testing.T) {
	const s, hour = 1000, 3600 * 1000
	checkWindow(t, &window{limit: 1}, []windowStep{
		{"full", 2 * hour, 1, 0, taken},
		{"set back by a millisecond", 2*hour - 1, 1, 60, nil},
		{"a second later", 2*hour - 1 + s, 1, 59, nil},
		{"set back by an hour", hour, 1, 59, nil},
		{"time goes on", hour + 58*s, 1, 1, nil},
		{"and the minute ends", hour + 59*s, 1, 0, taken},
		{"set forward by an hour", 2*hour + 59*s, 1, 0, taken},
		{"and back", hour + 60*s, 1, 60, nil},
		{"no wait is longer than a minute", hour + 120*s, 1, 0, locked},
		{"locked and set back", 10 * s, 1, 600, nil},
		{"no lock is longer than ten", 610 * s, 1, 0, nil},
	})
}

// A request that got no answer may arrive late, and one that is answered late
// may have.
func TestRateLimiterCountsFromAnswer(t *testing.T) {
	const s = 1000
	trap := func(w *window, clock int64) { w.reserve(clock) }
	slow := func(w *window, clock int64) { w.reserve(clock); w.commit(clock+30*s, nil) }
	checkWindow(t, &window{limit: 1}, []windowStep{
		{"slow", 0, 1, 0, slow},
		{"a minute after it was sent", 60 * s, 1, 30, nil},
		{"a minute after its answer", 90 * s, 1, 0, trap},
		{"after a trap", 100 * s, 1, 60, nil},
		{"a minute later", 160 * s, 1, 0, trap},
		{"long after another trap", 1000 * s, 1, 0, nil},
	})
}

// A clock that stands still must neither count for ever nor lock for ever.
func TestRateLimiterClockUnset(t *testing.T) {
	const year = 365 * 24 * 3600 * 1000
	w := window{limit: 1}
	checkWindow(t, &w, []windowStep{
		{"first", -year, 1, 0, taken},
		{"second", -year, 1, 0, locked},
		{"third", -year, 1, 0, taken},
		{"once it is set", 0, 1, 0, taken},
		{"it counts", 1, 1, 60, nil},
	})
}
