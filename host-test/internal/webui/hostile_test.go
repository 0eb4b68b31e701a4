package webui

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"dingtalk-plugin/host-test/dingtalktest"
)

// hostile is what no agent should write, and what some will be talked into writing.
func hostile() []string {
	return []string{
		`<script>window.hit=1</script>`,
		`<img src=x onerror="window.hit=1">`,
		`<svg/onload=window.hit=1><style>*{display:none}</style><iframe src=//evil.example></iframe>`,
		`</p></div></article></main><form action=/mood/clear><button>x`,
		`<!-- <![CDATA[ --!> ]]> <plaintext> <xmp> <textarea> <title>`,
		`[a](javascript:window.hit=1) [b](JaVaScRiPt:window.hit=1) [c](data:text/html,x) [d](vbscript:x) [e](//evil.example) [f](/mood/clear)`,
		`<javascript:window.hit=1> <https://a.example/"onmouseover="window.hit=1>`,
		`[a](https://a.example/"onmouseover="window.hit=1") ![x](https://evil.example/track.png "t") ![y](javascript:window.hit=1)`,
		"[a]( java\nscript:window.hit=1) [b](&#106;avascript:window.hit=1) [c](\x01javascript:window.hit=1)",
		`{{.}} {{template "page"}} ${window.hit=1} &lt;script&gt; &#60;script&#62;`,
		"right \u202e to left, zero\u200bwidth, \u2066isolate, tag\U000E0041, escape \x1b[2J, bell \x07, lone \r return",
		"emoji 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 stay whole",
		`@<script>window.hit=1</script> @"><img src=x onerror=window.hit=1> @all`,
		"\ufffe \U0010ffff \u2028 \u2029 \u0000",
	}
}

// bodies puts a text into every place of a message that a reader sees.
func bodies(s string) []string {
	q := quote(s)
	return []string{
		`{"msgtype":"text","text":{"content":` + q + `},"at":{"atMobiles":[` + q + `],"atUserIds":[` + q + `]},"msgUuid":` + q + `}`,
		`{"msgtype":"markdown","markdown":{"title":` + q + `,"text":` + q + `},"at":{"atMobiles":[` + q + `]}}`,
		`{"msgtype":"link","link":{"title":` + q + `,"text":` + q + `,"messageUrl":"https://a.example/","picUrl":` + quote("@"+s) + `}}`,
		`{"msgtype":"actionCard","actionCard":{"title":` + q + `,"text":` + q + `,"singleTitle":` + q + `,"singleURL":` + quote("https://a.example/?"+url.QueryEscape(s)) + `}}`,
		`{"msgtype":"feedCard","feedCard":{"links":[{"title":` + q + `,"messageURL":` + quote("dtmd://x?"+url.QueryEscape(s)) + `,"picURL":` + quote("@"+s) + `}]}}`,
		`{"msgtype":` + q + `,"text":{"content":` + q + `}}`,
		s,
	}
}

func TestHostile(t *testing.T) {
	for _, s := range hostile() {
		g := newGroup(t, dingtalktest.Options{PerMinute: -1})
		for _, body := range bodies(s) {
			g.post(t, body)
		}
		_, page := g.get(t, "/")
		checkInert(t, page)
		for _, q := range g.Requests() {
			_, page := g.get(t, "/requests/"+string(newMark(q.Cursor())))
			checkInert(t, page)
		}
	}
}

// TestHostileRequest puts it where only the page behind a message shows it.
func TestHostileRequest(t *testing.T) {
	for _, s := range hostile() {
		r := dingtalktest.New(nil)
		req := request(s)
		r.ServeHTTP(recorder(), req)
		h := Handler(r, nil)
		for _, path := range []string{"/", "/requests/" + string(newMark(r.Requests()[0].Cursor()))} {
			checkInert(t, serve(h, path))
		}
	}
}

// TestShownAsWritten: inert is not enough, a reader must see what was tried.
func TestShownAsWritten(t *testing.T) {
	for _, tt := range []struct{ wrote, want string }{
		{`<script>alert(1)</script>`, `&lt;script&gt;alert(1)&lt;/script&gt;`},
		{`<img src=x onerror=a>`, `&lt;img src=x onerror=a&gt;`},
		{"a\u202eb\u200bc", "a⟨U&#43;202E⟩b⟨U&#43;200B⟩c"},
		{"👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"},
		{"[a](javascript:b)", "[a](javascript:b)"},
	} {
		g := newGroup(t, dingtalktest.Options{})
		g.post(t, textBody(tt.wrote))
		if _, html := g.get(t, "/"); !strings.Contains(html, `<p class="words">`+tt.want+`</p>`) {
			t.Errorf("%q is not shown as %q", tt.wrote, tt.want)
		}
	}
}

