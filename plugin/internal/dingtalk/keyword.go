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

// missingKeyword returns the keyword that must be added to a message with that
// title and text, or "" when it contains one or the robot has none. DingTalk
// looks for any of them in title and text
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings).
func missingKeyword(keywords []string, title, text string) string {
	for _, keyword := range keywords {
		if strings.Contains(title, keyword) || strings.Contains(text, keyword) {
			return ""
		}
	}
	if len(keywords) == 0 {
		return ""
	}
	return keywords[0]
}
