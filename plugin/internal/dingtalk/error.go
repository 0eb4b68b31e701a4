package dingtalk

import (
	"strconv"
	"strings"
)

// A Reason is the outcome of a call, from the list in schema/output.json.
type Reason string

// The reasons of this package.
const (
	ReasonSent         Reason = "sent"
	ReasonAlreadySent  Reason = "already_sent"
	ReasonArguments    Reason = "invalid_arguments"
	ReasonConfigured   Reason = "not_configured"
	ReasonPolicy       Reason = "policy"
	ReasonClock        Reason = "clock"
	ReasonRate         Reason = "rate_limited"
	ReasonRefused      Reason = "refused"
	ReasonUnknown      Reason = "unknown_outcome"
	ReasonHTTPDisabled Reason = "http_disabled"
)

// An Error tells why a message was not delivered, or may not have been. Models
// and operators read it. It never holds an access token, a secret, a signature
// or an address.
type Error struct {
	Reason     Reason
	Message    string // what failed, with DingTalk's errcode and errmsg if there are any
	Advice     string // what to do next, in the imperative
	ConfigKey  string // the configuration key concerned, or ""
	Code       int    // DingTalk's errcode, if HasErrcode
	Msg        string // DingTalk's errmsg, redacted, if HasErrcode
	HasErrcode bool   // DingTalk answered with an errcode
	Retryable  bool   // the same call, unchanged, may succeed later
	RetryAfter int    // seconds until it may; 0 is at once or never
}

// Error returns the message and the advice.
func (e *Error) Error() string { return e.Message + " " + e.Advice }

// Unknown reports whether the message may have been delivered. Only then is it
// useful to repeat it under the same msgUuid.
func (e *Error) Unknown() bool { return e.Reason == ReasonUnknown }

func (e *Error) throttled() bool { return e.RetryAfter == lockSeconds }

// argumentError refuses what the caller asked for.
func argumentError(text, advice string) *Error {
	return &Error{Reason: ReasonArguments, Message: "The message was not sent: " + text + ".", Advice: advice}
}

// errcodeError explains an errcode by the table Errcodes. It shows the errmsg
// redacted.
func errcodeError(code int, msg string) *Error {
	c := lookupErrcode(code, msg)
	msg = redact(msg)
	return &Error{
		Reason:     c.reason,
		Message:    "Failed to send message, code: " + strconv.Itoa(code) + ", message: " + sentence(msg) + " " + c.Cause,
		Advice:     c.Advice,
		ConfigKey:  c.ConfigKey,
		Code:       code,
		Msg:        msg,
		HasErrcode: true,
		Retryable:  c.retryable,
		RetryAfter: c.after,
	}
}

// sentence ends s with a full stop, in place of what DingTalk ends it with.
func sentence(s string) string {
	if s = strings.TrimRight(s, " .;。"); s == "" {
		s = "(none)"
	}
	return s + "."
}
