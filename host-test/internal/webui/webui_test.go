package webui

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestDrawn posts one message each and looks for pieces of what the group sees.
func TestDrawn(t *testing.T) {
	const rel = ` target="_blank" rel="noopener noreferrer nofollow">`
	tests := []struct{ name, body, want string }{
		{"text", textBody("line one\n line two"), "<p class=\"words\">line one\n line two</p>"},
		{"text with a link", textBody("see https://a.example/x?y=1&z=2."), `see <a href="https://a.example/x?y=1&amp;z=2"` + rel + `https://a.example/x?y=1&amp;z=2</a>.</p>`},
		{"text is no Markdown", textBody("**bold**"), "<p class=\"words\">**bold**</p>"},

		{"heading", markdownBody("T", "# One\n### Three"), "<h1>One</h1>\n<h3>Three</h3>"},
		{"bold and italic", markdownBody("T", "**b** *i*"), "<strong>b</strong> <em>i</em>"},
		{"quote", markdownBody("T", "> q"), "<blockquote>\n<p>q</p>\n</blockquote>"},
		{"lists", markdownBody("T", "- a\n- b\n\n3. c"), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol start=\"3\">\n<li>c</li>\n</ol>"},
		{"link", markdownBody("T", "[a](https://a.example/)"), `<a href="https://a.example/" rel="nofollow noreferrer noopener" target="_blank">a</a>`},
		{"page of the app", markdownBody("T", "[a](dingtalk://dingtalkclient/page/link?url=x)"), `<a href="dingtalk://dingtalkclient/page/link?url=x" `},
		{"code", markdownBody("T", "`x`\n```\ny <b>\n```"), "<code>x</code></p>\n<pre><code>y &lt;b&gt;\n</code></pre>"},
		{"picture", markdownBody("T", "![a *chart*](https://a.example/p.png)"), `<span class="picture"><span class="alt">a chart</span><span class="address">https://a.example/p.png</span></span>`},
		{"a line break may not show", markdownBody("T", "a\nb"), "<p>a\nb</p>"},
		{"two blanks break the line", markdownBody("T", "a  \nb"), "<p>a<br>\nb</p>"},
		{"no tables", markdownBody("T", "|a|b|\n|-|-|"), "<p>|a|b|\n|-|-|</p>"},
		{"no rules", markdownBody("T", "a\n\n---\n\nb"), "<p>---</p>"},
		{"no underlined headings", markdownBody("T", "a\n==="), "<p>a\n===</p>"},
		{"no strikethrough", markdownBody("T", "~~a~~"), "<p>~~a~~</p>"},

		{"link card", `{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"https://a.example/p"}}`,
			`<a href="https://a.example/" title="https://a.example/"` + rel + `<strong>T</strong></a>`},
		{"link card's picture", `{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"@media"}}`,
			`<span class="address">@media</span>`},
		{"one button", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"**x**","singleTitle":"Go","singleURL":"https://a.example/"}}`,
			`<strong>x</strong></p>
</div>
<ul class="buttons"><li><a href="https://a.example/" title="https://a.example/"` + rel + `Go</a></li></ul>`},
		{"buttons side by side", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","btnOrientation":"1","btns":[{"title":"Y","actionURL":"https://a.example/y"},{"title":"N","actionURL":"https://a.example/n"}]}}`,
			`<ul class="buttons across"><li>`},
		{"no avatar", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","hideAvatar":"1","singleTitle":"Go","singleURL":"https://a.example/"}}`,
			`<div class="face hidden"`},
		{"a button that types is no link", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"Go","singleURL":"dtmd://dingtalkclient/sendMessage?content=x"}}`,
			`<span class="shut" title="dtmd://dingtalkclient/sendMessage?content=x">Go</span>`},
		{"feed", `{"msgtype":"feedCard","feedCard":{"links":[{"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"}]}}`,
			`<ul class="feed"><li><a href="https://a.example/" title="https://a.example/"` + rel + `<strong>A</strong><span class="picture"><span class="alt">A</span><span class="address">https://a.example/p</span></span></a></li></ul>`},

		{"announced by its title", markdownBody("The title", "x"), `<p class="line">Robot: The title</p>`},
		{"announced by its first line", textBody("\n first \nsecond"), `<p class="line">Robot: first</p>`},
		{"calls everybody", `{"msgtype":"text","text":{"content":"x"},"at":{"isAtAll":true}}`, `<span class="call" lang="zh">[@所有人]</span> Robot: x`},
		{"calls one", `{"msgtype":"text","text":{"content":"@1"},"at":{"atMobiles":["1"]}}`, `<span class="call" lang="zh">[有人@我]</span> Robot: @1`},

		{"refused", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<strong class="code">400402</strong> 错误描述:参数 markdown --》 title 缺失`},
		{"explained", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<p class="why">refused: markdown.title is missing, empty or of another kind</p>`},
		{"what was refused", `{"msgtype":"audio","text":{"content":"a\nb"}}`, `<p class="attempt">audio: a</p>`},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{})
		g.post(t, tt.body)
		if _, html := g.get(t, "/"); !strings.Contains(html, tt.want) {
			_, entry, _ := strings.Cut(html, `<div id="newest">`)
			t.Errorf("%s: no\n%s\nin\n%s", tt.name, tt.want, entry)
		}
	}
}

