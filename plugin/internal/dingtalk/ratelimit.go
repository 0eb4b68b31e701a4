package dingtalk

import (
	"slices"
	"strconv"
)

const minute = 60 * 1000 // ms

// A window counts what one robot posted in the last minute, and knows when it
// is locked: DingTalk takes 20 messages a minute and then none for ten minutes
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
// It lives in the instance and knows of no other sender.
//
// It counts in a time of its own, which goes on with the host's clock but never
// back. When that clock is set back, by a millisecond or an hour, no time has
// passed: the window holds, and because all waiting is measured in the window's
// own time, no wait becomes longer than a minute, or ten when the robot is
// locked. A clock that is set forward cannot be told from time that passed
// between two calls: then as many messages again may go out, and DingTalk may
// lock the robot, which the window obeys. A clock that cannot be right measures
// nothing: nothing is counted, and DingTalk itself refuses during the lock.
type window struct {
	limit       int     // messages a minute; 0 is any number, and nothing is counted
	sent        []int64 // when, in milliseconds of the window's time, oldest first
	unanswered  bool    // the last of sent
	lockedUntil int64
	now         int64 // the window's time
	clock       int64 // what the host's clock showed then
}

// tick brings the window's time up to the host's clock; false means that it
// cannot be right.
func (w *window) tick(clock int64) bool {
	if clockUnset(clock) {
		return false
	}
	w.now += max(0, clock-w.clock)
	w.clock = clock
	return true
}

// allow returns nil when n messages may be posted now.
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
		e.Key = KeyPerMinute
		return e
	}
	return rateError("the robot has posted "+strconv.Itoa(len(w.sent))+" of "+strconv.Itoa(w.limit)+" messages in the last minute, and with more DingTalk locks it for ten minutes",
		w.sent[over-1]+minute-w.now)
}

// expire drops what is over a minute old. A request that the host ended midway
// may have arrived until now, though hardly later than after a minute.
func (w *window) expire() {
	if w.unanswered {
		last := &w.sent[len(w.sent)-1]
		*last = min(w.now, *last+minute)
		w.unanswered = false
	}
	w.sent = slices.DeleteFunc(w.sent, func(at int64) bool { return at <= w.now-minute })
}

// reserve counts one message before it is posted: should the host end the call
// meanwhile, it may have arrived all the same.
func (w *window) reserve(clock int64) {
	if w.tick(clock) && w.limit > 0 {
		w.sent = append(w.sent, w.now)
		w.unanswered = true
	}
}

// commit corrects the count by how the message fared. It counts from its
// answer, before which it must have arrived. One that was refused does not
// count; that is a guess, DingTalk does not say.
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

// rateError refuses before DingTalk does; wait is in milliseconds.
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

func waitText(seconds int) string { return "Wait " + strconv.Itoa(seconds) + " seconds" }
