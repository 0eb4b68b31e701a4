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

const secret = "SEC-page-test-0123456789abcdef"

// group is a fake server and its page on one HTTP server, as a command mounts them.
type group struct {
	*dingtalktest.Server
	*site
}

type site = httptest.Server

func newGroup(t testing.TB, o dingtalktest.Options, page ...Options) group {
	t.Helper()
	o.Secret = secret
	fake := dingtalktest.New(&o)
	mux := http.NewServeMux()
	mux.Handle("/robot/send", fake)
	mux.Handle("/", Handler(fake, &append(page, Options{})[0]))
	srv := httptest.NewServer(mux)
	t.Cleanup(func() {
		srv.CloseClientConnections() // ends the events
		srv.Close()
	})
	return group{fake, srv}
}

// post sends a signed body and returns the errcode; -2 is a closed connection, -3 a response without errcode.
func (g group) post(t testing.TB, body string) int {
	t.Helper()
	return g.postAs(t, "application/json; charset=utf-8", body)
}

func (g group) postAs(t testing.TB, contentType, body string) int {
	t.Helper()
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(now + "\n" + secret))
	query := url.Values{
		"access_token": {dingtalktest.DefaultToken}, "timestamp": {now}, "sign": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	res, err := http.Post(g.URL+"/robot/send?"+query.Encode(), contentType, strings.NewReader(body))
	if err != nil {
		return -2
	}
	defer res.Body.Close()
	response := struct{ Errcode *int }{}
	if json.NewDecoder(res.Body).Decode(&response) != nil || response.Errcode == nil {
		return -3
	}
	return *response.Errcode
}

// do sends a request, follows no redirect, and returns the response and its body. A header "Host" sets the host.
func (g group) do(t testing.TB, method, path, form string, headers ...string) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.URL+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Host = req.Header.Get("Host") // "" is the server's own
	res, err := http.DefaultTransport.RoundTrip(req)
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

func (g group) get(t testing.TB, path string) string {
	t.Helper()
	_, body := g.do(t, "GET", path, "")
	return body
}

// api calls the API and returns the status and the body of the response.
func (g group) api(t testing.TB, method, path, body string, headers ...string) (status int, text string) {
	t.Helper()
	res, text := g.do(t, method, "/api/v1/"+path, body, headers...)
	return res.StatusCode, text
}

// detailsPath is the address of the details of a request.
func detailsPath(q dingtalktest.Request) string { return "/requests/" + formatCursor(q.Cursor()) }

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

// TestRender posts one message each and looks for a piece of the page.
func TestRender(t *testing.T) {
	const rel = ` target="_blank" rel="noopener noreferrer nofollow">`
	tests := []struct{ name, body, want string }{
		{"text", textBody("line one\n line two"), "<p class=\"words\">line one\n line two</p>"},
		{"text with a link", textBody("see https://a.example/x?y=1&z=2."), `see <a href="https://a.example/x?y=1&amp;z=2"` + rel + `https://a.example/x?y=1&amp;z=2</a>.</p>`},
		{"text is not Markdown", textBody("**bold**"), "<p class=\"words\">**bold**</p>"},

		{"heading", markdownBody("T", "# One\n### Three"), "<h1>One</h1>\n<h3>Three</h3>"},
		{"bold and italic", markdownBody("T", "**b** *i*"), "<strong>b</strong> <em>i</em>"},
		{"quote", markdownBody("T", "> q"), "<blockquote>\n<p>q</p>\n</blockquote>"},
		{"lists", markdownBody("T", "- a\n- b\n\n3. c"), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol start=\"3\">\n<li>c</li>\n</ol>"},
		{"link", markdownBody("T", "[a](https://a.example/)"), `<a href="https://a.example/" rel="nofollow noreferrer noopener" target="_blank">a</a>`},
		{"link to the app", markdownBody("T", "[a](dingtalk://dingtalkclient/page/link?url=x)"), `<a href="dingtalk://dingtalkclient/page/link?url=x" `},
		{"code", markdownBody("T", "`x`\n```\ny <b>\n```"), "<code>x</code></p>\n<pre><code>y &lt;b&gt;\n</code></pre>"},
		{"picture", markdownBody("T", "![a *chart*](https://a.example/p.png)"), `<span class="picture"><span class="alt">a chart</span><span class="address">https://a.example/p.png</span></span>`},
		{"soft line break", markdownBody("T", "a\nb"), "<p>a\nb</p>"},
		{"hard line break", markdownBody("T", "a  \nb"), "<p>a<br>\nb</p>"},
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
		{"button without a link", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"Go","singleURL":"dtmd://dingtalkclient/sendMessage?content=x"}}`,
			`<span class="shut" title="dtmd://dingtalkclient/sendMessage?content=x">Go</span>`},
		{"feed", `{"msgtype":"feedCard","feedCard":{"links":[{"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"}]}}`,
			`<ul class="feed"><li><a href="https://a.example/" title="https://a.example/"` + rel + `<strong>A</strong><span class="picture"><span class="alt">A</span><span class="address">https://a.example/p</span></span></a></li></ul>`},

		{"first part", markdownBody("R (1/2)", "x"), `class="entry message part open" id="r1" data-id="`},
		{"part", markdownBody("R (1/2)", "x"), ` data-kind="message" data-type="markdown" data-who="" data-series="1" aria-label="Part 1 of 2, Robot, `},
		{"missing part", markdownBody("R (1/2)", "x"), "Part 2 of 2 has not arrived."},

		{"mark of a table", markdownBody("T", "|a|b|\n|-|-|"), `A table: phones may show its bars · <code>DINGTALK_BOT_MARKDOWN=phone</code></li>`},
		{"mark of a task box", markdownBody("T", "- [x] a"), `A task box: phones show its brackets · <code>DINGTALK_BOT_MARKDOWN=phone</code></li>`},
		{"mark of a comment", markdownBody("T", "a <!-- b -->"), `An HTML comment: phones show it · <code>DINGTALK_BOT_MARKDOWN=phone</code></li>`},
		{"mark of tildes", markdownBody("T", "~~a~~"), `phones show its tildes · <code>DINGTALK_BOT_MARKDOWN=phone</code></li>`},
		{"mark of HTML", markdownBody("T", "a <b>c</b>"), `HTML: phones may hide it, or show its tags</li>`},
		{"mark of code", markdownBody("T", "```\na < b\n```"), `A &lt; in code: phones may end the code there · <code>DINGTALK_BOT_MARKDOWN=fix</code></li>`},
		{"no mark", markdownBody("T", "1 < 2 - ok `<b>` [a](https://a.example/) <https://a.example/>\n> q"), "</p>\n</blockquote>\n</div></div></div><details"},

		{"preview by title", markdownBody("The title", "x"), `<p class="line">Robot: The title</p>`},
		{"preview by first line", textBody("\n first \nsecond"), `<p class="line">Robot: first</p>`},
		{"preview for everyone", `{"msgtype":"text","text":{"content":"x"},"at":{"isAtAll":true}}`, `<span class="call" lang="zh">[@所有人]</span> Robot: x`},
		{"preview for one", `{"msgtype":"text","text":{"content":"@1"},"at":{"atMobiles":["1"]}}`, `<span class="call" lang="zh">[有人@我]</span> Robot: @1`},

		{"refused", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<strong class="code">400402</strong> 错误描述:参数 markdown --》 title 缺失`},
		{"explanation", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<p class="why">refused: markdown.title is missing, empty or of another kind</p>`},
		{"rejected body", `{"msgtype":"audio","text":{"content":"a\nb"}}`, `<p class="attempt">audio: a</p>`},
	}
	g := newGroup(t, dingtalktest.Options{})
	for _, tt := range tests {
		g.Reset()
		g.post(t, tt.body)
		if html := g.get(t, "/"); !strings.Contains(html, tt.want) {
			_, shown, _ := strings.Cut(html, `<div id="newest">`)
			t.Errorf("%s: no\n%s\nin\n%s", tt.name, tt.want, shown)
		}
	}
}

