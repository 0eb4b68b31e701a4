package dingtalk

import "testing"

// Each rule by itself; the threads they come from stand beside the rules.
func TestFixRules(t *testing.T) {
	for _, test := range []struct {
		name     string
		rule     func(string) string
		in, want string
	}{
		{"written newline", func(s string) string { return outsideCode(s, fixBackslashN) }, `a\nb`, "a\nb"},
		{"in code", func(s string) string { return outsideCode(s, fixBackslashN) }, "`a\\nb` c\\nd", "`a\\nb` c\nd"},
		{"in a fence", func(s string) string { return outsideCode(s, fixBackslashN) }, "```\na\\nb\n```\nc\\nd", "```\na\\nb\n```\nc\nd"},
		{"open backtick", func(s string) string { return outsideCode(s, fixBackslashN) }, "it`s a\\nb", "it`s a\nb"},
		{"angle in a fence", func(s string) string { return insideFences(s, fixAngles) }, "<b>\n```\na < b\n```\n<i>", "<b>\n```\na &lt; b\n```\n<i>"},
		{"table's rule", fixTables, "| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table without one", fixTables, "| a | b |\n| 1 | 2 |", "| a | b |\n|:-:|:-:|\n| 1 | 2 |"},
		{"table in a fence", fixTables, "```\n| a |\n|---|\n```", "```\n| a |\n|---|\n```"},
		{"a lone row", fixTables, "| a |", "| a |"},
		{"line break", fixLineBreaks, "a\nb\n\nc", "a  \nb\n\nc"},
		{"already two blanks", fixLineBreaks, "a  \nb", "a  \nb"},
		{"heading, table, fence", fixLineBreaks, "# a\nb\n```\nc\nd\n```", "# a\nb\n```\nc\nd\n```"},
		{"all", FixMarkdown, "x\\ny", "x  \ny"},
		{"nothing to mend", FixMarkdown, "# a\n\nb", "# a\n\nb"},
	} {
		if got := test.rule(test.in); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Line breaks that were mended need no mending.
func FuzzFixMarkdown(f *testing.F) {
	f.Add("a\nb\n```go\nx<y\n```\n|a|b|\n|1|2|")
	f.Fuzz(func(t *testing.T, text string) {
		once := fixLineBreaks(text)
		if again := fixLineBreaks(once); again != once {
			t.Errorf("%q became %q, then %q", text, once, again)
		}
		FixMarkdown(text)
	})
}

func TestCheckURL(t *testing.T) {
	for _, test := range []struct {
		url         string
		link, image bool
	}{
		{"https://example.com/a?b=c#d", true, true},
		{"http://example.com", true, true},
		{"HTTPS://example.com", true, true},
		{"https://example.com/中文", true, true},
		{"dingtalk://dingtalkclient/page/link?url=x", true, false},
		{"https://", false, false},
		{"https:example.com", false, false},
		{"https://a b", false, false},
		{"https://a\nb", false, false},
		{"example.com", false, false},
		{"", false, false},
		{"data:image/png;base64,AAAA", false, false},
		{"file:///etc/passwd", false, false},
		{"javascript:alert(1)", false, false},
		{"JavaScript://x%0aalert(1)", false, false},
	} {
		if got := checkURL(test.url, true) == ""; got != test.link {
			t.Errorf("link %q: %v, want %v", test.url, got, test.link)
		}
		if got := checkURL(test.url, false) == ""; got != test.image {
			t.Errorf("picture %q: %v, want %v", test.url, got, test.image)
		}
	}
}

func TestRewrite(t *testing.T) {
	for _, test := range []struct {
		style    LinkTarget
		in, want string
	}{
		{LinksDefault, "https://a/b?c", "https://a/b?c"},
		{LinksSidebar, "https://a/b?c=d e", "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fa%2Fb%3Fc%3Dd%20e&pc_slide=true"},
		{LinksBrowser, "http://a", "dingtalk://dingtalkclient/page/link?url=http%3A%2F%2Fa&pc_slide=false"},
		{LinksBrowser, "dingtalk://a", "dingtalk://a"},
	} {
		if got := test.style.rewrite(test.in); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
