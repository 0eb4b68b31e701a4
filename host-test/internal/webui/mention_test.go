package webui

import (
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestMentions compares the marks in the text and the notes under it, for a text and for Markdown.
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
	for _, tt := range tests {
		for _, body := range []string{textBody(tt.text), markdownBody("T", tt.text)} {
			g := newGroup(t, dingtalktest.Options{})
			g.post(t, strings.TrimSuffix(body, "}")+`,"at":`+tt.at+"}")
			_, html := g.get(t, "/")
			if marks, notes := mentions(html); marks != tt.marks || notes != tt.notes {
				t.Errorf("%s with %s: marks %q, want %q; notes %q, want %q", tt.text, tt.at, marks, tt.marks, notes, tt.notes)
			}
		}
	}
}

var (
	marked = regexp.MustCompile(`<(span class="mention"|s class="missed"[^>]*)>([^<]*)</`)
	noted  = regexp.MustCompile(`<li>(.*?)</li>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// mentions reads a page of one message: +@who is highlighted, -@who is struck.
func mentions(page string) (marks, notes string) {
	words, foot, _ := strings.Cut(page, `<ul class="notes">`)
	var list []string
	for _, m := range marked.FindAllStringSubmatch(words, -1) {
		sign := map[bool]string{true: "+", false: "-"}[strings.HasPrefix(m[1], "span")]
		list = append(list, sign+m[2])
	}
	foot, _, _ = strings.Cut(foot, "</ul>")
	var lines []string
	for _, m := range noted.FindAllStringSubmatch(foot, -1) {
		lines = append(lines, strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(tags.ReplaceAllString(m[1], "")))
	}
	return strings.ReplaceAll(strings.Join(list, " "), "&#43;", "+"), strings.Join(lines, "|")
}

func TestManyMentions(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody(strings.Repeat("@a @b ", 3000)+" @"+strings.Repeat("字", 200)))
	_, html := g.get(t, "/")
	if n := strings.Count(html, "is not notified"); n != 3 {
		t.Errorf("%d notes, want 3", n)
	}
	var all strings.Builder
	for i := range 300 {
		all.WriteString(" @name" + strings.Repeat("x", i%40) + string(rune('a'+i%26)))
	}
	g.turn(t, "/mood/clear", nil)
	g.post(t, textBody(all.String()))
	if _, html := g.get(t, "/"); strings.Count(html, "is not notified") > mostNotes {
		t.Errorf("more than %d notes", mostNotes)
	}
}
