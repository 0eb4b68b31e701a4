package dingtalktest

import (
	"fmt"
	"strings"
	"unicode"
)

// RenderText returns what the group sees of a message, for a terminal: a line with the title of the notification, the body,
// buttons and links, who is not notified and why, and a line with what was checked. It ends with a line break and holds no
// control characters of the sender's.
func RenderText(m Message) string {
	lines := []string{fmt.Sprintf("┌ robot  %s  [%s]  %s", m.Time.Format("15:04:05"), m.MsgType, brief(m.NotificationTitle))}
	for _, line := range m.content() {
		lines = append(lines, "│ "+line)
	}
	for _, missed := range m.Unnotified {
		lines = append(lines, fmt.Sprintf("├ not notified: %s (%s)", missed.Who, missed.Reason))
	}
	lines = append(lines, "└ "+m.summary())
	for i := range lines {
		lines[i] = strings.TrimRight(printable(lines[i]), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// RenderRequest returns what became of a request, for a terminal: a message as RenderText does, and what is not in the group in
// a line. It holds no control characters of the sender's.
func RenderRequest(q Request) string {
	if q.Message != nil {
		return RenderText(*q.Message)
	}
	return printable(fmt.Sprintf("%s %s: %d %s (%s)",
		clip(q.Method, 20), clip(q.Path, 60), q.Code, clip(q.Text, 200), clip(q.Explanation, 300))) + "\n"
}

// content is the bubble, without the title: DingTalk shows that of a markdown message in the notification only.
func (m Message) content() (lines []string) {
	if m.Text != "" {
		text := strings.ReplaceAll(strings.TrimRight(m.Text, "\r\n"), "\r\n", "\n")
		lines = strings.Split(text, "\n")
	}
	if m.Link != nil {
		lines = append(lines, "→ "+m.Link.MessageURL)
		if m.Link.PicURL != "" {
			lines = append(lines, "picture "+m.Link.PicURL)
		}
	}
	if m.ActionCard != nil {
		for _, b := range m.ActionCard.Buttons {
			lines = append(lines, fmt.Sprintf("[ %s ] → %s", b.Title, b.URL))
		}
	}
	for _, l := range m.FeedCard {
		lines = append(lines, "• "+l.Title+" → "+l.MessageURL, "  picture "+l.PicURL)
	}
	return lines
}

func (m Message) summary() string {
	facts := []string{"notifies nobody"}
	if len(m.Mentions) > 0 {
		facts[0] = "notifies " + strings.Join(m.Mentions, ", ")
	}
	if m.Signed {
		facts = append(facts, "signature verified")
	}
	if m.Keyword != "" {
		facts = append(facts, fmt.Sprintf("keyword %q", m.Keyword))
	}
	return strings.Join(append(facts, fmt.Sprintf("%d of %d bytes", len(m.Raw), maxBody)), " · ")
}

// brief keeps a title within a terminal's width, more or less: a Chinese character is two columns wide.
func brief(title string) string { return clip(title, 60) }

func clip(s string, limit int) string {
	for i := range s {
		if limit--; limit < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// printable defuses what could move the cursor, color the terminal, reverse the line or hide in it. The joiners of emoji stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return '�'
		}
		return r
	}, strings.ReplaceAll(s, "\t", "    "))
}