// heap returns how many bytes are alive after a collection.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// blockedWriter is a visitor who does not read: writes wait.
type blockedWriter struct {
	header  http.Header
	waiting chan<- struct{}
	release <-chan struct{}
}

func (w *blockedWriter) Header() http.Header { return w.header }
func (w *blockedWriter) WriteHeader(int)     {}
func (w *blockedWriter) Write([]byte) (int, error) {
	w.waiting <- struct{}{}
	<-w.release
	return 0, http.ErrHandlerTimeout
}

// fullFake returns a fake server that remembers a thousand messages.
func fullFake(t *testing.T) *dingtalktest.Server {
	t.Helper()
	fake := dingtalktest.New(&dingtalktest.Options{PerMinute: -1})
	for i := range 1000 {
		postTo(fake, markdownBody(fmt.Sprint("Report ", i), strings.Repeat("- **all** is [well](https://a.example/)\n", 20)))
	}
	if len(fake.Messages()) != 1000 {
		t.Fatalf("%d messages", len(fake.Messages()))
	}
	return fake
}

// postTo posts a body to a server without a secret.
func postTo(fake *dingtalktest.Server, body string) {
	req := httptest.NewRequest("POST", "/robot/send?access_token="+dingtalktest.DefaultToken, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	fake.ServeHTTP(httptest.NewRecorder(), req)
}

func serve(ctx context.Context, h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "http://localhost"+path, nil))
	return w
}

// TestVisitorMemory has visitors wait who do not read what the page sends.
func TestVisitorMemory(t *testing.T) {
	const visitors, bound = 500, 100 << 20
	fake := fullFake(t)
	for _, path := range []string{"/events", "/"} {
		h := Handler(fake, &Options{MaxStreams: visitors, MaxRequests: visitors})
		waiting, release := make(chan struct{}), make(chan struct{})
		before := heap()
		for range visitors {
			go h.ServeHTTP(&blockedWriter{http.Header{}, waiting, release}, httptest.NewRequest("GET", "http://localhost"+path, nil))
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

// TestVisitorLimit refuses visitors over the limit until others have left.
func TestVisitorLimit(t *testing.T) {
	h := Handler(dingtalktest.New(nil), &Options{MaxStreams: 1, MaxRequests: 1})
	for _, path := range []string{"/events", "/"} {
		waiting, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			h.ServeHTTP(&blockedWriter{http.Header{}, waiting, release}, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost"+path, nil))
		}()
		<-waiting
		if w := serve(t.Context(), h, path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: status %d for the second visitor", path, w.Code)
		}
		close(release)
		<-done
		left, leave := context.WithCancel(t.Context())
		leave()
		if w := serve(left, h, path); w.Code != http.StatusOK {
			t.Errorf("%s: status %d after the first visitor left", path, w.Code)
		}
	}
}

// TestStreamTimeout opens a stream over a real connection and never reads from it.
func TestStreamTimeout(t *testing.T) {
	h := Handler(fullFake(t), &Options{Timeout: 50 * time.Millisecond})
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
