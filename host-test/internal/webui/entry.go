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

// entry is one request as it stands in the group.
type entry struct {
	dingtalktest.Request
	Pause   bool // the time is shown above it
	Part    part
	painter *painter
}

// paused tells whether the group was silent for so long that DingTalk shows the time again.
func paused(before, now time.Time) bool {
	return now.Sub(before).Abs() > 5*time.Minute || before.YearDay() != now.YearDay()
}

// Mark names the request in an address.
func (e entry) Mark() mark { return newMark(e.Request.Cursor()) }

// Kind says what became of the request: message, repeat, refused or fault; or
// that it was only asked whether anybody is there, which a careful sender does
// before it shows its token.
func (e entry) Kind() string {
	switch {
	case e.Method == http.MethodGet:
		return "asked"
	case e.Message != nil:
		return "message"
	case e.Duplicate:
		return "repeat"
	case e.Code != 0 && !e.faulty():
		return "refused"
	}
	return "fault"
}

// Headline names the kinds other than message.
func (e entry) Headline() string {
	switch e.Kind() {
	case "repeat":
		return "Repeated"
	case "asked":
		return "Asked whether anybody is there"
	case "refused":
		return "Refused"
	}
	return "Not delivered"
}

// Doubtful tells that the sender of a message was told something else than ok.
func (e entry) Doubtful() bool {
	return e.Status != http.StatusOK || e.Code != 0 || e.Text == "" || e.faulty()
}

// faulty finds the word with which the robot notes that a fault was scripted.
func (e entry) faulty() bool {
	return strings.HasPrefix(e.Explanation, "fault: ") || strings.Contains(e.Explanation, "; fault: ")
}

// Told is the answer that the sender got.
func (e entry) Told() string {
	switch {
	case e.Status == 0:
		return "nothing: the connection was closed"
	case e.Text == "":
		return fmt.Sprintf("HTTP %d, an answer that is not the robot's", e.Status)
	case e.Code == 0 && e.faulty():
		return fmt.Sprintf("HTTP %d, errcode 0 %s, cut short", e.Status, visible(e.Text))
	}
	return fmt.Sprintf("HTTP %d, errcode %d %s", e.Status, e.Code, visible(e.Text))
}

// Why is the robot's explanation. It can quote the sender.
func (e entry) Why() string { return visible(e.Explanation) }

// Size is that of the body, in bytes.
func (e entry) Size() int { return len(e.Body) }

// Bubble is what the group sees. It takes a while to make: ask once.
func (e entry) Bubble() bubble { return newBubble(e.Message, e.painter) }

// fact is one line behind a message.
type fact struct{ Name, Value string }

// Facts are what was checked, in the order of the checks.
func (e entry) Facts() []fact {
	facts := []fact{
		{"Answer", e.Told()},
		{"Explanation", e.Why()},
		{"Access token", map[bool]string{true: "the robot's", false: "not the robot's"}[e.TokenKnown]},
		{"Signature", e.signature()},
		{"Timestamp", e.timestamp()},
	}
	if m := e.Message; m != nil {
		facts = append(facts,
			fact{"Keyword", orElse(visible(m.Keyword), "none asked for")},
			fact{"Minute", fmt.Sprintf("message %d within a minute; DingTalk takes 20", m.MinuteIndex)})
	}
	return append(facts, fact{"msgUuid", orElse(visible(e.attempt().MsgUUID), "none")})
}

func (e entry) signature() string {
	switch {
	case e.SignVerified:
		return "verified"
	case e.Message != nil:
		return "none asked for"
	}
	return "not verified"
}

// timestamp compares what was signed with the robot's clock.
func (e entry) timestamp() string {
	query, _ := url.ParseQuery(e.Query) // what can be read of a mangled one
	sent := query.Get("timestamp")
	if sent == "" {
		return "none"
	}
	ms, err := strconv.ParseInt(sent, 10, 64)
	if err != nil {
		return fmt.Sprintf("%s: not a number of milliseconds", visible(sent))
	}
	off := time.UnixMilli(ms).Sub(e.Time).Round(time.Millisecond)
	return fmt.Sprintf("%d, %v off the robot's clock; an hour is allowed", ms, off)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// attempt is what can be told of a body that the robot may have refused.
type attempt struct {
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

// attempt keeps what fits of a body that is wrong somewhere.
func (e entry) attempt() (a attempt) {
	_ = json.Unmarshal(e.Body, &a)
	return a
}

// Attempt is a line about a message that did not get into the group: its type, and how it would have been announced.
func (e entry) Attempt() string {
	a := e.attempt()
	title := a.Text.Content + a.Link.Title + a.Markdown.Title + a.ActionCard.Title
	if title == "" && len(a.FeedCard.Links) > 0 {
		title = a.FeedCard.Links[0].Title
	}
	title, _, _ = strings.Cut(strings.TrimSpace(title), "\n")
	if title == "" {
		return visible(brief(a.MsgType))
	}
	return visible(brief(a.MsgType) + ": " + brief(title))
}

// brief keeps what fits into a line.
func brief(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// part is the place of a message that was split: Number of Total, beginning with the request First. A message of its own is
// the zero part.
type part struct{ Number, Total, First int }

// Open tells that another part follows.
func (p part) Open() bool { return p.Number < p.Total }

// Continues tells that a part went before.
func (p part) Continues() bool { return p.Number > 1 }

// Next is the number of the part that follows.
func (p part) Next() int { return p.Number + 1 }

// series follows the messages of a group and recognises parts. What was refused in between does not interrupt it.
type series struct {
	kind, title string
	part        part
}

// next returns which part a message is. A number that follows no number before it is not a part but a title that happens to
// end so.
func (s *series) next(m *dingtalktest.Message, seq int) part {
	before := *s
	*s = series{}
	title, p := numbered(m)
	switch {
	case p.Number == 1:
		p.First = seq
	case p.Number > 1 && before.goesOn(m.MsgType, title, p):
		p.First = before.part.First
	default:
		return part{}
	}
	*s = series{kind: m.MsgType, title: title, part: p}
	return p
}

// goesOn compares titles by their ends: a part that lacks the robot's keyword has it put in front.
func (s series) goesOn(kind, title string, p part) bool {
	return s.kind == kind && s.part.Total == p.Total && s.part.Next() == p.Number &&
		(strings.HasSuffix(title, s.title) || strings.HasSuffix(s.title, title))
}

var number = regexp.MustCompile(`^(|.* )\(([1-9]\d?)/([1-9]\d?)\)$`)

// numbered looks for "(2/3)" where a sender puts it: at the end of a Markdown title, or of a text's first line.
func numbered(m *dingtalktest.Message) (title string, p part) {
	line := m.Title
	switch m.MsgType {
	case "text":
		line, _, _ = strings.Cut(m.Text, "\n")
	case "markdown":
	default:
		return "", part{}
	}
	found := number.FindStringSubmatch(line)
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
