package webui

import (
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestQuotedFault sends what the explanation quotes: only the server reports faults.
func TestQuotedFault(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, contentType := range []string{"x; fault: y", "x; fault: the answer was cut short"} {
		g.Reset()
		g.postAs(t, contentType, textBody("x"))
		if html := g.get(t, "/"); !strings.Contains(html, `class="entry refused"`) || !strings.Contains(html, "; fault: ") {
			t.Errorf("Content-Type %q:\n%s", contentType, html)
		}
		f, _ := dingtalktest.FaultByName("accept-then-busy")
		g.InjectFaults(f)
		g.postAs(t, contentType, textBody("x"))
		if html := g.get(t, "/"); !strings.Contains(html, `class="entry fault" id="r2"`) {
			t.Errorf("Content-Type %q and a fault:\n%s", contentType, html)
		}
	}
}

// TestMessageTypes makes sure that each type that the fake accepts has a case, and that another is not shown as one of them. The
// fake names its types where it refuses another.
func TestMessageTypes(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, `{"msgtype":"?"}`)
	_, types, found := strings.Cut(g.Requests()[0].Explanation, "msgtype is none of ")
	if !found {
		t.Fatalf("the fake does not name its types: %q", g.Requests()[0].Explanation)
	}
	p := newPage(g.Server, Options{})
	for typ := range strings.SplitSeq(types+", video", ", ") {
		message := &dingtalktest.Message{MsgType: typ, Link: &dingtalktest.Link{}, ActionCard: &dingtalktest.ActionCard{}}
		var html strings.Builder
		p.languages[0].render(&html, "message", entry{dingtalktest.Request{Message: message}, false, part{}, p.markdown, p.languages[0]})
		if got := strings.Contains(html.String(), "Unknown message type: video"); got != (typ == "video") || strings.Count(html.String(), "Unknown") > 1 {
			t.Errorf("%s: %s", typ, html.String())
		}
	}
}

