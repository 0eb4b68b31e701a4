package mcpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An endpoint is a server over HTTP.
type endpoint struct {
	address string
	stop    context.CancelFunc
	done    chan error
}

func serveHTTP(t *testing.T, p *fakePlugin, o *HTTPOptions) *endpoint {
	t.Helper()
	server := newServer(t, Options{Load: p.load, Timeout: time.Minute, Grace: 300 * time.Millisecond})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	e := &endpoint{listener.Addr().String(), stop, make(chan error, 1)}
	go func() { e.done <- server.ServeHTTP(ctx, listener, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-e.done; err != nil {
			t.Error(err)
		}
	})
	return e
}

// bearer sends a token with each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (e *endpoint) connect(t *testing.T, token string) (*mcp.ClientSession, error) {
	t.Helper()
	transport := &mcp.StreamableClientTransport{Endpoint: "http://" + e.address + "/mcp"}
	if token != "" {
		transport.HTTPClient = &http.Client{Transport: bearer(token)}
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
	if err == nil {
		t.Cleanup(func() { session.Close() })
	}
	return session, err
}

// Sessions share one plugin, which is called by one at a time.
func TestHTTPSessions(t *testing.T) {
	p := slow()
	e := serveHTTP(t, p, &HTTPOptions{})
	var clients sync.WaitGroup
	for range 5 {
		clients.Go(func() {
			session, err := e.connect(t, "")
			if err != nil {
				t.Error(err)
				return
			}
			if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 1 {
				t.Errorf("%v, %v", list, err)
			}
			for range 5 {
				clients.Go(func() {
					if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send"}); err != nil || reasonOf(result) != "sent" {
						t.Errorf("%v, %v", result, err)
					}
				})
			}
		})
	}
	clients.Wait()
	if p.called != 25 || p.overlaps != 0 || p.loads != 1 {
		t.Errorf("%d calls, %d overlapped, %d plugins", p.called, p.overlaps, p.loads)
	}
}

// A call ends when its client cancels it, and the plugin stays loaded.
func TestHTTPCanceled(t *testing.T) {
	p, release := waiting()
	session, err := serveHTTP(t, p, &HTTPOptions{}).connect(t, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		p.waitForCalls(1)
		cancel()
	}()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "send"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	p.wait(func() bool { return !p.busy })
	close(release)
	if result := callTool(t, session, nil); result.IsError || p.loads != 1 || p.closes != 0 {
		t.Errorf("after %d loads and %d closes: %s", p.loads, p.closes, textOf(result))
	}
}

func TestHTTPToken(t *testing.T) {
	e := serveHTTP(t, answering(sent, nil), &HTTPOptions{Token: "right token"})
	for _, token := range []string{"", "wrong", "right", "right token", "right token "} {
		session, err := e.connect(t, token)
		if want := strings.TrimSpace(token) == "right token"; (err == nil) != want {
			t.Errorf("token %q: error %v", token, err)
		}
		if err == nil {
			callTool(t, session, nil)
		}
	}
}

const httpInitialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

// send sends a request; header has names and values in turn.
func (e *endpoint) send(t *testing.T, method, path, host string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+e.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res, string(text)
}

func TestHTTPHostAndOrigin(t *testing.T) {
	e := serveHTTP(t, answering(sent, nil), &HTTPOptions{Hosts: []string{"mcp.example.com"}})
	tests := []struct {
		host, origin string
		want         int
	}{
		{"", "", 200},
		{"localhost:1", "", 200},
		{"[::1]:1", "", 200},
		{"127.0.0.2", "", 200},
		{"mcp.example.com", "https://mcp.example.com", 200},
		{"MCP.example.com:8443", "", 200},
		{"", "http://localhost:3000", 200},
		{"evil.example", "", 403},
		{"localhost.evil.example", "", 403},
		{"127.0.0.1.evil.example", "", 403},
		{"10.0.0.1", "", 403},
		{"", "https://evil.example", 403},
		{"", "null", 403},
		{"", "http://127.0.0.1.evil.example", 403},
		{"", "http://", 403},
	}
	for _, tt := range tests {
		var header []string
		if tt.origin != "" {
			header = []string{"Origin", tt.origin}
		}
		res, text := e.send(t, "POST", "/mcp", tt.host, strings.NewReader(httpInitialize), header...)
		if res.StatusCode != tt.want {
			t.Errorf("Host %q, Origin %q: %d %s, want %d", tt.host, tt.origin, res.StatusCode, text, tt.want)
		}
		if res, _ := e.send(t, "GET", "/healthz", tt.host, nil, header...); res.StatusCode != tt.want {
			t.Errorf("healthz for Host %q, Origin %q: %d, want %d", tt.host, tt.origin, res.StatusCode, tt.want)
		}
	}
}

