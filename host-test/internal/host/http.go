package host

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// extism/go-sdk v1.7.1 always sends with http.DefaultClient. This changes it in
// every process that loads a plugin. Redirects are not followed: they could lead
// to a host that is not allowed, with the token in the Referer. And each request
// is recorded for its call.
func init() {
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	http.DefaultClient.Transport = transport{http.DefaultTransport}
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

// A transport records the requests of plugins and limits their responses. It
// passes other requests through.
type transport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return t.RoundTripper.RoundTrip(req)
	}
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
