package webui

import (
	"iter"

	"dingtalk-plugin/host-test/dingtalktest"
)

// reader makes entries of the robot's history, one at a time. Between two it holds no more than its place, so that many
// visitors can read a long history slowly. An entry depends on those before it.
type reader struct {
	page   *page
	last   dingtalktest.Cursor
	series series
}

// readAfter returns a reader of what follows the cursor. Found is false when that place is kept no longer; the reader then
// begins with the oldest request.
func (p *page) readAfter(c dingtalktest.Cursor) (r *reader, found bool) {
	r = &reader{page: p}
	if _, found = p.robot.RequestsAfter(c, 0); !found {
		return r, false
	}
	for r.last.Seq < c.Seq {
		if _, more, _ := r.next(); !more {
			break
		}
	}
	return r, true
}

// next returns the next entry. Found is false when the place was lost meanwhile: the entry is then the oldest that is kept.
func (r *reader) next() (e entry, more, found bool) {
	requests, found := r.page.robot.RequestsAfter(r.last, 1)
	if !found {
		*r = reader{page: r.page}
	}
	if len(requests) == 0 {
		return entry{}, false, found
	}
	return r.entry(requests[0]), true, found
}

func (r *reader) entry(q dingtalktest.Request) entry {
	e := entry{Request: q, painter: r.page.painter, Pause: r.last.Seq == 0 || paused(r.last.Time, q.Time)}
	if q.Message != nil {
		e.Part = r.series.next(q.Message, q.Seq)
	}
	r.last = q.Cursor()
	return e
}

// upTo goes on to that request, or ends where the place is lost.
func (r *reader) upTo(last dingtalktest.Cursor) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for r.last.Seq < last.Seq {
			if e, more, found := r.next(); !more || !found || !yield(e) {
				return
			}
		}
	}
}
