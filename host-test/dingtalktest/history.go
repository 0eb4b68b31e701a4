package dingtalktest

import "time"

// history keeps the newest of what is added to it, bounded by number and by bytes, so that a robot may run for weeks and be
// sent anything.
type history[T any] struct {
	items []T
	sizes []int
	bytes int
}

// add returns the oldest items, which it drops where they exceed a limit. The newest always stays.
func (h *history[T]) add(item T, size, maxItems, maxBytes int) (dropped []T) {
	h.items, h.sizes = append(h.items, item), append(h.sizes, size)
	h.bytes += size
	n := 0
	for last := len(h.items) - 1; n < last && (len(h.items)-n > maxItems || h.bytes > maxBytes); n++ {
		h.bytes -= h.sizes[n]
	}
	dropped = append(dropped, h.items[:n]...)
	clear(h.items[:n]) // the array lives on, and what they held must not
	h.items, h.sizes = h.items[n:], h.sizes[n:]
	return dropped
}

// Cursor is a place in a robot's history: the last request that its owner has seen. The zero value is before the first. A
// number alone would not do, because after a Clear they start again.
type Cursor struct {
	Seq  int
	Time time.Time
}

// Cursor returns the place after this request.
func (q Request) Cursor() Cursor { return Cursor{q.Seq, q.Time} }

// is tells whether the cursor is the place after this request.
func (c Cursor) is(q Request) bool { return c.Seq == q.Seq && c.Time.Equal(q.Time) }

// RequestsAfter returns up to limit requests that follow the cursor, oldest first. It copies no more than these, so that many
// can follow a long history. Found is false when the request at the cursor is kept no longer, and then the oldest are returned.
func (r *Server) RequestsAfter(c Cursor, limit int) (requests []Request, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.requests.items
	from := 0
	if c.Seq != 0 && len(kept) > 0 {
		from = c.Seq - kept[0].Seq + 1
		found = 0 < from && from <= len(kept) && c.is(kept[from-1])
	}
	if !found {
		from, found = 0, c.Seq == 0
	}
	return append(requests, kept[from:min(from+limit, len(kept))]...), found
}

// itemSize is what an entry of a list or of a map takes, a string's header among it.
const itemSize = 64

// size is about what the request holds of memory.
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

// size counts the body twice: as it was sent, and as the strings that were read of it.
func (m *Message) size() int {
	n := 8*itemSize + 2*len(m.Raw) + itemSize*(len(m.At.Mobiles)+len(m.At.UserIDs)+len(m.Mentions)) + 2*itemSize*len(m.Unnotified)
	for _, missed := range m.Unnotified {
		n += len(missed.Reason)
	}
	if m.ActionCard != nil {
		n += itemSize * len(m.ActionCard.Buttons)
	}
	return n + itemSize*len(m.FeedCard)
}