// TestUntold covers what became of requests whose sender heard something else than ok, or heard it twice.
func TestUntold(t *testing.T) {
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	tests := []struct{ fault, kind, want string }{
		{"accept-then-502", "message", "Posted, but its sender was told: HTTP 502, an answer that is not the robot&#39;s</li>"},
		{"accept-then-busy", "message", "Posted, but its sender was told: HTTP 200, errcode -1 系统繁忙</li>"},
		{"drop-after", "message", "Posted, but its sender was told: nothing: the connection was closed</li>"},
		{"cut", "message", "Posted, but its sender was told: HTTP 200, errcode 0 ok, cut short</li>"},
		{"drop-before", "fault", "Its sender was told: nothing: the connection was closed</p>"},
		{"busy", "fault", "Its sender was told: HTTP 200, errcode -1 系统繁忙</p>"},
		{"gateway", "fault", "Its sender was told: HTTP 502, an answer that is not the robot&#39;s</p>"},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{})
		f, _ := dingtalktest.FaultByName(tt.fault)
		g.InjectFaults(f)
		g.post(t, body)
		_, html := g.get(t, "/")
		if !strings.Contains(html, `class="entry `+tt.kind+`"`) || !strings.Contains(html, tt.want) {
			t.Errorf("%s: no %s %q in\n%s", tt.fault, tt.kind, tt.want, html)
		}
	}
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, body)
	g.post(t, body)
	if _, html := g.get(t, "/"); !strings.Contains(html, `class="entry repeat"`) || strings.Contains(html, "Posted, but") {
		t.Errorf("a repeat:\n%s", html)
	}
}

func TestOrder(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, body := range []string{textBody("first"), "{", textBody("third")} {
		g.post(t, body)
	}
	_, html := g.get(t, "/")
	first, refused, third := strings.Index(html, `id="r1"`), strings.Index(html, `class="entry refused" id="r2"`), strings.Index(html, `id="r3"`)
	if first < 0 || refused < first || third < refused {
		t.Errorf("order %d, %d, %d in\n%s", first, refused, third, html)
	}
}

func TestAddresses(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	tests := []struct {
		path, kind string
		status     int
	}{
		{"/", "text/html; charset=utf-8", 200},
		{"/page.css", "text/css; charset=utf-8", 200},
		{"/page.js", "text/javascript; charset=utf-8", 200},
		{"/nothing", "text/plain; charset=utf-8", 404},
		{"/page.html", "text/plain; charset=utf-8", 404},
		{"/requests/1-1", "text/plain; charset=utf-8", 404},
		{"/mood/clear", "text/plain; charset=utf-8", 405},
	}
	for _, tt := range tests {
		res, _ := g.get(t, tt.path)
		if got := res.Header.Get("Content-Type"); res.StatusCode != tt.status || got != tt.kind {
			t.Errorf("%s: %d %q, want %d %q", tt.path, res.StatusCode, got, tt.status, tt.kind)
		}
	}
}

const secret = "SEC-page-test-0123456789abcdef"

// group is a robot and its page on one server, as a command mounts them.
type group struct {
	*dingtalktest.Server
	*site
}

// A site is the server's address and client.
type site = httptest.Server

func newGroup(t testing.TB, o dingtalktest.Options) group {
	t.Helper()
	o.Secret = secret
	r := dingtalktest.New(&o)
	mux := http.NewServeMux()
	mux.Handle("/robot/send", r)
	mux.Handle("/", Handler(r, nil))
	srv := httptest.NewServer(mux)
	t.Cleanup(func() {
		srv.CloseClientConnections() // ends the events
		srv.Close()
	})
	return group{r, srv}
}

// post sends a signed body and returns the errcode; a closed connection is -2 and an answer without one -3.
func (g group) post(t testing.TB, body string) int {
	t.Helper()
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(now + "\n" + secret))
	query := url.Values{
		"access_token": {dingtalktest.DefaultToken}, "timestamp": {now}, "sign": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	res, err := http.Post(g.URL+"/robot/send?"+query.Encode(), "application/json; charset=utf-8", strings.NewReader(body))
	if err != nil {
		return -2
	}
	defer res.Body.Close()
	answer := struct{ Errcode *int }{}
	if json.NewDecoder(res.Body).Decode(&answer) != nil || answer.Errcode == nil {
		return -3
	}
	return *answer.Errcode
}

