package dingtalktest

import (
	"fmt"
	"slices"
	"time"
)

// The limits of a robot, see https://open.dingtalk.com/document/development/custom-robots-send-group-messages: 20 messages
// a minute, and a lock of ten minutes for exceeding them.
const (
	rateWindow   = time.Minute
	lockDuration = 10 * time.Minute
)

// window counts the messages of a minute. guess: the minute slides, only accepted messages count, and a message that is
// sent during the lock does not prolong it.
type window struct {
	accepted    []time.Time
	lockedUntil time.Time
}

// allow counts a message and returns its 1-based position in the minute, or why it is refused.
func (w *window) allow(now time.Time, limit int) (position int, why string) {
	if now.Before(w.lockedUntil) {
		return 0, fmt.Sprintf("the robot is locked for another %v", w.lockedUntil.Sub(now).Round(time.Second))
	}
	w.accepted = slices.DeleteFunc(w.accepted, func(t time.Time) bool { return now.Sub(t) >= rateWindow })
	if limit >= 0 && len(w.accepted) >= limit {
		w.lockedUntil = now.Add(lockDuration)
		return 0, fmt.Sprintf("%d messages were accepted within a minute: locked for %v", len(w.accepted), lockDuration)
	}
	w.accepted = append(w.accepted, now)
	return len(w.accepted), ""
}
