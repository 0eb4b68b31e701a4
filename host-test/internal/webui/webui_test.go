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

	"golang.org/x/tools/txtar"

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

// TestRender posts the messages in testdata/render.txt, and looks for a piece of the page.
func TestRender(t *testing.T) {
	cases, err := txtar.ParseFile("testdata/render.txt")
	if err != nil || len(cases.Files) < 40 {
		t.Fatalf("%d cases, %v", len(cases.Files), err)
	}
	g := newGroup(t, dingtalktest.Options{})
	for _, c := range cases.Files {
		g.Reset()
		body, want, _ := strings.Cut(strings.TrimSuffix(string(c.Data), "\n"), "\n")
		if f, ok := dingtalktest.FaultByName(strings.TrimPrefix(c.Name, "fault ")); ok {
			g.InjectFaults(f)
		}
		g.post(t, body)
		if html := g.get(t, "/"); !strings.Contains(html, want) {
			_, shown, _ := strings.Cut(html, `<div id="log"`)
			t.Errorf("%s: no\n%s\nin\n%.2000s", c.Name, want, shown)
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
