package dingtalk

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{ // | is n
		{"paragraph", "one\n\ntwo three| four", "one\n\n"},
		{"line", "one\ntwo three| four", "one\n"},
		{"sentence", "One two. Three| four.", "One two. "},
		{"Chinese sentence", "一二三。四五| 六", "一二三。"},
		{"character", "onetwo|three", "onetwo"},
		{"word", "one two th|ree", "one two "},
		{"mention", "onetwo。@1380|0000001", "onetwo。"},
		{"address", "onetwo https://a.ex|ample/b", "onetwo "},
		{"link label", "onetwo [a b| c](https://a)", "onetwo "},
		{"link address", "onetwo [a](https://a|b)", "onetwo "},
		{"picture", "onetwo !|[a](https://a)", "onetwo "},
		{"sentence in a link", "onetwo [a. b| c](https://a)", "onetwo "},
		{"behind a link", "[a](https://a)|bc", "[a](https://a)"},
		{"fence line", "a b\n```g|o\nc", "a b\n"},
		{"before a fence's newline", "a b\n```go|\nc", "a b\n"},
		{"what would open a fence", "a b  |```go", "a "},
		{"in a run of backticks", "a b ``|`go", "a "},
		{"backticks of code", "ab|```go`", "ab"},
		{"more backticks than a fence has", "ab````````````````|```", "ab``"},
		{"mention before an address", "a @1|2,https://b", "a "},
		{"outer link", "a [b [c|](d)", "a "},
		{"no link", "a [b [c|](d", "a [b "},
		{"link on two lines", "a [b\nc|](d)", "a [b\n"},
		{"nothing but an address", "https://aaaa|aaaa", "https://aaaa"},
	} {
		n := strings.IndexByte(test.text, '|')
		text := test.text[:n] + test.text[n+1:]
		if got := text[:newSplitter(text, false).cut(0, 1, n)]; got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// A part of white space only is not sent, because DingTalk may refuse it.
func TestSplitLeavesOutBlanks(t *testing.T) {
	wide := strings.Repeat("\u3000\n", 6000)
	for _, test := range []struct {
		name, text string
		want       []string // how the parts begin
	}{
		{"behind the text", strings.Repeat("a", 19800) + strings.Repeat("\n", 9000), []string{"aaa"}},
		{"before the text", wide + "end" + strings.Repeat(".", 100), []string{"\u3000"}},
		{"between", "begin\n\n" + strings.Repeat(" ", 50000) + "end", []string{"begin", "   "}},
		{"most of it", strings.Repeat(" ", 30000) + "@13800000001", []string{" "}},
	} {
		r := &Robot{MaxParts: 2}
		m := Message{Type: Text, Text: test.text}
		m.Mentions.addMobiles([]string{"13800000001"})
		m.Mentions.locate(m.Text, false)
		if got := checkFit(t, r, m); got != len(test.want) {
			t.Errorf("%s: %d parts, want %d", test.name, got, len(test.want))
			continue
		}
		parts, _ := r.split(&m)
		body := append([]byte(nil), r.body(&parts[0], uuidPlaceholder)...)
		for i, want := range test.want {
			if got := parts[i].chunk.text; !strings.HasPrefix(got, want) {
				t.Errorf("%s: part %d begins with %.20q, want %q", test.name, i, got, want)
			}
		}
		if _, text := shown(body); !strings.Contains(text, parts[0].chunk.text) {
			t.Errorf("%s: the first body is not that of the first part", test.name)
		}
	}
}

func TestFences(t *testing.T) {
	const text = "a\n```go\nx := 1\ny := 2\n```\nb"
	size := len(`a\n` + "```go" + `\nx := 1\n` + "```" + "``")
	want := []chunk{
		{"", "a\n```go\nx := 1\n", "```"},
		{"```go\n", "y := 2\n```\nb", ""},
	}
	got := newSplitter(text, true).split(5, 4, size, size)
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, chunk := range newSplitter(text, false).split(5, 4, size, size) {
		if chunk.prefix+chunk.suffix != "" {
			t.Errorf("plain text with a fence: %q", chunk)
		}
	}
}

// Of random texts nothing is lost, every body fits, every part has a keyword,
// only the first mentions, and every fence is closed.
func TestSplitProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	split := 0
	for range 1000 {
		r := &Robot{MaxParts: 1 + random.IntN(6)}
		if random.IntN(2) == 0 {
			r.Keywords = []string{"告警"}
		}
		m := Message{Type: Text, Text: randomText(random, random.IntN(90000))}
		if random.IntN(2) == 0 {
			m.Type, m.Title = Markdown, randomText(random, 30)
		}
		m.Mentions.addMobiles(numbers(random.IntN(51)))
		m.Mentions.locate(m.Text, m.Type.Markdown)
		if n := checkFit(t, r, m); n > 1 {
			split++
		}
	}
	if split < 100 {
		t.Errorf("only %d texts were split", split)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("a paragraph\n\n```go\ncode\n```\n[l](https://a) @13800000001。", uint8(3), true)
	f.Add("0\x01\x00", uint8(3), true) // ten parts and more have longer numbers
	f.Fuzz(func(t *testing.T, seed string, people uint8, markdown bool) {
		if seed == "" || !utf8.ValidString(seed) || len(seed) > 20000 {
			return
		}
		m := Message{Type: Text, Text: strings.Repeat(seed, 1+60000/len(seed))}
		if markdown {
			m.Type, m.Title = Markdown, "t"
		}
		m.Mentions.addMobiles(numbers(int(people % 51)))
		m.Mentions.locate(m.Text, markdown)
		checkFit(t, &Robot{MaxParts: 20, Keywords: []string{"k"}}, m)
	})
}

// checkFit splits m, checks the parts and returns their number.
func checkFit(t *testing.T, r *Robot, m Message) int {
	t.Helper()
	parts, e := r.split(&m)
	if e != nil {
		if !strings.Contains(e.Message, "bytes") || !strings.Contains(e.Message, "20000") {
			t.Fatalf("refusal without sizes: %s", e.Message)
		}
		return 0
	}
	rest := m.Text
	for i := range parts {
		p := &parts[i]
		body := r.body(p, uuidPlaceholder)
		title, text := shown(body)
		switch {
		case len(body) > MaxBody:
			t.Fatalf("part %d takes %d bytes", i, len(body))
		case !json.Valid(body) || !utf8.Valid(body):
			t.Fatalf("part %d is not JSON: %q", i, body)
		case !strings.Contains(text, p.chunk.text):
			t.Fatalf("part %d lacks its text", i)
		case !hasKeyword(r.Keywords, title+text):
			t.Fatalf("part %d has no keyword", i)
		case i > 0 && len(p.mentions.People) > 0:
			t.Fatalf("part %d mentions", i)
		case IsBlank(p.chunk.text) && !IsBlank(m.Text):
			t.Fatalf("part %d is blank", i)
		}
		for _, mention := range p.mentions.People {
			if !hasToken(text, mention.ID) {
				t.Fatalf("part %d does not mention %s", i, mention.ID)
			}
		}
		if m.Type.Markdown && i < len(parts)-1 && unclosed(text) {
			t.Fatalf("part %d leaves a fence open", i)
		}
		before, after, found := strings.Cut(rest, p.chunk.text)
		if !found || !IsBlank(before) {
			t.Fatalf("part %d does not follow the one before", i)
		}
		rest = after
	}
	if !IsBlank(rest) && len(parts) > 0 {
		t.Fatalf("%d bytes are lost", len(rest))
	}
	return len(parts)
}

// shown returns the title and text of a body.
func shown(body []byte) (title, text string) {
	var parsed struct {
		Text     struct{ Content string }
		Markdown struct{ Title, Text string }
	}
	json.Unmarshal(body, &parsed)
	return parsed.Markdown.Title, parsed.Text.Content + parsed.Markdown.Text
}

func hasKeyword(keywords []string, text string) bool {
	return len(keywords) == 0 || strings.Contains(text, keywords[0])
}

// unclosed reports whether a fence reaches to the end of the text.
func unclosed(text string) bool {
	list := findFences(text, true).list
	return len(list) > 0 && list[len(list)-1].to == len(text)
}

// randomText makes a text of about n bytes that is hard to cut.
func randomText(random *rand.Rand, n int) string {
	pieces := []string{
		"word ", "中文。", "😀", "\n", "\n\n", "A sentence. ", "@13800000001 ", "[label one](https://example.com/a_b)",
		"![pic](https://example.com/p.png)", "https://example.com/very/long/path?x=1 ", "\"quoted\\\"", "\x01",
		"```go\n", "```\n", "~~~~\ncode\n~~~~\n", "| a | b |\n", strings.Repeat("x", 300), strings.Repeat("长", 300),
		strings.Repeat(" ", 3000), strings.Repeat("\n", 3000),
	}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}
