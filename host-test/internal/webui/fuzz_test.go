package webui

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

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
