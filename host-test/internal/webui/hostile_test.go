package webui

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"dingtalk-plugin/host-test/dingtalktest"
)

// hostile is what no agent should write, and some can be talked into writing.
func hostile() (list []string) {
	if data, err := os.ReadFile("testdata/hostile.json"); err != nil || json.Unmarshal(data, &list) != nil {
		panic(err)
	}
	return list
}

// bodies returns messages with the text in every field that the page shows.
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

// request puts a text into the path, the query and a header.
func request(s string) *http.Request {
	req := httptest.NewRequest("POST", "/robot/send", strings.NewReader(s))
	req.URL.Path = "/robot/" + s
	req.URL.RawQuery = "access_token=" + dingtalktest.DefaultToken + "&timestamp=" + url.QueryEscape(s) + "&" + s
	req.Header["Content-Type"] = []string{s}
	return req
}

// TestHostileContent puts hostile texts where the page or the details show them.
func TestHostileContent(t *testing.T) {
	fake := dingtalktest.New(&dingtalktest.Options{PerMinute: -1})
	h := Handler(fake, nil)
	for _, s := range hostile() {
		checkHostile(t, fake, h, s)
		fake.Reset()
		fake.ServeHTTP(httptest.NewRecorder(), request(s))
		checkPages(t, fake, h)
	}
}

// checkHostile posts a text in every place of a message, and checks the page and all details.
func checkHostile(t *testing.T, fake *dingtalktest.Server, h http.Handler, s string) {
	t.Helper()
	fake.Reset()
	for _, body := range bodies(s) {
		postTo(fake, body)
	}
	checkPages(t, fake, h)
}

func checkPages(t *testing.T, fake *dingtalktest.Server, h http.Handler) {
	t.Helper()
	checkInert(t, serve(t.Context(), h, "/").Body.String())
	for _, q := range fake.Requests() {
		checkInert(t, serve(t.Context(), h, detailsPath(q)).Body.String())
	}
}

// checkInert fails if a page has an element or attribute that its templates do not have. It reads tags, because a message
// can nest deeper than a parser of trees goes.
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
		button details summary pre code form input fieldset legend b strong em s br ul ol li blockquote dl dt dd meter time
		svg use symbol path select option output label dialog`)
	if !slices.Contains(elements, n.Data) {
		t.Errorf("the page has a <%s>", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "background", a.Key == "ping":
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case a.Key == "src" && !strings.HasSuffix(a.Val, "page.js"), a.Key == "action", a.Key == "formaction":
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case a.Key == "href" && !isHarmless(n, a.Val):
			t.Errorf("<%s> has href=%q", n.Data, a.Val)
		}
	}
}

var ownLinkRE = regexp.MustCompile(`^((\.\./)?(page\.css|favicon\.svg|#[\w-]+)|\?lang=(en|zh)|requests/[\d-]+|api/v1/requests)$`)

// isHarmless reports whether a link is the page's own, or safe in a message.
func isHarmless(n html.Token, address string) bool {
	if ownLinkRE.MatchString(address) {
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

// FuzzNoActiveContent renders any text in every place of a message.
func FuzzNoActiveContent(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Add("Report (1/3)")
	f.Add("**[@1](https://a.example/)** `@1` ![@1](@1) > @1\n> > - 1. # @1")
	fake := dingtalktest.New(&dingtalktest.Options{PerMinute: -1})
	h := Handler(fake, nil)
	f.Fuzz(func(t *testing.T, s string) { checkHostile(t, fake, h, s) })
}

// TestPathologicalMarkdown renders what Markdown parsers have been slow at. It asserts the depth, which made it slow, and
// only prints the time.
func TestPathologicalMarkdown(t *testing.T) {
	r := newMarkdownRenderer()
	for _, s := range []string{"@", "@a ", "[", "![", "[a](", "*a ", "**a_b", "`a", "<", "<a ", ">", "- ", "1. > ", "> \n", "  \n", "&", "\\"} {
		start := time.Now()
		html := r.render(strings.Repeat(s, 19900/len(s)), newMentionIndex(&dingtalktest.Message{}, newLanguage("en")))
		t.Logf("%q: %v", s, time.Since(start))
		if n := strings.Count(string(html), "<blockquote>") + strings.Count(string(html), "<li>"); n > maxNesting {
			t.Errorf("%q repeated nests %d deep", s, n)
		}
	}
}
