package main

import (
	"regexp"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// words are the placeholders of cases.json, and what each stands for. <token> is
// the configured one.
var words = map[string]string{
	"<uuid>":      `[0-9a-f]{32}`,
	"<timestamp>": `[0-9]{13}`,
	"<sign>":      `[A-Za-z0-9%]+`,
	"<text>":      `(?s:.*)`,
}

var placeholder = regexp.MustCompile(`<[a-z]+>`)

// settle returns got with placeholders where want has them and they fit, so that
// what differs afterwards is a difference.
func settle(want, got any, s *protocol.Settings) any {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			settled := map[string]any{}
			for name, member := range got {
				settled[name] = settle(want[name], member, s)
			}
			return settled
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			settled := make([]any, len(got))
			for i := range got {
				settled[i] = settle(want[i], got[i], s)
			}
			return settled
		}
	case string:
		if stands(want, got, s) {
			return want
		}
	}
	return got
}

// stands tells whether got is what the text with placeholders stands for.
func stands(want string, got any, s *protocol.Settings) bool {
	if number, ok := got.(float64); ok {
		return want == "<number>" && number > 0 || want == "<seconds>" && number >= 1 && number <= 600
	}
	text, ok := got.(string)
	if !ok || !strings.Contains(want, "<") {
		return false
	}
	pattern := placeholder.ReplaceAllStringFunc(regexp.QuoteMeta(want), func(word string) string {
		if word == "<token>" {
			return regexp.QuoteMeta(accessToken(s.Config))
		}
		if meaning, known := words[word]; known {
			return meaning
		}
		return word
	})
	return regexp.MustCompile("^" + pattern + "$").MatchString(text)
}
