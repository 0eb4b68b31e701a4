package dingtalk

import (
	"slices"
	"strconv"

	"dingtalk-plugin/schema"
)

const minute = 60 * 1000 // ms

// A window counts what one robot posted in the last minute, and until when it is
// locked: DingTalk accepts 20 messages a minute and then none for ten minutes
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
// Other senders to the same robot are not counted.
//
// It counts in its own time, which advances with the host's clock but never goes
// back. If the clock is set back, no time has passed, so that no wait becomes
// longer than a minute, or ten if the robot is locked. A clock that is set forward
// cannot be told from time that passed between two calls: as many messages again
// may be sent, and DingTalk may lock the robot. With an unset clock nothing is
// counted.
type window struct {
	limit       int     // messages a minute; 0 is any number, and nothing is counted
	sent        []int64 // when, in milliseconds of the window's time, oldest first
	unanswered  bool    // the last of sent
	lockedUntil int64
	now         int64 // the window's time
	clock       int64 // what the host's clock showed then
}

// tick advances the window's time to the host's clock. It returns false if that
// is unset.
func (w *window) tick(clock int64) bool {
	if clockUnset(clock) {
		return false
	}
	w.now += max(0, clock-w.clock)
	w.clock = clock
	return true
}

// allow returns nil if n messages may be posted now.
func (w *window) allow(clock int64, n int) *Error {
	if !w.tick(clock) {
		return nil
	}
	if wait := w.lockedUntil - w.now; wait > 0 {
		return rateError("DingTalk has locked the robot for ten minutes, because it posted too fast", wait)
	}
	w.expire()
	over := len(w.sent) + n - w.limit
	switch {
	case w.limit == 0 || over <= 0:
		return nil
	case n > w.limit:
		e := argumentError("it needs "+strconv.Itoa(n)+" parts, and the robot may post "+strconv.Itoa(w.limit)+" a minute",
			"Shorten it, or send it in several calls.")
		e.ConfigKey = schema.KeyMessagesPerMinute
		return e
	}
	return rateError("the robot has posted "+strconv.Itoa(len(w.sent))+" of "+strconv.Itoa(w.limit)+" messages in the last minute, and with more DingTalk locks it for ten minutes",
		w.sent[over-1]+minute-w.now)
}

// expire removes what is over a minute old. A request that trapped may have
// arrived until now, though hardly later than after a minute.
func (w *window) expire() {
	if w.unanswered {
		last := &w.sent[len(w.sent)-1]
		*last = min(w.now, *last+minute)
		w.unanswered = false
	}
	w.sent = slices.DeleteFunc(w.sent, func(at int64) bool { return at <= w.now-minute })
}

// burst is after how many messages in a minute DingTalk may have locked the robot.
// guess: half of what it accepts, because others may post, too.
const burst = 10

// reserve counts one message before it is posted, because it may arrive even if
// the call traps.
func (w *window) reserve(clock int64) {
	if w.tick(clock) && w.limit > 0 {
		w.sent = append(w.sent, w.now)
		w.unanswered = true
	}
}

// commit corrects the count by the message's outcome. It counts from its response,
// before which it must have arrived. guess: one that was refused does not count.
func (w *window) commit(clock int64, e *Error) {
	ticks := w.tick(clock)
	if e != nil && e.throttled() && ticks {
		w.lockedUntil = w.now + lockSeconds*1000
	}
	if !w.unanswered {
		return
	}
	w.unanswered = false
	if last := len(w.sent) - 1; e == nil || e.Unknown() {
		w.sent[last] = w.now
	} else {
		w.sent = w.sent[:last]
	}
}

// rateError refuses a message before DingTalk does; wait is in milliseconds.
func rateError(why string, wait int64) *Error {
	seconds := int((wait + 999) / 1000)
	return &Error{
		Reason:     ReasonRate,
		Message:    "The message was not sent: " + why + ".",
		Advice:     waitText(seconds) + ", then send one message that holds everything.",
		Retryable:  true,
		RetryAfter: seconds,
	}
}

// lockError takes a redirect for DingTalk's lock. guess: users report that it
// answers so while a robot is locked.
func lockError() *Error {
	return rateError("DingTalk redirected it, which after so many messages in a minute is taken for its lock", lockSeconds*1000)
}

func waitText(seconds int) string { return "Wait " + strconv.Itoa(seconds) + " seconds" }