// TestParts posts messages whose titles are in testdata/parts.txt.
func TestParts(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, row := range rows(t, "parts.txt") {
		g.Reset()
		titles, want, _ := strings.Cut(row, "\t")
		for title := range strings.SplitSeq(titles, "|") {
			body := markdownBody(title, "x")
			if line, ok := strings.CutPrefix(title, "text "); ok {
				body = textBody(line + "\n(1/2)")
			} else if title == "link" {
				body = `{"msgtype":"link","link":{"title":"T (1/2)","text":"(1/2)","messageUrl":"https://a.example/"}}`
			} else if title == "broken" {
				body = "{"
			}
			g.post(t, body)
		}
		var got []string
		last := g.Requests()[len(g.Requests())-1].Cursor()
		for e := range (&reader{page: newPage(g.Server, Options{})}).upTo(last) {
			if e.Part == (part{}) {
				got = append(got, "-")
			} else {
				got = append(got, fmt.Sprintf("%d/%d@%d", e.Part.Number, e.Part.Total, e.Part.First))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", titles, got, want)
		}
	}
}

// TestMentions posts what is in testdata/mentions.txt. It reads the marks in the message and the notes under it, for a text and for Markdown.
func TestMentions(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for _, row := range rows(t, "mentions.txt") {
		f := strings.Split(row, "\t") // text, at, marks, notes
		for _, body := range []string{textBody(f[0]), markdownBody("T", f[0])} {
			g.Reset()
			g.post(t, strings.TrimSuffix(body, "}")+`,"at":`+f[1]+"}")
			if marks, notes := mentions(g.get(t, "/")); marks != f[2] || notes != f[3] {
				t.Errorf("%s with %s: marks %q, want %q; notes %q, want %q", f[0], f[1], marks, f[2], notes, f[3])
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

func TestCurl(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("it's"))
	q := g.Requests()[0]
	want := `# ROBOT=https://oapi.dingtalk.com, or the address of this page
curl "$ROBOT/robot/send?access_token=$TOKEN&sign=$SIGN&timestamp=$TIMESTAMP" \
  -H 'Content-Type: application/json; charset=utf-8' \
  --data-raw '{"msgtype":"text","text":{"content":"it'\''s"}}'`
	if got := (entry{Request: q}).Curl(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDecoded(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"a":"\u544a\u8b66 \ud83d\ude00","b":["\\u544a"]}`, "{\n  \"a\": \"告警 😀\",\n  \"b\": [\n    \"\\\\u544a\"\n  ]\n}"},
		{`"\u0022 \u005c \u000a \u202e \n"`, "\"\\u0022 \\u005c \\u000a ⟨U+202E⟩ \\n\""},
		{`{`, ""}, {"", ""},
	} {
		if got := (entry{Request: dingtalktest.Request{Body: []byte(tt.body)}}).Decoded(); got != tt.want {
			t.Errorf("%s is decoded as\n%s\nwant\n%s", tt.body, got, tt.want)
		}
	}
}

// TestNoCredential looks for credentials in all that the page shows of a request.
func TestNoCredential(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("x"))
	query, _ := url.ParseQuery(g.Requests()[0].Query)
	if query.Get("sign") != "***" || query.Get("access_token") != "***" {
		t.Fatalf("the server has not redacted %v", query)
	}
	details := g.get(t, detailsPath(g.Requests()[0]))
	for _, credential := range []string{dingtalktest.DefaultToken, secret} {
		if strings.Contains(g.get(t, "/")+details, credential) {
			t.Errorf("the page shows %s", credential)
		}
	}
	for _, want := range []string{"$TOKEN", "$TIMESTAMP", "$SIGN", "***", "verified", "of 20000 bytes", "message 1 within a minute", "none required"} {
		if !strings.Contains(details, want) {
			t.Errorf("the details have no %s", want)
		}
	}
}

// TestCurlInShell runs the command with a curl that prints its arguments. What the sender wrote must come out as written, and
// nothing else must happen.
func TestCurlInShell(t *testing.T) {
	for _, s := range append(hostile(), `$(touch hit)`, "`touch hit`", `';touch hit;'`, `"$TOKEN"`, `\`, "@/etc/hostname", "a\nb", `{[x]}`, "!!", "%61", "é文") {
		fake := dingtalktest.New(nil)
		fake.ServeHTTP(httptest.NewRecorder(), request(s))
		e := entry{Request: fake.Requests()[0]}
		cmd := exec.Command("sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n"+e.Curl())
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"ROBOT=http://r", "TOKEN=tt", "TIMESTAMP=ss", "SIGN=gg"}
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		args := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		body := strings.TrimSuffix(strings.TrimPrefix(shellQuote(s), "'"), "'")
		body = strings.ReplaceAll(body, `'\''`, "'")
		if len(args) != 5 || args[1] != "-H" || args[3] != "--data-raw" || args[4] != body {
			t.Errorf("%q: arguments %q", s, args)
			continue
		}
		if u, err := url.Parse(args[0]); err != nil || u.Host != "r" || u.Path != "/robot/"+s || u.Query().Get("access_token") != "tt" {
			t.Errorf("%q: address %q, %v", s, args[0], err)
		}
		if left, _ := exec.Command("ls", cmd.Dir).Output(); len(left) > 0 {
			t.Errorf("%q: the command made %s", s, left)
		}
	}
}

func TestLongBody(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody(strings.Repeat("x", 100_000)))
	e := entry{Request: g.Requests()[0]}
	if raw := e.Raw(); len(raw) > maxBodyShown+1000 || !strings.Contains(raw, "and 75464 bytes more") {
		t.Errorf("raw has %d bytes and ends with %q", len(raw), raw[len(raw)-40:])
	}
	if curl := e.Curl(); !strings.HasSuffix(curl, "--data-binary @body.json # 100040 bytes") {
		t.Errorf("curl: %s", curl)
	}
}

func TestEscapeInvisible(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain 文字 é\tx\ny", "plain 文字 é\tx\ny"},
		{"a\r\nb\rc", "a\nb⟨U+000D⟩c"},
		{"\x00\x1b\x7f\u0085", "⟨U+0000⟩⟨U+001B⟩⟨U+007F⟩⟨U+0085⟩"},
		{"\u202a\u202e\u2066\u2069\u200e\u061c", "⟨U+202A⟩⟨U+202E⟩⟨U+2066⟩⟨U+2069⟩⟨U+200E⟩⟨U+061C⟩"},
		{"\u200b\u2060\ufeff\u00ad\u2028", "⟨U+200B⟩⟨U+2060⟩⟨U+FEFF⟩⟨U+00AD⟩⟨U+2028⟩"},
		{"\U000E0041", "⟨U+E0041⟩"},
		{"👩\u200d👩\u200d👧\u200d👦 \ufe0f می\u200cخواهم", "👩\u200d👩\u200d👧\u200d👦 \ufe0f می\u200cخواهم"},
	} {
		if got := escapeInvisible(tt.in); got != tt.want {
			t.Errorf("escapeInvisible(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSafeURL(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"https://a.example/x?y=1#z", "https://a.example/x?y=1#z"},
		{"HTTP://A.example", "http://A.example"},
		{"dingtalk://dingtalkclient/page/link?url=x", "dingtalk://dingtalkclient/page/link?url=x"},
		{"dtmd://dingtalkclient/sendMessage?content=x", ""},
		{"javascript:alert(1)", ""}, {"JavaScript://a.example/%0aalert(1)", ""}, {"data:text/html,x", ""},
		{"//a.example/", ""}, {"/controls/clear", ""}, {"", ""}, {"https:a", ""}, {"https://", ""}, {" https://a.example/", ""},
		{"https://a.example/\n", ""}, {"@media", ""}, {"https://a.example/%zz", ""}, {"https://a.exam)le/", ""},
		{"https://例子.example/", "https://%E4%BE%8B%E5%AD%90.example/"}, {"http://[::1]:80/", "http://[::1]:80/"},
	} {
		if got := string(safeURL(tt.in)); got != tt.want {
			t.Errorf("safeURL(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
