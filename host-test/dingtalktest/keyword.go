package dingtalktest

import (
	"slices"
	"strings"
)

// keyword searches title and text, which is what long-used senders rely on (https://github.com/blinkbean/dingtalk adds the
// keyword to the title alone). guess: a plain substring, in its exact case; addresses and buttons do not count.
func (v *visit) keyword() *refusal {
	asked := false
	for _, word := range v.opts.Keywords {
		if word == "" {
			continue
		}
		if asked = true; strings.Contains(v.message.searched(), word) {
			v.message.Keyword = word
			return nil
		}
	}
	if !asked {
		return nil
	}
	return refuse(noKeyword, "neither title nor text has one of the robot's keywords")
}

// searched is the text in which a keyword counts.
func (m *Message) searched() string {
	parts := []string{m.Title, m.Text}
	for _, l := range m.FeedCard {
		parts = append(parts, l.Title)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}
