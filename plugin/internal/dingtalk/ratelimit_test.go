package dingtalk

import "testing"

// A windowStep asks whether n messages may be posted, and calls do.
type windowStep struct {
	name  string
	at    int64 // milliseconds since MinValidTime
	n     int
	after int // seconds until they may; 0 is now
	do    func(w *window, clock int64)
}

// posted posts a message with this outcome.
func posted(e *Error) func(w *window, clock int64) {
	return func(w *window, clock int64) {
		w.reserve(clock)
		w.commit(clock, e)
	}
}

var (
	accepted = posted(nil)
	refused  = posted(&Error{Reason: ReasonRefused})
	unknown  = posted(&Error{Reason: ReasonUnknown})
	locked   = posted(errcodeError(errcodeRateLimited, ""))
)

func TestRateLimiter(t *testing.T) {
	const s, hour, year = 1000, 3600 * 1000, 365 * 24 * 3600 * 1000
	trap := func(w *window, clock int64) { w.reserve(clock) }
	slow := func(w *window, clock int64) { w.reserve(clock); w.commit(clock+30*s, nil) }
	for _, test := range []struct {
		name  string
		limit int
		steps []windowStep
	}{
		{"limit of three", 3, []windowStep{
			{"first", 0, 1, 0, accepted},
			{"second", 10 * s, 1, 0, accepted},
			{"third", 20 * s, 1, 0, accepted},
			{"full", 30 * s, 1, 30, nil},
			{"two must wait for the second", 30 * s, 2, 40, nil},
			{"a part of a second counts as one", 59*s + 1, 1, 1, nil},
			{"the first is a minute old", 60 * s, 1, 0, accepted},
			{"refused for another reason", 71 * s, 1, 0, refused},
			{"refused does not count", 72 * s, 1, 0, unknown},
			{"unknown counts", 73 * s, 1, 7, nil},
			{"locked", 140 * s, 1, 0, locked},
			{"for ten minutes", 141 * s, 1, 599, nil},
			{"no longer", 741 * s, 1, 0, nil},
		}},
		{"clock set", 1, []windowStep{
			{"full", 2 * hour, 1, 0, accepted},
			{"set back by a millisecond", 2*hour - 1, 1, 60, nil},
			{"a second later", 2*hour - 1 + s, 1, 59, nil},
			{"set back by an hour", hour, 1, 59, nil},
			{"time goes on", hour + 58*s, 1, 1, nil},
			{"and the minute ends", hour + 59*s, 1, 0, accepted},
			{"set forward by an hour", 2*hour + 59*s, 1, 0, accepted},
			{"and back", hour + 60*s, 1, 60, nil},
			{"no wait is longer than a minute", hour + 120*s, 1, 0, locked},
			{"locked and set back", 10 * s, 1, 600, nil},
			{"no lock is longer than ten", 610 * s, 1, 0, nil},
		}},
		// A request without a response may arrive late, one with a late response may have.
		{"from the response", 1, []windowStep{
			{"slow", 0, 1, 0, slow},
			{"a minute after it was sent", 60 * s, 1, 30, nil},
			{"a minute after its response", 90 * s, 1, 0, trap},
			{"after a trap", 100 * s, 1, 60, nil},
			{"a minute later", 160 * s, 1, 0, trap},
			{"long after another trap", 1000 * s, 1, 0, nil},
		}},
		{"clock unset", 1, []windowStep{
			{"first", -year, 1, 0, accepted},
			{"second", -year, 1, 0, locked},
			{"third", -year, 1, 0, accepted},
			{"once it is set", 0, 1, 0, accepted},
			{"it counts", 1, 1, 60, nil},
		}},
	} {
		w := &window{limit: test.limit}
		for _, step := range test.steps {
			got := 0
			if e := w.allow(MinValidTime+step.at, step.n); e != nil {
				got = e.RetryAfter
			}
			if got != step.after {
				t.Errorf("%s, %s: retry after %d s, want %d", test.name, step.name, got, step.after)
			}
			if step.do != nil {
				step.do(w, MinValidTime+step.at)
			}
		}
	}
}

func TestRateLimits(t *testing.T) {
	w := window{limit: 3}
	if e := w.allow(MinValidTime, 4); e == nil || e.Reason != ReasonArguments || e.Retryable {
		t.Errorf("more parts than a minute allows: %+v", e)
	}
	w.limit = 0
	for range 1000 {
		w.reserve(MinValidTime)
	}
	if e := w.allow(MinValidTime, 1); e != nil || len(w.sent) > 0 {
		t.Errorf("no limit: %+v, %d kept", e, len(w.sent))
	}
}
