package webui

import (
	"fmt"
	"net/http"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// mark names the last request that a visitor has seen. A number alone would not do: after a Clear they begin anew.
type mark string

// nothing is the mark of an empty group.
const nothing mark = "0"

func newMark(c dingtalktest.Cursor) mark {
	if c.Seq == 0 {
		return nothing
	}
	return mark(fmt.Sprintf("%d-%d", c.Seq, c.Time.UnixNano()))
}

// cursor returns the place that a mark names. What is no mark names one that is never found.
func (m mark) cursor() dingtalktest.Cursor {
	var seq int
	var nanos int64
	if m == nothing {
		return dingtalktest.Cursor{}
	}
	if n, _ := fmt.Sscanf(string(m), "%d-%d", &seq, &nanos); n != 2 || seq <= 0 {
		return dingtalktest.Cursor{Seq: -1}
	}
	return dingtalktest.Cursor{Seq: seq, Time: time.Unix(0, nanos)}
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
