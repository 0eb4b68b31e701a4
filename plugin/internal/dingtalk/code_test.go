package dingtalk

import (
	"strings"
	"testing"
)

func TestCodeScanner(t *testing.T) {
	for _, test := range []struct{ text, want string }{ // code stands between « and »
		{"a `b` c", "a «`b`» c"},
		{"a ``b ` c`` d", "a «``b ` c``» d"},
		{"a `b", "a `b"},
		{"a ` b `` c ` d", "a «` b `` c `» d"},
		{"`a\nb` c", "«`a\nb`» c"},
		{"`a\n\nb` c", "`a\n\nb` c"},
		{"`a\n \t\nb `c`", "`a\n \t\nb «`c`»"},
		{"a\n```go\nb`c\n```\nd `e`", "a\n«```go\nb`c\n```\n»d «`e`»"},
		{"`a\n```\nb\n```\nc`", "`a\n«```\nb\n```\n»c`"},
		{"~~~\n```\n~~~\n`a`", "«~~~\n```\n~~~\n»«`a`»"},
		{"```\na", "«```\na»"},
		{"```a``` b", "«```a```» b"},
		{"    ```\n`a`", "    ```\n«`a`»"},
		{strings.Repeat("`", 40) + "a" + strings.Repeat("`", 40), strings.Repeat("`", 40) + "a" + strings.Repeat("`", 40)},
		{"", ""},
	} {
		var got strings.Builder
		done := 0
		codes := codeScanner{text: test.text}
		for c := codes.next(); c.from < len(test.text); c = codes.next() {
			got.WriteString(test.text[done:c.from] + "«" + test.text[c.from:c.to] + "»")
			done = c.to
		}
		got.WriteString(test.text[done:])
		if got.String() != test.want {
			t.Errorf("got %q, want %q", got.String(), test.want)
		}
	}
}

// Code comes in order, a span is between as many backticks on both sides, and
// the fences are those that findFences finds.
func FuzzCode(f *testing.F) {
	f.Add("a `b` ``c`\n```go\nd\n```\n~~~\ne")
	f.Fuzz(func(t *testing.T, text string) {
		fences := findFences(text, true).list
		codes := codeScanner{text: text}
		at := 0
		for c := codes.next(); c.from < len(text); c = codes.next() {
			if c.from < at || c.to <= c.from || c.to > len(text) {
				t.Fatalf("%q: %v behind %d", text, c, at)
			}
			at = c.to
			if c.fenced {
				if len(fences) == 0 || fences[0].from != c.from+len(fences[0].line) || fences[0].to > c.to {
					t.Fatalf("%q: fence %v, want the first of %v", text, c, fences)
				}
				fences = fences[1:]
				continue
			}
			span := text[c.from:c.to]
			left, right := len(span)-len(strings.TrimLeft(span, "`")), len(span)-len(strings.TrimRight(span, "`"))
			if left != right || left == 0 || left == len(span) {
				t.Fatalf("%q: %q is no span", text, span)
			}
		}
		if len(fences) > 0 {
			t.Fatalf("%q: fences %v are not found", text, fences)
		}
	})
}
