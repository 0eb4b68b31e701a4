package dingtalktest

import (
	"fmt"
	"strings"
	"unicode"
)

// RenderText formats a message for a terminal: the notification title, the body, its buttons and links, who is not notified
// and why, and what was checked. The text ends with a line break and contains no control characters of the sender's.
func RenderText(m Message) string {
	lines := []string{fmt.Sprintf("┌ robot  %s  [%s]  %s", m.Time.Format("15:04:05"), m.MsgType, clip(m.NotificationTitle, 60))}
	for _, line := range m.content() {
		lines = append(lines, "│ "+line)
	}
	for _, u := range m.Unnotified {
		lines = append(lines, fmt.Sprintf("├ not notified: %s (%s)", u.Who, u.Reason))
	}
	lines = append(lines, "└ "+m.summary())
	for i := range lines {
		lines[i] = strings.TrimRight(printable(lines[i]), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// RenderRequest formats a request for a terminal: like RenderText if it was accepted, otherwise as a line with the answer and
// its reason. The text contains no control characters of the sender's.
func RenderRequest(q Request) string {
	if q.Message != nil {
		return RenderText(*q.Message)
	}
	return printable(fmt.Sprintf("%s %s: %d %s (%s)",
		clip(q.Method, 20), clip(q.Path, 60), q.Code, clip(q.Text, 200), clip(q.Explanation, 300))) + "\n"
}

// content returns the lines of the message without its title, which DingTalk shows only in the notification.
func (m Message) content() (lines []string) {
	if m.Text != "" {
		lines = strings.Split(strings.ReplaceAll(strings.TrimRight(m.Text, "\r\n"), "\r\n", "\n"), "\n")
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
	return strings.Join(append(facts, fmt.Sprintf("%d of %d bytes", len(m.Raw), maxMessageBytes)), " · ")
}

func clip(s string, limit int) string {
	for i := range s {
		if limit--; limit < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// printable replaces characters that a terminal obeys or does not show. It keeps the joiners that emoji need.
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
