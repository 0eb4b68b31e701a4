package dingtalk

import (
	"math"
	"strings"
	"testing"
)

func TestFixMarkdown(t *testing.T) {
	fix := func(s string, n int) string { return FixMarkdown(s, n, false) }
	phone := func(s string, n int) string { return FixMarkdown(s, n, true) }
	newline, comments, tildes := proseRule(fixBackslashN), proseRule(dropComments), proseRule(dropTildes)
	for _, test := range []struct {
		name     string
		rule     func(text string, limit int) string
		in, want string
	}{
		{"written newline", newline, `a\nb`, "a\nb"},
		{"of Windows", newline, `a\r\nb\n\nc`, "a\nb\n\nc"},
		{"before a sign or a capital", newline, `a\n- b\nC`, "a\n- b\nC"},
		{"behind a colon", newline, `note:\nabc`, "note:\nabc"},
		{"path", newline, `see C:\new and D:\data\notes`, `see C:\new and D:\data\notes`},
		{"path in quotes and in Chinese", newline, `"C:\new" 打开C:\new`, `"C:\new" 打开C:\new`},
		{"path of a share", newline, `\\host\new`, `\\host\new`},
		{"TeX", newline, `$\nabla f \neq \nu$`, `$\nabla f \neq \nu$`},
		{"escaped backslash", newline, `a\\nb`, `a\\nb`},
		{"in code", newline, "`a\\nb` c\\nd", "`a\\nb` c\nd"},
		{"in a fence", newline, "```\na\\nb\n```\nc\\nd", "```\na\\nb\n```\nc\nd"},
		{"open backtick", newline, "it`s a\\nb", "it`s a\nb"},
		{"angles", fixAngles, "a < b\n```\na < b\n```\n`<i>` <b>", "a &lt; b\n```\na &lt; b\n```\n`&lt;i>` &lt;b>"},
		{"color", fixAngles, `<font color="#f00">a</font> <FONT size=1>`, `<font color="#f00">a</font> <FONT size=1>`},
		{"no color", fixAngles, "<font <b> <fontx> </fonts>", "&lt;font &lt;b> &lt;fontx> &lt;/fonts>"},
		{"address", fixAngles, "<https://a.b/c> <http://a> <https://a b> <ftp://a>", "<https://a.b/c> <http://a> &lt;https://a b> &lt;ftp://a>"},
		{"break", fixAngles, "a<br>b<br/>c<BR />d<brx>", "a\nb\nc\nd&lt;brx>"},
		{"break in a table", fixAngles, "|a<br>b|c<br>d|\ne<br>f", "|a b|c d|\ne\nf"},
		{"table's rule", fixTables, "| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table without one", fixTables, "| a | b |\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table in a fence", fixTables, "```\n| a |\n|---|\n```", "```\n| a |\n|---|\n```"},
		{"a lone row", fixTables, "| a |", "| a |"},
		{"line break", fixLineBreaks, "a\nb\n\nc", "a  \nb\n\nc"},
		{"already two blanks", fixLineBreaks, "a  \nb", "a  \nb"},
		{"heading, table, fence", fixLineBreaks, "# a\nb\n```\nc\nd\n```", "# a\nb\n```\nc\nd\n```"},
		{"comment", comments, "a<!-- b -->c <!-- d\n-->e", "ac e"},
		{"open comment, comment in code", comments, "`<!-- a -->` <!-- b", "`<!-- a -->` <!-- b"},
		{"comments of nothing", comments, "a<!-->b<!--->c-->d", "abc-->d"},
		{"strikethrough", tildes, "~~a~~ `~~b~~`\n~~~\n~~c~~\n~~~", "a `~~b~~`\n~~~\n~~c~~\n~~~"},
		{"tasks", fixTasks, "- [x] a\n  * [ ] b\n+ [X] c", "- ☑ a\n  * ☐ b\n+ ☑ c"},
		{"no tasks", fixTasks, "- [y] a\n- [x](b)\n[x] c\n```\n- [x] d\n```", "- [y] a\n- [x](b)\n[x] c\n```\n- [x] d\n```"},
		{"table as a list", listTables, "t\n| a | **b** |\n|---|:-:|\n| 1 | 2 |\n| 3 | |\ne", "t\n\n\n- **a**: 1\n- **b**: 2\n\n- **a**: 3\n- **b**: \n\ne"},
		{"table without a rule", listTables, "|a|\n|1|", "\n- **a**: 1\n"},
		{"more cells than heads, escaped", listTables, "|a|\n|-|\n|1\\|2|3|", "\n\n- **a**: 1\\|2\n- 3\n"},
		{"a head alone, then a row", listTables, "|a|b|\n|-|-|\n\n|c|", "\n|a|b|\n\n|c|"},
		{"a column without cells, a rule at the end", listTables, "|a|b|\n|-|-|\n|1|\n|2|\n|-|-|", "\n\n- **a**: 1\n- **b**: \n\n- **a**: 2\n\n"},
		{"two tables", listTables, "|a|\n|1|\n\n|b|\n|2|", "\n- **a**: 1\n\n\n\n- **b**: 2\n"},
		{"lone row, table in a fence", listTables, "|a|\n\n```\n|a|\n|-|\n```", "|a|\n\n```\n|a|\n|-|\n```"},
		{"all", fix, "x\\ny <!-- ~~", "x  \ny &lt;!-- ~~"},
		{"all for phones", phone, "~~x~~\\n- [ ] y <br>z\n|a|\n|-|\n|1|", "x  \n- ☐ y  \nz\n\n\n- **a**: 1\n"},
		{"nothing to fix", phone, "# a\n\nb", "# a\n\nb"},
	} {
		if got := test.rule(test.in, MaxBody); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// What was fixed for phones needs no other fix.
func TestShownWrongly(t *testing.T) {
	const text = "~~a~~\\nb <i>\n- [x] c\n<!-- d -->\n|e|\n|-|\n|1|"
	want := "HTML comments, strikethrough, a written \\n, HTML or <, task lists, tables, table rules other than :-:, single line breaks"
	if got := strings.Join(shownWrongly(text), ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := shownWrongly(FixMarkdown(text, MaxBody, true)); got != nil {
		t.Errorf("after the fixes: %q", got)
	}
}

// Fixed line breaks need no fix, and fixes for phones lose no letter or digit, except
// what a comment, a break, a written newline or a task's box consists of.
func FuzzFixMarkdown(f *testing.F) {
	for _, text := range []string{"a\nb\n```go\nx<y\n```\n|a|b|\n|1|2|", "|a|b|\n|-|-|\n\n|c|", "|a|\n|-|\n|-|", "|a|b|\n|1|\n~~c~~\n~~~\nd~~\n", "|a\\|b|\n|c\\|"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := fixLineBreaks(text, math.MaxInt)
		if again := fixLineBreaks(once, math.MaxInt); again != once {
			t.Errorf("%q became %q, then %q", text, once, again)
		}
		fixed := strings.ReplaceAll(FixMarkdown(text, math.MaxInt, true), "&lt;", "<")
		for _, removed := range []string{"<!--", "<b", "<B", `\n`, "[x", "[X"} {
			if strings.Contains(text, removed) {
				return
			}
		}
		letters := map[rune]int{}
		for _, r := range fixed {
			letters[r]++
		}
		for _, r := range text {
			if letters[r]--; isLetterRune(r) && letters[r] < 0 {
				t.Errorf("%q became %q, without a %c", text, fixed, r)
			}
		}
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
		if got := FixMarkdown(test.text, limit, false); len(got) > limit || (got != "") != test.fits {
			t.Errorf("%.20q of %d bytes: got %d bytes", test.text, len(test.text), len(got))
		}
	}
}

func TestCodeScanner(t *testing.T) {
	for _, want := range []string{ // with code in « »
		"a «`b`» c",
		"a «``b ` c``» d",
		"a `b",
		"a «` b `` c `» d",
		"«`a\nb`» c",
		"`a\n\nb` c",
		"`a\n \t\nb «`c`»",
		"a\n«```go\nb`c\n```\n»d «`e`»",
		"`a\n«```\nb\n```\n»c`",
		"«~~~\n```\n~~~\n»«`a`»",
		"«```\na»",
		"«```a```» b",
		"    ```\n«`a`»",
		strings.Repeat("`", 40) + "a" + strings.Repeat("`", 40),
		"",
	} {
		text := strings.NewReplacer("«", "", "»", "").Replace(want)
		var got strings.Builder
		done := 0
		codes := codeScanner{text: text}
		for c := codes.next(); c.from < len(text); c = codes.next() {
			got.WriteString(text[done:c.from] + "«" + text[c.from:c.to] + "»")
			done = c.to
		}
		got.WriteString(text[done:])
		if got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
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
			if c.fenced {
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
