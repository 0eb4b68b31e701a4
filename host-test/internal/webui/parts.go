package webui

import (
	"regexp"
	"strconv"
	"strings"

	"dingtalk-plugin/host-test/dingtalktest"
)

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
