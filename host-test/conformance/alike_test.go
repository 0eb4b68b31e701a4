package main

import (
	"strings"
	"testing"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// What two runtimes may differ in is masked, and nothing else.
func TestTranscript(t *testing.T) {
	play := func(key any, query, body, text string) string {
		c := &call{Tool: "t", Arguments: map[string]any{"idempotencyKey": key}}
		answer := &protocol.Answer{Output: `{"content":[{"type":"text","text":"` + text + `"}]}`}
		return transcript(c, answer, []seen{{method: "POST", query: query, body: body}})
	}
	const one, other = "0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdef"
	base := play(nil, "a=b&timestamp=1&sign=x%2B", `{"u":"`+one+`"}`, "Wait 1 seconds")
	for name, alike := range map[string]string{
		"time":       play(nil, "a=b&timestamp=2&sign=y", `{"u":"`+one+`"}`, "Wait 1 seconds"),
		"identifier": play(nil, "a=b&timestamp=1&sign=x", `{"u":"`+other+`"}`, "Wait 1 seconds"),
		"seconds":    play(nil, "a=b&timestamp=1&sign=x", `{"u":"`+one+`"}`, "Wait 59 seconds"),
	} {
		if alike != base {
			t.Errorf("%s: %s", name, diff(base, alike))
		}
	}
	for name, unlike := range map[string]string{
		"query":      play(nil, "a=c&timestamp=1&sign=x", `{"u":"`+one+`"}`, "Wait 1 seconds"),
		"body":       play(nil, "a=b&timestamp=1&sign=x", `{"u": "`+one+`"}`, "Wait 1 seconds"),
		"text":       play(nil, "a=b&timestamp=1&sign=x", `{"u":"`+one+`"}`, "Wait 1 second"),
		"identifier": play("k", "a=b&timestamp=1&sign=x", `{"u":"`+other+`"}`, "Wait 1 seconds"),
	} {
		if unlike == base {
			t.Errorf("%s: not seen in %s", name, base)
		}
	}
	if !strings.Contains(base, `{"u":"<identifier>"}`) {
		t.Errorf("the body is not in %s", base)
	}
}
