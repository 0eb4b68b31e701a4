package dingtalktest

import (
	"slices"
	"time"
)

// history keeps the newest items within a limit of number and of bytes.
type history[T any] struct {
	items []T
	sizes []int
	bytes int
}

// add returns the oldest items if it must drop them. It always keeps the newest.
func (h *history[T]) add(item T, size, maxItems, maxBytes int) (dropped []T) {
	h.items, h.sizes = append(h.items, item), append(h.sizes, size)
	h.bytes += size
	n := 0
	for last := len(h.items) - 1; n < last && (len(h.items)-n > maxItems || h.bytes > maxBytes); n++ {
		h.bytes -= h.sizes[n]
	}
	dropped = slices.Clone(h.items[:n])
	clear(h.items[:n]) // so that the array does not keep what they refer to
	h.items, h.sizes = h.items[n:], h.sizes[n:]
	return dropped
}

// remove removes the item at i.
func (h *history[T]) remove(i int) {
	h.bytes -= h.sizes[i]
	h.items, h.sizes = slices.Delete(h.items, i, i+1), slices.Delete(h.sizes, i, i+1)
}

// position returns where the request at a cursor is or, if it is not kept, where it would be.
func position(kept []Request, c Cursor) (i int, found bool) {
	i, found = slices.BinarySearchFunc(kept, c.Seq, func(q Request, seq int) int { return q.Seq - seq })
	return i, found && kept[i].Time.Equal(c.Time)
}

// Cursor is a position in the history of requests: after the one with this Seq and Time. The zero value is before the
// first. Seq alone would be ambiguous after a Reset.
type Cursor struct {
	Seq  int
	Time time.Time
}

// Cursor returns the position after this request.
func (q Request) Cursor() Cursor { return Cursor{q.Seq, q.Time} }

// RequestsAfter returns up to limit requests after the cursor, oldest first. If the request at the cursor is no longer
// kept, unless RemoveRequest has removed it, it returns the oldest and false. It copies no more than it returns, so that many clients can follow a long history.
func (s *Server) RequestsAfter(c Cursor, limit int) (requests []Request, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.requests.items
	start, found := position(kept, c)
	switch {
	case found:
		start++
	case slices.ContainsFunc(s.removed, func(r Cursor) bool { return r.Seq == c.Seq && r.Time.Equal(c.Time) }):
		found = true
	default:
		start, found = 0, c.Seq == 0
	}
	return append(requests, kept[start:min(start+limit, len(kept))]...), found
}

// itemSize is about what an entry of a slice or map occupies, including a string's header.
const itemSize = 64

// size returns about how much memory the request occupies.
func (q *Request) size() int {
	n := 8*itemSize + len(q.Method) + len(q.Path) + len(q.Query) + len(q.Body) + len(q.Text) + len(q.Explanation)
	for name, values := range q.Header {
		n += 2*itemSize + len(name)
		for _, value := range values {
			n += itemSize + len(value)
		}
	}
	if q.Message != nil {
		n += q.Message.size()
	}
	return n
}

// size counts the body twice: as it was sent, and as the strings that were read from it.
func (m *Message) size() int {
	n := 8*itemSize + 2*len(m.Raw) + itemSize*(len(m.At.Mobiles)+len(m.At.UserIDs)+len(m.Mentions)+len(m.FeedCard))
	for _, u := range m.Unnotified {
		n += 2*itemSize + len(u.Reason)
	}
	if m.ActionCard != nil {
		n += itemSize * len(m.ActionCard.Buttons)
	}
	return n
}

const (
	// uuidLifetime is a guess: the documentation says only that a repeated msgUuid is not posted twice.
	uuidLifetime = 24 * time.Hour

	maxUUIDs     = 10000
	maxUUIDBytes = 8 << 20
)

// seenUUIDs are the msgUuids of accepted messages, with the time of each.
type seenUUIDs struct {
	accepted map[string]time.Time
	order    history[string] // the same, oldest first
}

func (s *seenUUIDs) contains(uuid string, now time.Time) bool {
	accepted, ok := s.accepted[uuid]
	return ok && now.Sub(accepted) < uuidLifetime
}

// add is called only if the msgUuid is unknown or its lifetime is over.
func (s *seenUUIDs) add(uuid string, now time.Time) {
	if uuid == "" {
		return
	}
	if s.accepted == nil {
		s.accepted = map[string]time.Time{}
	}
	if _, ok := s.accepted[uuid]; !ok {
		for _, old := range s.order.add(uuid, itemSize+len(uuid), maxUUIDs, maxUUIDBytes) {
			delete(s.accepted, old)
		}
	}
	s.accepted[uuid] = now
}