// checkInert fails when a page has an element or attribute that its templates do not have. It reads tags and builds no tree,
// because a message can nest deeper than parsers of trees go.
func checkInert(t testing.TB, page string) {
	t.Helper()
	for tags := html.NewTokenizer(strings.NewReader(page)); ; {
		switch tags.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			checkElement(t, tags.Token())
		}
	}
}

func checkElement(t testing.TB, n html.Token) {
	t.Helper()
	elements := strings.Fields(`html head meta title link script body a header span div h1 h2 h3 h4 h5 h6 p nav aside main article
		button details summary pre code form input fieldset legend b strong em s br ul ol li blockquote dl dt dd meter time`)
	if !slices.Contains(elements, n.Data) {
		t.Errorf("there is a <%s>", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "background", a.Key == "ping":
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case a.Key == "src" && a.Val != "page.js", a.Key == "action" && !strings.HasPrefix(a.Val, "mood/"):
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case a.Key == "href" && !harmless(n, a.Val):
			t.Errorf("<%s> has href=%q", n.Data, a.Val)
		}
	}
}

// harmless tells the page's own links from those that a message brought.
func harmless(n html.Token, address string) bool {
	if n.Data == "link" {
		return strings.HasSuffix(address, "page.css")
	}
	if strings.HasPrefix(address, "#") || strings.HasPrefix(address, "requests/") {
		return true
	}
	u, err := url.Parse(address)
	rel := ""
	for _, a := range n.Attr {
		if a.Key == "rel" {
			rel = a.Val
		}
	}
	return err == nil && slices.Contains([]string{"http", "https", "dingtalk"}, u.Scheme) && u.Host != "" &&
		strings.Contains(rel, "noopener") && strings.Contains(rel, "noreferrer") && strings.Contains(rel, "nofollow")
}

func recorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// request hides a text in path, query and a header.
func request(s string) *http.Request {
	req := httptest.NewRequest("POST", "/robot/send", strings.NewReader(s))
	req.URL.Path = "/robot/" + s
	req.URL.RawQuery = "access_token=" + dingtalktest.DefaultToken + "&timestamp=" + url.QueryEscape(s) + "&" + s
	req.Header["Content-Type"] = []string{s}
	return req
}

func serve(h http.Handler, path string) string {
	w := recorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
	return w.Body.String()
}

// FuzzInert draws whatever a text may be in every place of a message.
func FuzzInert(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Add("Report (1/3)")
	f.Add("**[@1](https://a.example/)** `@1` ![@1](@1) > @1\n> > - 1. # @1")
	r := dingtalktest.New(&dingtalktest.Options{PerMinute: -1})
	h := Handler(r, nil)
	f.Fuzz(func(t *testing.T, s string) {
		r.Reset()
		for _, body := range bodies(s) {
			req := httptest.NewRequest("POST", "/robot/send?access_token="+dingtalktest.DefaultToken, strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			r.ServeHTTP(recorder(), req)
		}
		checkInert(t, serve(h, "/"))
		for _, q := range r.Requests() {
			checkInert(t, serve(h, "/requests/"+string(newMark(q.Cursor()))))
		}
	})
}

// TestNotSlow gives the Markdown parser what such parsers have been slow at, and prints how long it took. What it asserts is
// what kept it from being quick.
func TestNotSlow(t *testing.T) {
	p := newPainter()
	for _, s := range []string{"@", "@a ", "[", "![", "[a](", "*a ", "**a_b", "`a", "<", "<a ", ">", "- ", "1. > ", "> \n", "  \n", "&", "\\"} {
		start := time.Now()
		html := p.draw(strings.Repeat(s, 19900/len(s)), newRoll(&dingtalktest.Message{}))
		t.Logf("%q: %v", s, time.Since(start))
		if n := strings.Count(string(html), "<blockquote>") + strings.Count(string(html), "<li>"); n > deepest {
			t.Errorf("%q repeated nests %d deep", s, n)
		}
	}
}
