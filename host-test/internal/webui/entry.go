package webui

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// entry is one request in the list.
type entry struct {
	dingtalktest.Request
	Gap      bool // the time is shown above it
	Part     part
	markdown *markdownRenderer
	lang     *language
}

// CursorID names the request in an address.
func (e entry) CursorID() string { return formatCursor(e.Request.Cursor()) }

// Kind is what became of the request: message, repeat, refused or fault; or probe, the GET that a careful sender makes before
// it shows its token.
func (e entry) Kind() string {
	switch {
	case e.Method == http.MethodGet:
		return "probe"
	case e.Message != nil:
		return "message"
	case e.Duplicate:
		return "repeat"
	case e.Code != 0 && !e.Fault:
		return "refused"
	}
	return "fault"
}

// headlines are those of the kinds other than message.
var headlines = map[string]string{"repeat": "Repeated", "probe": "Probe", "refused": "Refused", "fault": "Not delivered"}

// Headline is that of the entry's kind.
func (e entry) Headline() string { return headlines[e.Kind()] }

// SenderSawError reports whether the sender of a message received something else than ok.
func (e entry) SenderSawError() bool { return e.Code != 0 || e.Fault }

// ResponseSummary is the response that the sender got.
func (e entry) ResponseSummary() string {
	switch {
	case e.Status == 0:
		return e.lang.t("nothing: the connection was closed")
	case e.Text == "":
		return e.lang.t("HTTP %d, an answer that is not the robot's", e.Status)
	case e.Code == 0 && e.Fault:
		return e.lang.t("HTTP %d, errcode 0 %s, cut short", e.Status, escapeInvisible(e.Text))
	}
	return fmt.Sprintf("HTTP %d, errcode %d %s", e.Status, e.Code, escapeInvisible(e.Text))
}

// Bubble is what the group sees. It is expensive: call it once.
func (e entry) Bubble() bubble { return newBubble(e.Message, e.markdown, e.lang) }

// rejectedBody is what the page shows of a body that the server may have rejected.
type rejectedBody struct {
	MsgType    string                   `json:"msgtype"`
	MsgUUID    string                   `json:"msgUuid"`
	Text       struct{ Content string } `json:"text"`
	Link       struct{ Title string }   `json:"link"`
	Markdown   struct{ Title string }   `json:"markdown"`
	ActionCard struct{ Title string }   `json:"actionCard"`
	FeedCard   struct {
		Links []struct{ Title string }
	} `json:"feedCard"`
}

// rejectedBody keeps the fields that can be decoded.
func (e entry) rejectedBody() (b rejectedBody) {
	_ = json.Unmarshal(e.Body, &b)
	return b
}

// RejectedSummary is a line about a message that is not in the group: its type, and its notification.
func (e entry) RejectedSummary() string {
	b := e.rejectedBody()
	title := b.Text.Content + b.Link.Title + b.Markdown.Title + b.ActionCard.Title
	if title == "" && len(b.FeedCard.Links) > 0 {
		title = b.FeedCard.Links[0].Title
	}
	title, _, _ = strings.Cut(strings.TrimSpace(title), "\n")
	if title == "" {
		return escapeInvisible(truncate(b.MsgType))
	}
	return escapeInvisible(truncate(b.MsgType) + ": " + truncate(title))
}

// truncate keeps what fits into a line.
func truncate(s string) string {
	const limit = 80
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}

// MsgUUID is that of the body, or "".
func (e entry) MsgUUID() string { return e.rejectedBody().MsgUUID }

// Timestamp compares the signed time with the robot's clock.
func (e entry) Timestamp() string {
	query, _ := url.ParseQuery(e.Query) // what can be read of a mangled one
	sent := query.Get("timestamp")
	if sent == "" {
		return e.lang.t("none")
	}
	ms, err := strconv.ParseInt(sent, 10, 64)
	if err != nil {
		return e.lang.t("%s: not a number of milliseconds", escapeInvisible(sent))
	}
	off := time.UnixMilli(ms).Sub(e.Time).Round(time.Millisecond)
	return e.lang.t("%d, %v off the robot's clock; an hour is allowed", ms, off)
}

