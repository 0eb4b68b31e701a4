package host

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
)

// A Failure is a call that the host ended: the plugin never saw why. Its text
// holds no address, because a credential may stand in one and extism/go-sdk
// quotes it whole.
type Failure struct {
	cause string
	err   error
}

// Error says what failed and what to look at.
func (f *Failure) Error() string { return "the host ended the call: " + f.cause }

// Unwrap returns the SDK's own error. It may hold a credential: never show it.
func (f *Failure) Unwrap() error { return f.err }

func failure(ctx context.Context, err error) *Failure {
	return &Failure{causeOf(ctx, err), err}
}

// causeOf names the kinds of failure that a runner meets, from the error's type
// or, where extism/go-sdk made text of it, from that.
func causeOf(ctx context.Context, err error) string {
	var network *url.Error
	var lookup *net.DNSError
	switch text := err.Error(); {
	case ctx.Err() != nil:
		return "it took too long or was cancelled; the message may or may not have arrived"
	case strings.Contains(text, "is not allowed"):
		return "it may not reach that host; add the host name to the allowed hosts"
	case errors.As(err, &lookup), strings.Contains(text, "no such host"):
		return "the host name cannot be resolved"
	case strings.Contains(text, "connection refused"):
		return "the connection was refused"
	case strings.Contains(text, "module is closed"):
		return "the plugin was closed by an earlier timeout; load it anew"
	case strings.Contains(text, "certificate"), strings.Contains(text, "tls:"):
		return "the server's certificate is not trusted"
	case errors.As(err, &network), strings.Contains(text, "EOF"), strings.Contains(text, "reset by peer"):
		return "the connection broke; the message may or may not have arrived"
	case strings.Contains(text, "wasm error"):
		return "the plugin crashed"
	}
	return "for a reason that cannot be shown, since it may hold a credential"
}
