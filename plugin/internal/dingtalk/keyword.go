package dingtalk

import "strings"

// ParseKeywords reads a list of keywords with commas between them, Latin or
// Chinese ones.
func ParseKeywords(s string) (keywords []string) {
	for _, part := range strings.Split(strings.ReplaceAll(s, "，", ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			keywords = append(keywords, part)
		}
	}
	return keywords
}

// findKeyword returns the keyword that a message of that text contains, or the
// one that must be added to it; "" when the robot has none. DingTalk looks for
// any of them in title and text
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings);
// a feed card's entries have titles, too.
func findKeyword(keywords []string, m *Message, text string) (keyword string, found bool) {
	for _, keyword := range keywords {
		if strings.Contains(m.Title, keyword) || strings.Contains(text, keyword) {
			return keyword, true
		}
		for _, link := range m.Links {
			if m.Kind == FeedCard && strings.Contains(link.Title, keyword) {
				return keyword, true
			}
		}
	}
	if len(keywords) == 0 {
		return "", true
	}
	return keywords[0], false
}
