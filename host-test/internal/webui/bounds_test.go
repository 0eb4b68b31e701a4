package webui

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

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
