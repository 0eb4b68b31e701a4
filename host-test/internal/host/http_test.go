package host

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// A connection that was idle for long by the clock, as while a laptop was
// suspended, is not used again.
func TestIdleConnections(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	now := time.Unix(1e9, 0)
	pool := &http.Transport{}
	defer pool.CloseIdleConnections()
	transport := &transport{RoundTripper: pool, now: func() time.Time { return now }}
	for _, tt := range []struct {
		after time.Duration
		want  int64 // connections since the start
	}{{0, 1}, {time.Second, 1}, {maxIdle, 1}, {maxIdle + time.Second, 2}, {8 * time.Hour, 3}, {-time.Hour, 4}, {time.Second, 4}} {
		now = now.Add(tt.after)
		ctx, _ := withExchange(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for connections.Load() < tt.want { // the server notices later
			time.Sleep(time.Millisecond)
		}
		if got := connections.Load(); got != tt.want {
			t.Errorf("after %v: %d connections, want %d", tt.after, got, tt.want)
		}
	}
}
