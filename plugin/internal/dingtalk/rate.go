package dingtalk

import "strconv"

const minute = 60 * 1000 // ms

// A window counts what one robot posted in the last minute, and knows when it
// is locked: DingTalk takes 20 messages a minute and then none for ten minutes
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
//
// It lives in the instance and knows of no other sender.
type window struct {
	most        int     // messages a minute; 0 is any number, and nothing is counted
	sent        []int64 // when, in Unix milliseconds, oldest first
	lockedUntil int64
}

// admit returns nil when n messages may be posted now.
func (w *window) admit(now int64, n int) *Error {
	if wait := w.lockedUntil - now; 0 < wait && wait <= lockSeconds*1000 {
		return rateError("DingTalk has locked the robot for ten minutes, because it posted too fast", wait)
	}
	w.forget(now)
	over := len(w.sent) + n - w.most
	switch {
	case w.most == 0 || over <= 0:
		return nil
	case n > w.most:
		e := argumentError("it needs "+strconv.Itoa(n)+" parts, and the robot may post "+strconv.Itoa(w.most)+" a minute",
			"Shorten it, or send it in several calls.")
		e.Key = KeyPerMinute
		return e
	}
	return rateError("the robot has posted "+strconv.Itoa(len(w.sent))+" of "+strconv.Itoa(w.most)+" messages in the last minute, and with more DingTalk locks it for ten minutes",
		w.sent[over-1]+minute-now)
}

// forget drops what is over a minute old, and what a clock that was set back
// has put into the future.
func (w *window) forget(now int64) {
	kept := w.sent[:0]
	for _, at := range w.sent {
		if now-minute < at && at <= now {
			kept = append(kept, at)
		}
	}
	w.sent = kept
}

// count adds one message. It is counted before it is posted: should the host
// end the call meanwhile, it may have arrived all the same.
func (w *window) count(now int64) {
	if w.most > 0 {
		w.sent = append(w.sent, now)
	}
}

// settle corrects the count by how the message fared: one that was refused for
// another reason than speed does not count.
func (w *window) settle(now int64, e *Error) {
	switch {
	case e == nil || e.Unknown():
	case e.throttled():
		w.lockedUntil = now + lockSeconds*1000
	case w.most > 0:
		w.sent = w.sent[:len(w.sent)-1]
	}
}

// rateError refuses before DingTalk does; wait is in milliseconds.
func rateError(why string, wait int64) *Error {
	seconds := int((wait + 999) / 1000)
	return &Error{
		Reason:     ReasonRate,
		Text:       "The message was not sent: " + why + ".",
		Next:       "Wait " + strconv.Itoa(seconds) + " seconds, then send one message that holds everything.",
		Retryable:  true,
		RetryAfter: seconds,
	}
}
