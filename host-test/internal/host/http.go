package host

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// extism/go-sdk v1.7.1 always sends with http.DefaultClient. This changes it in
// every process that loads a plugin. Redirects are not followed: they could lead
// to a host that is not allowed, with the token in the Referer. And each request
// is recorded for its call.
func init() {
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	http.DefaultClient.Transport = &transport{RoundTripper: http.DefaultTransport, now: WallTime}
}

// maxResponse is how much of a response reaches the plugin, in bytes. The plugin
// cuts it to less.
const maxResponse = 64 << 10

// An exchange records the requests of one call.
type exchange struct {
	sent atomic.Bool // a request other than GET got a connection, and may have arrived
}

type exchangeKey struct{}

func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// maxIdle is after how much time without a request connections are closed instead
// of being used again. Routers and servers forget idle connections, and a POST on
// one that is dead ends with an unknown outcome.
const maxIdle = 30 * time.Second

// A transport records the requests of plugins and limits their responses. It
// passes other requests through.
type transport struct {
	http.RoundTripper
	now func() time.Time

	mu   sync.Mutex
	last time.Time // when the last request began
}

// WallTime returns the time without monotonic time, which stops while a laptop is
// suspended. So do the timers of the standard library that close idle connections.
func WallTime() time.Time { return time.Now().Round(0) }

// closeIdle closes the connections if they were idle for too long, or if the clock
// was set back.
func (t *transport) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if idle := now.Sub(t.last); idle < 0 || idle > maxIdle {
		if pool, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
			pool.CloseIdleConnections()
		}
	}
	t.last = now
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return t.RoundTripper.RoundTrip(req)
	}
	t.closeIdle()
	if req.Method != http.MethodGet {
		// Before it has a connection, which includes TLS, a request sends nothing.
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { x.sent.Store(true) },
		}))
	}
	res, err := t.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		// Its body is the bare connection, which would outlive the context.
		res.Body.Close()
		res.Body = http.NoBody
	}
	res.Body = &limitedBody{io.LimitReader(res.Body, maxResponse), res.Body}
	return res, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// A TrapError reports a call that the host ended. Its text quotes nothing from
// the error of extism/go-sdk, which holds the address with its credentials.
type TrapError struct {
	Sent    bool // a POST got a connection: it is unknown whether it arrived
	Lasting bool // repeating the call does not help until the operator changes something

	cause string
	err   error
}

// Error describes what failed, without credentials.
func (e *TrapError) Error() string {
	if e.Sent {
		return "the host ended the call: " + e.cause + maybe
	}
	return "the host ended the call: " + e.cause
}

// Outcome describes a call that was Sent, in a sentence for somebody who need not
// know of hosts.
func (e *TrapError) Outcome() string {
	return strings.ToUpper(e.cause[:1]) + e.cause[1:] + maybe + "."
}

const maybe = "; the message may or may not have arrived"

// Unwrap returns the error of extism/go-sdk. It may hold a credential: never show it.
func (e *TrapError) Unwrap() error { return e.err }

func newTrapError(ctx context.Context, err error, sent bool) *TrapError {
	cause, lasting := describeTrap(ctx, err)
	return &TrapError{Sent: sent, Lasting: lasting, cause: cause, err: err}
}

// describeTrap classifies an error by its type, or by its text where extism/go-sdk
// dropped the type.
func describeTrap(ctx context.Context, err error) (cause string, lasting bool) {
	var network *url.Error
	var lookup *net.DNSError
	switch text := err.Error(); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "the call took too long", false
	case ctx.Err() != nil:
		return "the call was canceled", false
	case strings.Contains(text, "is not allowed"):
		return "it may not reach that host; add the host name to the allowed hosts", true
	case errors.As(err, &lookup), strings.Contains(text, "no such host"):
		return "the host name cannot be resolved", false
	case strings.Contains(text, "connection refused"):
		return "the connection was refused", false
	case strings.Contains(text, "certificate"), strings.Contains(text, "tls:"):
		return "the server's certificate is not trusted", true
	case errors.As(err, &network), strings.Contains(text, "EOF"), strings.Contains(text, "reset by peer"):
		return "the connection broke", false
	case strings.Contains(text, "wasm error"):
		return "the plugin crashed", false
	}
	return "its reason cannot be shown, since it may hold a credential", false
}
