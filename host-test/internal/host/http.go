package host

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// extism/go-sdk v1.7.1 sends with http.DefaultClient and takes no other. So it
// is changed here, for each process that loads a plugin: a redirect is an
// answer, since following one would ask a host that is not allowed, with the
// token in the Referer; and each request is noted for its call.
func init() {
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	http.DefaultClient.Transport = transport{http.DefaultTransport}
}

// maxResponse bounds the part of a response that reaches the plugin, in bytes.
// The plugin reads less of it, and cuts it itself.
const maxResponse = 64 << 10

// An exchange is what the host knows of the requests of one call.
type exchange struct {
	sent atomic.Bool // a request that is no GET had a connection, and may have arrived
}

type exchangeKey struct{}

func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// A transport notes the requests of plugins and bounds their responses. Others
// pass as they are.
type transport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, plugins := req.Context().Value(exchangeKey{}).(*exchange)
	if !plugins {
		return t.RoundTripper.RoundTrip(req)
	}
	if req.Method != http.MethodGet {
		// Name, connection and certificate come before: until then no byte went out.
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { x.sent.Store(true) },
		}))
	}
	res, err := t.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = &limitedBody{io.LimitReader(res.Body, maxResponse), res.Body}
	return res, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}
