package host

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
)

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
