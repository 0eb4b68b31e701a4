package page

import (
	"fmt"
	"net/http"

	"dingtalk-plugin/host-test/robot"
)

// mark names the last request that a visitor has seen. A number alone would not do: after a Clear they begin anew.
type mark string

// nothing is the mark of an empty group.
const nothing mark = "0"

func newMark(q robot.Request) mark { return mark(fmt.Sprintf("%d-%d", q.Seq, q.Time.UnixNano())) }

func newestMark(requests []robot.Request) mark {
	if len(requests) == 0 {
		return nothing
	}
	return newMark(requests[len(requests)-1])
}

// visitorsMark prefers what the browser says when it connects again over what the page was drawn with.
func visitorsMark(req *http.Request) mark {
	if id := req.Header.Get("Last-Event-ID"); id != "" {
		return mark(id)
	}
	if after := req.FormValue("after"); after != "" {
		return mark(after)
	}
	return nothing
}

// after returns the index of the first request that the visitor has not seen. Known is false when the one last seen is gone,
// so that all must be drawn anew.
func (m mark) after(requests []robot.Request) (from int, known bool) {
	for i := len(requests); i > 0; i-- {
		if newMark(requests[i-1]) == m {
			return i, true
		}
	}
	return 0, m == nothing
}
