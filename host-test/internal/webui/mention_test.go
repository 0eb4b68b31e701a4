package webui

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestMentions reads the marks in the message and the notes under it, for a text and for Markdown.
func TestMentions(t *testing.T) {
	tests := []struct{ text, at, marks, notes string }{
		{"hi @13800000001.", `{"atMobiles":["13800000001"]}`, "+@13800000001", "@13800000001 is notified"},
		{"@138 @1", `{"atMobiles":["1","138"]}`, "+@138 +@1", "@1 is notified|@138 is notified"},
		{"@13800000001", `{}`, "-@13800000001", "@13800000001 is not notified: not in the message's at"},
		{"@张三，看", `{"atUserIds":["u1"]}`, "-@张三", "@u1 is not notified: the text has no @u1|@张三 is not notified: not in the message's at"},
		{"@boss @boss", `{"atUserIds":["boss"]}`, "+@boss +@boss", "@boss is notified"},
		{"@all", `{"isAtAll":true}`, "+@all", "@所有人 is notified"},
		{"x", `{"isAtAll":true}`, "", "@所有人 is notified"},
		{"@all @所有人", `{}`, "-@all -@所有人", "@all is not notified: isAtAll is not set|@所有人 is not notified: isAtAll is not set"},
		{"a@b.example", `{}`, "", ""},
		{"a @ b @, @+ @", `{}`, "", ""},
		{"@+86-13800000001", `{"atMobiles":["+86-13800000001"]}`, "+@+86-13800000001", "@+86-13800000001 is notified"},
		{"x@1", `{"atMobiles":["1"]}`, "+@1", "@1 is notified"},
		{"@a.b!", `{"atUserIds":["a.b"]}`, "+@a.b", "@a.b is notified"},
		{"@1", `{"atMobiles":"1"}`, "-@1", "@atMobiles is not notified: it is not a list|@1 is not notified: not in the message's at"},
	}
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for _, tt := range tests {
		for _, body := range []string{textBody(tt.text), markdownBody("T", tt.text)} {
			g.Reset()
			g.post(t, strings.TrimSuffix(body, "}")+`,"at":`+tt.at+"}")
			if marks, notes := mentions(g.get(t, "/")); marks != tt.marks || notes != tt.notes {
				t.Errorf("%s with %s: marks %q, want %q; notes %q, want %q", tt.text, tt.at, marks, tt.marks, notes, tt.notes)
			}
		}
	}
}

var (
	markRE = regexp.MustCompile(`<(span class="mention"|s class="missed"[^>]*)>([^<]*)</`)
	noteRE = regexp.MustCompile(`<li>(.*?)</li>`)
	tagRE  = regexp.MustCompile(`<[^>]*>`)
)

// mentions reads a page of one message: +@who is highlighted, -@who is struck through.
func mentions(page string) (marks, notes string) {
	words, foot, _ := strings.Cut(page, `<ul class="notes">`)
	var list, lines []string
	for _, m := range markRE.FindAllStringSubmatch(words, -1) {
		sign := map[bool]string{true: "+", false: "-"}[strings.HasPrefix(m[1], "span")]
		list = append(list, sign+html.UnescapeString(m[2]))
	}
	foot, _, _ = strings.Cut(foot, "</ul>")
	for _, m := range noteRE.FindAllStringSubmatch(foot, -1) {
		lines = append(lines, html.UnescapeString(tagRE.ReplaceAllString(m[1], "")))
	}
	return strings.Join(list, " "), strings.Join(lines, "|")
}

func TestManyMentions(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody(strings.Repeat("@a @b ", 3000)+" @"+strings.Repeat("字", 200)))
	if n := strings.Count(g.get(t, "/"), "is not notified"); n != 3 {
		t.Errorf("%d notes, want 3", n)
	}
	var all strings.Builder
	for i := range 300 {
		all.WriteString(" @name" + strings.Repeat("x", i%40) + string(rune('a'+i%26)))
	}
	g.Reset()
	g.post(t, textBody(all.String()))
	if n := strings.Count(g.get(t, "/"), "is not notified"); n == 0 || n > maxNotes {
		t.Errorf("%d notes, want at most %d", n, maxNotes)
	}
}
