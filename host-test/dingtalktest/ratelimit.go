package dingtalktest

import (
	"fmt"
	"slices"
	"time"
)

// The limits of one robot, see https://open.dingtalk.com/document/development/custom-robots-send-group-messages: 20 messages
// in a minute, then ten minutes of silence.
const (
	minute  = 60 * time.Second
	silence = 600 * time.Second
)

// memory is how long a msgUuid is known. guess: the page says only that a repeated one is not posted twice.
const memory = 24 * time.Hour

// window is the minute that the rate is counted in. guess: it slides, accepted messages count, and a message that comes
// during the silence does not prolong it.
type window struct {
	sent   []time.Time
	locked time.Time // until then
}

// admit counts a message and returns its position in the minute, or why it must wait.
func (w *window) admit(now time.Time, limit int) (position int, why string) {
	if now.Before(w.locked) {
		return 0, fmt.Sprintf("the robot is locked for another %v", w.locked.Sub(now).Round(time.Second))
	}
	w.sent = slices.DeleteFunc(w.sent, func(t time.Time) bool { return now.Sub(t) >= minute })
	if limit >= 0 && len(w.sent) >= limit {
		w.locked = now.Add(silence)
		return 0, fmt.Sprintf("%d messages were accepted within a minute: locked for %v", len(w.sent), silence)
	}
	w.sent = append(w.sent, now)
	return len(w.sent), ""
}

func (v *visit) tooFast() saying {
	if v.opts.Wording == Wording2023 {
		return tooFastNew
	}
	return tooFast
}

// How many msgUuids are known at most, and how long they may be together.
const (
	maxUUIDs     = 10000
	maxUUIDBytes = 8 << 20
)

// repeats are the msgUuids of accepted messages, with the time of each.
type repeats struct {
	accepted map[string]time.Time
	order    history[string] // of the same, the oldest first
}

func (r *repeats) known(uuid string, now time.Time) bool {
	accepted, ok := r.accepted[uuid]
	return ok && now.Sub(accepted) < memory
}

// remember is called with a msgUuid that is not known: at most, it was so long ago.
func (r *repeats) remember(uuid string, now time.Time) {
	if uuid == "" {
		return
	}
	if r.accepted == nil {
		r.accepted = map[string]time.Time{}
	}
	if _, again := r.accepted[uuid]; !again {
		for _, old := range r.order.add(uuid, itemSize+len(uuid), maxUUIDs, maxUUIDBytes) {
			delete(r.accepted, old)
		}
	}
	r.accepted[uuid] = now
}