func TestHTTPLimits(t *testing.T) {
	p, release := blocking()
	server := newServer(t, Options{Load: p.load, Timeout: time.Minute})
	listener := httptest.NewUnstartedServer(nil)
	handler := newHTTPHandler(server, listener.Listener.Addr(), &HTTPOptions{})
	listener.Config.Handler = handler
	listener.Start()
	defer listener.Close()
	e := &endpoint{address: listener.Listener.Addr().String()}
	check := func(name string, want int, method, path string, body io.Reader, header ...string) (session, text string) {
		t.Helper()
		res, text := e.send(t, method, path, "", body, header...)
		if res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, text, want)
		}
		return res.Header.Get(sessionHeader), text
	}
	initialize := func(name string, want int) string {
		id, _ := check(name, want, "POST", "/mcp", strings.NewReader(httpInitialize))
		return id
	}
	check("large body", http.StatusRequestEntityTooLarge, "POST", "/mcp", bytes.NewReader(make([]byte, maxBody+1)))
	check("other path", http.StatusNotFound, "GET", "/", nil)
	id := initialize("session", http.StatusOK)
	var calls sync.WaitGroup
	for i := range maxClientRequests {
		calls.Go(func() {
			if _, text := check("call", http.StatusOK, "POST", "/mcp", strings.NewReader(callLine(i+2, "{}")), sessionHeader, id); !strings.Contains(text, `"sent"`) {
				t.Errorf("call %d: %s", i, text)
			}
		})
	}
	for running := 0; running < maxClientRequests; time.Sleep(time.Millisecond) {
		handler.mu.Lock()
		running = handler.total
		handler.mu.Unlock()
	}
	check("request too many", http.StatusTooManyRequests, "POST", "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1000,"method":"ping"}`), sessionHeader, id)
	close(release)
	calls.Wait()
}

// A client that never deletes a session can always begin one: its longest idle one
// ends, and none in which a call runs, nor another client's.
func TestHTTPSessionsEnd(t *testing.T) {
	p, release := blocking()
	server := newServer(t, Options{Load: p.load, Timeout: time.Minute})
	handler := newHTTPHandler(server, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &HTTPOptions{})
	handler.hosts = []string{"example.com"} // of httptest.NewRequest
	post := func(client, id, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/mcp", strings.NewReader(body))
		r.RemoteAddr = client + ":1234"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if id != "" {
			r.Header.Set(sessionHeader, id)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	initialize := func(client string) string {
		t.Helper()
		w := post(client, "", httpInitialize)
		if w.Code != http.StatusOK {
			t.Fatalf("initialize: %d %s", w.Code, w.Body)
		}
		return w.Header().Get(sessionHeader)
	}
	const ping = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	works := func(client, id string) bool { return post(client, id, ping).Code == http.StatusOK }

	other, busy, idle := initialize("10.0.0.1"), initialize("10.0.0.2"), initialize("10.0.0.2")
	var call sync.WaitGroup
	call.Go(func() {
		if w := post("10.0.0.2", busy, callLine(3, "{}")); !strings.Contains(w.Body.String(), `"sent"`) {
			t.Errorf("the call: %d %s", w.Code, w.Body)
		}
	})
	p.waitForCalls(1)
	used := initialize("10.0.0.2")
	for range maxClientSessions - 3 {
		initialize("10.0.0.2")
	}
	if !works("10.0.0.2", used) {
		t.Error("a session ended before there were too many")
	}
	for range maxClientSessions - 2 { // all but the busy and the used one
		initialize("10.0.0.2")
	}
	ended := func() bool { return !works("10.0.0.2", idle) }
	for start := time.Now(); !ended() && time.Since(start) < 5*time.Second; time.Sleep(time.Millisecond) {
	}
	if !ended() || !works("10.0.0.2", used) || !works("10.0.0.1", other) {
		t.Error("not the longest idle session ended")
	}
	close(release)
	call.Wait()
	for i := range 2 * maxSessions { // of as many clients
		initialize(fmt.Sprintf("10.1.%d.%d", i/256, i%256))
	}
	if n := len(handler.sessions); n > maxSessions {
		t.Errorf("%d sessions are open", n)
	}
}

// As TestShutdown; an event stream does not delay it.
func TestHTTPShutdown(t *testing.T) {
	for _, want := range []string{"sent", "unknown_outcome"} {
		p, release := waiting()
		e := serveHTTP(t, p, &HTTPOptions{})
		session, err := e.connect(t, "") // with its event stream
		if err != nil {
			t.Fatal(err)
		}
		stopDuringCall(t, session, p, e.stop, release, want)
		if err := <-e.done; err != nil {
			t.Error(err)
		}
		e.done <- nil // for the cleanup
		if conn, err := net.Dial("tcp", e.address); err == nil {
			conn.Close()
			t.Error("it still listens")
		}
	}
}