// get returns the answer to a GET of the page's.
func (g group) get(t testing.TB, path string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(g.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// turn posts a form to a switch and returns the status.
func (g group) turn(t testing.TB, path string, form url.Values, headers ...string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequest("POST", g.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Host = req.Header.Get("Host")                // "" is the server's own
	res, err := http.DefaultTransport.RoundTrip(req) // which follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// quote returns a string as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(b)
}

func textBody(content string) string {
	return `{"msgtype":"text","text":{"content":` + quote(content) + `}}`
}

func markdownBody(title, text string) string {
	return `{"msgtype":"markdown","markdown":{"title":` + quote(title) + `,"text":` + quote(text) + `}}`
}

// heap is what is alive after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// stuck is a visitor who does not read: what is written to it waits.
type stuck struct {
	header  http.Header
	waiting chan<- struct{}
	release <-chan struct{}
}

func (s *stuck) Header() http.Header { return s.header }
func (s *stuck) WriteHeader(int)     {}
func (s *stuck) Write(b []byte) (int, error) {
	select {
	case s.waiting <- struct{}{}:
		<-s.release
	case <-s.release:
	}
	return 0, http.ErrHandlerTimeout
}

// full returns a robot that remembers a thousand messages.
func full(t *testing.T) *dingtalktest.Server {
	t.Helper()
	r := dingtalktest.New(&dingtalktest.Options{PerMinute: -1})
	for i := range 1000 {
		body := markdownBody(fmt.Sprint("Report ", i), strings.Repeat("- **all** is [well](https://a.example/)\n", 20))
		req := httptest.NewRequest("POST", "/robot/send?access_token="+dingtalktest.DefaultToken, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		r.ServeHTTP(recorder(), req)
	}
	if len(r.Messages()) != 1000 {
		t.Fatalf("%d messages", len(r.Messages()))
	}
	return r
}

// TestManyVisitors keeps visitors waiting who do not read what the page sends them.
func TestManyVisitors(t *testing.T) {
	const visitors, bound = 500, 100 << 20
	r := full(t)
	for _, path := range []string{"/events", "/"} {
		h := Handler(r, &Options{MaxStreams: visitors, MaxRequests: visitors})
		waiting, release := make(chan struct{}), make(chan struct{})
		before := heap()
		for range visitors {
			go h.ServeHTTP(&stuck{http.Header{}, waiting, release}, httptest.NewRequest("GET", "http://localhost"+path, nil))
		}
		for range visitors {
			<-waiting
		}
		if grown := heap() - before; grown > bound {
			t.Errorf("%d visitors of %s take %d MB, want at most %d", visitors, path, grown>>20, bound>>20)
		}
		close(release)
	}
}

// TestTooManyVisitors refuses those beyond the limit, and lets them in when others have left.
func TestTooManyVisitors(t *testing.T) {
	r := dingtalktest.New(nil)
	h := Handler(r, &Options{MaxStreams: 1, MaxRequests: 1})
	for _, path := range []string{"/events", "/"} {
		waiting, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		visit := func(w http.ResponseWriter) {
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost"+path, nil))
		}
		go func() {
			defer close(done)
			visit(&stuck{http.Header{}, waiting, release})
		}()
		<-waiting
		w := recorder()
		visit(w)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("the second visitor of %s is answered %d", path, w.Code)
		}
		close(release)
		<-done
		left, leave := context.WithCancel(t.Context())
		leave()
		w = recorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(left, "GET", "http://localhost"+path, nil))
		if w.Code != http.StatusOK {
			t.Errorf("after the first visitor of %s left, another is answered %d", path, w.Code)
		}
	}
}

// TestStreamEndsForWhoDoesNotRead opens a stream over a real connection and never reads from it.
func TestStreamEndsForWhoDoesNotRead(t *testing.T) {
	h := Handler(full(t), &Options{Timeout: 50 * time.Millisecond})
	done := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(done)
		h.ServeHTTP(w, req)
	}))
	server.Config.ConnState = func(c net.Conn, _ http.ConnState) { _ = c.(*net.TCPConn).SetWriteBuffer(16 << 10) }
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	fmt.Fprint(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Error("the stream waits for a visitor who does not read")
	}
}

// TestLongHistory reads a history that comes in several events.
func TestLongHistory(t *testing.T) {
	r := full(t)
	server := httptest.NewServer(Handler(r, nil))
	defer server.Close()
	defer server.CloseClientConnections()
	events := group{r, server}.listen(t, "0", "")
	seen, times := 0, 0
	for seen < 1000 {
		e := next(t, events, "entries")
		seen += strings.Count(e.html, "<article")
		times++
	}
	if seen != 1000 || times < 2 {
		t.Errorf("%d entries in %d events", seen, times)
	}
	if _, html := (group{r, server}).get(t, "/"); strings.Count(html, "<article") != 1000 || !strings.HasSuffix(html, "</html>\n") {
		t.Errorf("the page has %d entries", strings.Count(html, "<article"))
	}
}