// part is the position of a message that was split: Number of Total; First is the request of the first part. The zero part
// is a message that was not split.
type part struct{ Number, Total, First int }

// Next is the number of the part that follows.
func (p part) Next() int { return p.Number + 1 }

// series recognizes parts among the messages of a group. Refused requests do not interrupt it.
type series struct {
	msgType, title string
	part           part
}

// next returns which part a message is. A number without its predecessor is not a part but a title that happens to end so.
func (s *series) next(m *dingtalktest.Message, seq int) part {
	before := *s
	*s = series{}
	title, p := partNumber(m)
	switch {
	case p.Number == 1:
		p.First = seq
	case p.Number > 1 && before.continuesWith(m.MsgType, title, p):
		p.First = before.part.First
	default:
		return part{}
	}
	*s = series{msgType: m.MsgType, title: title, part: p}
	return p
}

// continuesWith compares titles by their ends, because senders put a missing keyword in front of a part.
func (s series) continuesWith(msgType, title string, p part) bool {
	return s.msgType == msgType && s.part.Total == p.Total && s.part.Next() == p.Number &&
		(strings.HasSuffix(title, s.title) || strings.HasSuffix(s.title, title))
}

var partRE = regexp.MustCompile(`^(|.* )\(([1-9]\d?)/([1-9]\d?)\)$`)

// partNumber finds "(2/3)" at the end of a Markdown title, or of a text's first line.
func partNumber(m *dingtalktest.Message) (title string, p part) {
	line := m.Title
	switch m.MsgType {
	case "text":
		line, _, _ = strings.Cut(m.Text, "\n")
	case "markdown":
	default:
		return "", part{}
	}
	found := partRE.FindStringSubmatch(line)
	if found == nil {
		return "", part{}
	}
	p.Number, _ = strconv.Atoi(found[2]) // one or two digits
	p.Total, _ = strconv.Atoi(found[3])
	if p.Number > p.Total || p.Total < 2 {
		return "", part{}
	}
	return strings.TrimSpace(found[1]), p
}

// reader makes entries of the server's history, one at a time. Between two it holds only its position, so many visitors can
// read a long history slowly. An entry depends on those before it.
type reader struct {
	page       *page
	lang       *language
	lastCursor dingtalktest.Cursor
	series     series
}

// readAfter returns a reader of what follows the cursor. If the server forgot that request, found is false and the reader
// begins with the oldest one.
func (p *page) readAfter(c dingtalktest.Cursor, lang *language) (r *reader, found bool) {
	r = &reader{page: p, lang: lang}
	if _, found = p.fake.RequestsAfter(c, 0); !found {
		return r, false
	}
	for r.lastCursor.Seq < c.Seq {
		if _, more, _ := r.next(); !more {
			break
		}
	}
	return r, true
}

// next returns the next entry. If the server forgot the last one, found is false and the entry is the oldest.
func (r *reader) next() (e entry, more, found bool) {
	requests, found := r.page.fake.RequestsAfter(r.lastCursor, 1)
	if !found {
		*r = reader{page: r.page, lang: r.lang}
	}
	if len(requests) == 0 {
		return entry{}, false, found
	}
	q := requests[0]
	e = entry{Request: q, markdown: r.page.markdown, lang: r.lang, Gap: r.lastCursor.Seq == 0 || gapBefore(r.lastCursor.Time, q.Time)}
	if q.Message != nil {
		e.Part = r.series.next(q.Message, q.Seq)
	}
	r.lastCursor = q.Cursor()
	return e, true, found
}

// gapBefore reports whether the group was silent for so long that DingTalk shows the time again.
func gapBefore(last, now time.Time) bool {
	return now.Sub(last).Abs() > 5*time.Minute || last.YearDay() != now.YearDay()
}

// upTo yields entries up to that request, or until the position is lost.
func (r *reader) upTo(last dingtalktest.Cursor) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for r.lastCursor.Seq < last.Seq {
			if e, more, found := r.next(); !more || !found || !yield(e) {
				return
			}
		}
	}
}
