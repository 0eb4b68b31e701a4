package dingtalk

import (
	"math"
	"strings"
	"testing"
)

func TestFixMarkdown(t *testing.T) {
	for _, test := range []struct {
		name     string
		rule     func(text string, limit int) string
		in, want string
	}{
		{"written newline", func(s string, n int) string { return mapMarkdown(s, n, prose, fixBackslashN) }, `a\nb`, "a\nb"},
		{"in code", func(s string, n int) string { return mapMarkdown(s, n, prose, fixBackslashN) }, "`a\\nb` c\\nd", "`a\\nb` c\nd"},
		{"in a fence", func(s string, n int) string { return mapMarkdown(s, n, prose, fixBackslashN) }, "```\na\\nb\n```\nc\\nd", "```\na\\nb\n```\nc\nd"},
		{"open backtick", func(s string, n int) string { return mapMarkdown(s, n, prose, fixBackslashN) }, "it`s a\\nb", "it`s a\nb"},
		{"angle in a fence", func(s string, n int) string { return mapMarkdown(s, n, fenced, fixAngles) }, "<b>\n```\na < b\n```\n<i>", "<b>\n```\na &lt; b\n```\n<i>"},
		{"table's rule", fixTables, "| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table without one", fixTables, "| a | b |\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table in a fence", fixTables, "```\n| a |\n|---|\n```", "```\n| a |\n|---|\n```"},
		{"a lone row", fixTables, "| a |", "| a |"},
		{"line break", fixLineBreaks, "a\nb\n\nc", "a  \nb\n\nc"},
		{"already two blanks", fixLineBreaks, "a  \nb", "a  \nb"},
		{"heading, table, fence", fixLineBreaks, "# a\nb\n```\nc\nd\n```", "# a\nb\n```\nc\nd\n```"},
		{"all", FixMarkdown, "x\\ny", "x  \ny"},
		{"nothing to fix", FixMarkdown, "# a\n\nb", "# a\n\nb"},
	} {
		if got := test.rule(test.in, MaxBody); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Fixed line breaks need no fix.
func FuzzFixMarkdown(f *testing.F) {
	f.Add("a\nb\n```go\nx<y\n```\n|a|b|\n|1|2|")
	f.Fuzz(func(t *testing.T, text string) {
		once := fixLineBreaks(text, math.MaxInt)
		if again := fixLineBreaks(once, math.MaxInt); again != once {
			t.Errorf("%q became %q, then %q", text, once, again)
		}
		FixMarkdown(text, MaxBody)
	})
}

// A text that fixes would make too long is given up at its limit, before it
// takes several times the memory.
func TestFixMarkdownIsBounded(t *testing.T) {
	const limit = 2 * MaxBody
	for _, test := range []struct {
		text string
		fits bool
	}{
		{strings.Repeat("x", limit), true},
		{strings.Repeat(`\n`, limit/2), true},
		{"|a|\n" + strings.Repeat("|", limit-10) + "-|", true}, // no table, because no body can hold that row
		{"|a|\n" + strings.Repeat("|", MaxBody-2) + "-|", false},
		{strings.Repeat("|-|\n", limit/4), false},
		{strings.Repeat("x\n", limit/2), false},
		{"```\n" + strings.Repeat("<", limit-4), false},
		{"x\ny", true},
	} {
		if got := FixMarkdown(test.text, limit); len(got) > limit || (got != "") != test.fits {
			t.Errorf("%.20q of %d bytes: got %d bytes", test.text, len(test.text), len(got))
		}
	}
}

func TestCodeScanner(t *testing.T) {
	for _, test := range []struct{ text, want string }{ // with code in « »
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

// Code comes in order, a span has as many backticks at both ends, and the fences
// are those of findFences.
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
			if c.kind == fenced {
				if len(fences) == 0 || fences[0].open != c.from || fences[0].to > c.to {
					t.Fatalf("%q: fence %v, want the first of %v", text, c, fences)
				}
				fences = fences[1:]
				continue
			}
			span := text[c.from:c.to]
			left, right := len(span)-len(strings.TrimLeft(span, "`")), len(span)-len(strings.TrimRight(span, "`"))
			if left != right || left == 0 || left == len(span) {
				t.Fatalf("%q: %q is not a span", text, span)
			}
		}
		if len(fences) > 0 {
			t.Fatalf("%q: fences %v are not found", text, fences)
		}
	})
}
