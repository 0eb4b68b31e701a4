package mcpserver

import (
	"bytes"
	"context"
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
	server  *Server
	stop    context.CancelFunc
	done    chan error
}

func serveOverHTTP(t *testing.T, g *guest, o *HTTPOptions) *endpoint {
	t.Helper()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: time.Minute, Grace: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	e := &endpoint{listener.Addr().String(), server, stop, make(chan error, 1)}
	go func() { e.done <- server.ServeHTTP(ctx, listener, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-e.done; err != nil {
			t.Error(err)
		}
		server.Close()
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
	return mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
}

// Sessions share one plugin, and with it the rate.
func TestHTTPSessions(t *testing.T) {
	g := answering(sent, nil)
	e := serveOverHTTP(t, g, &HTTPOptions{})
	var clients sync.WaitGroup
	for range 5 {
		clients.Go(func() {
			session, err := e.connect(t, "")
			if err != nil {
				t.Error(err)
				return
			}
			defer session.Close()
			if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 1 {
				t.Errorf("%v, %v", list, err)
			}
			for range 5 {
				if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send"}); err != nil || reasonOf(result) != "sent" {
					t.Errorf("%v, %v", result, err)
				}
			}
		})
	}
	clients.Wait()
	if g.called != 25 || g.overlaps != 0 || g.loads != 1 {
		t.Errorf("%d calls, %d of them at once with another, in %d instances", g.called, g.overlaps, g.loads)
	}
}

// A call that a client cancels ends.
func TestHTTPCanceled(t *testing.T) {
	g := hanging()
	e := serveOverHTTP(t, g, &HTTPOptions{})
	session, err := e.connect(t, "")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		g.waitForCalls(1)
		cancel()
	}()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "send"}); err == nil {
		t.Error("no error")
	}
	for busy := true; busy; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		busy = g.busy
		g.mu.Unlock()
	}
}

func TestHTTPToken(t *testing.T) {
	e := serveOverHTTP(t, answering(sent, nil), &HTTPOptions{Token: "right token"})
	for _, token := range []string{"", "wrong", "right", "right token "} {
		session, err := e.connect(t, token)
		if want := strings.TrimSpace(token) == "right token"; (err == nil) != want {
			t.Errorf("token %q: error %v", token, err)
		}
		if err == nil {
			session.Close()
		}
	}
	session, err := e.connect(t, "right token")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	callTool(t, session, nil)
}

const httpInitialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

// post sends what a browser or a script might; header has two elements a field.
func (e *endpoint) post(t *testing.T, method, path, host string, body io.Reader, header ...string) (*http.Response, string) {
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
	e := serveOverHTTP(t, answering(sent, nil), &HTTPOptions{Hosts: []string{"mcp.example.com"}})
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
		res, text := e.post(t, "POST", "/mcp", tt.host, strings.NewReader(httpInitialize), header...)
		if res.StatusCode != tt.want {
			t.Errorf("Host %q, Origin %q: %d %s, want %d", tt.host, tt.origin, res.StatusCode, text, tt.want)
		}
		if res, _ := e.post(t, "GET", "/healthz", tt.host, nil, header...); res.StatusCode != tt.want {
			t.Errorf("healthz for Host %q, Origin %q: %d, want %d", tt.host, tt.origin, res.StatusCode, tt.want)
		}
	}
}

func TestHTTPLimits(t *testing.T) {
	g, release := blocking()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	listener := httptest.NewUnstartedServer(nil)
	handler := newHTTPHandler(server, listener.Listener.Addr(), &HTTPOptions{})
	listener.Config.Handler = handler
	listener.Start()
	defer listener.Close()
	e := &endpoint{address: listener.Listener.Addr().String()}
	res, _ := e.post(t, "POST", "/mcp", "", bytes.NewReader(make([]byte, maxBody+1)))
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", res.StatusCode)
	}
	res, _ = e.post(t, "GET", "/", "", nil)
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %d", res.StatusCode)
	}
	var id string
	for i := range maxClientSessions + 1 {
		res, text := e.post(t, "POST", "/mcp", "", strings.NewReader(httpInitialize))
		if want := map[bool]int{true: 200, false: 429}[i < maxClientSessions]; res.StatusCode != want {
			t.Fatalf("session %d: %d %s, want %d", i, res.StatusCode, text, want)
		}
		if got := res.Header.Get(sessionHeader); got != "" {
			id = got
		}
	}
	if res, text := e.post(t, "DELETE", "/mcp", "", nil, sessionHeader, id); res.StatusCode >= 300 {
		t.Errorf("DELETE: %d %s", res.StatusCode, text)
	}
	res, text := e.post(t, "POST", "/mcp", "", strings.NewReader(httpInitialize))
	if id = res.Header.Get(sessionHeader); res.StatusCode != 200 || id == "" {
		t.Fatalf("a session in place of one that ended: %d %s", res.StatusCode, text)
	}
	var under sync.WaitGroup
	for i := range maxClientRequests {
		under.Go(func() {
			body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{}}}`, i+2)
			if res, text := e.post(t, "POST", "/mcp", "", strings.NewReader(body), sessionHeader, id); res.StatusCode != 200 || !strings.Contains(text, `"sent"`) {
				t.Errorf("call %d: %d %s", i, res.StatusCode, text)
			}
		})
	}
	for open := 0; open < maxClientRequests; time.Sleep(time.Millisecond) {
		handler.mu.Lock()
		open = handler.total
		handler.mu.Unlock()
	}
	res, _ = e.post(t, "POST", "/mcp", "", strings.NewReader(`{"jsonrpc":"2.0","id":1000,"method":"ping"}`), sessionHeader, id)
	if res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more request: %d", res.StatusCode)
	}
	close(release)
	under.Wait()
}

// A server that is told to stop answers what is under way, and does not wait for
// streams of events.
func TestHTTPShutdown(t *testing.T) {
	for _, want := range []string{"sent", "unknown_outcome"} {
		release := make(chan struct{})
		g := &guest{call: func(ctx context.Context, _ string) (string, error) {
			select {
			case <-release:
				return sent, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}}
		e := serveOverHTTP(t, g, &HTTPOptions{})
		session, err := e.connect(t, "") // with its stream
		if err != nil {
			t.Fatal(err)
		}
		var caller sync.WaitGroup
		caller.Go(func() {
			if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send"}); err != nil || reasonOf(result) != want {
				t.Errorf("%v, %v, want %s", result, err, want)
			}
		})
		g.waitForCalls(1)
		e.stop()
		if want == "sent" {
			close(release)
		}
		caller.Wait()
		if err := <-e.done; err != nil {
			t.Error(err)
		}
		e.done <- nil
		if conn, err := net.Dial("tcp", e.address); err == nil {
			conn.Close()
			t.Error("it still listens")
		}
	}
}
