package dingtalk

import (
	"strconv"
)

// A Reason is why a call ended as it did, from the closed list in
// schema/output.json.
type Reason string

// The reasons that this package gives.
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

// Rules of the text in an Error, which models and operators read: Text is one
// sentence that says what failed and, where DingTalk spoke, holds its code and
// words; Next is what to do next, in the imperative. Neither ever holds an
// access token, a secret, a signature or an address.

// An Error says why a message did not reach the group, or may not have.
type Error struct {
	Reason     Reason
	Message    string
	Advice     string
	Key        string // the configuration key concerned, or ""
	Code       int    // DingTalk's errcode, when Spoke
	Msg        string // DingTalk's errmsg, when Spoke
	HasErrcode bool   // DingTalk answered with an errcode
	Retryable  bool   // the same call, unchanged, may succeed later
	RetryAfter int    // seconds until it may; 0 is at once or never
}

// Error returns the message and the advice.
func (e *Error) Error() string { return e.Message + " " + e.Advice }

// Unknown reports whether the message may have been delivered all the same.
// Only then is a repeat under the same msgUuid worth while.
func (e *Error) Unknown() bool { return e.Reason == ReasonUnknown }

func (e *Error) throttled() bool {
	return e.HasErrcode && (e.Code == errcodeRateLimited || e.Code == errcodeRateLimitedV2)
}

// argumentError is a refusal of what the caller asked for.
func argumentError(text, next string) *Error {
	return &Error{Reason: ReasonArguments, Message: "The message was not sent: " + text + ".", Advice: next}
}

// errcodeError explains an errcode by the table in causes.go; an unknown one
// stays a number with DingTalk's own words. The cause is found in the words as
// they came, and what is shown of them is harmless.
func errcodeError(code int, msg string) *Error {
	c := lookupErrcode(code, msg)
	msg = redact(msg)
	return &Error{
		Reason: c.reason,
		Message: "Failed to send message, code: " + strconv.Itoa(code) + ", message: " + sentence(msg) + " " +
			c.Cause,
		Advice:     c.Advice,
		Key:        c.Key,
		Code:       code,
		Msg:        msg,
		HasErrcode: true,
		Retryable:  c.retryable,
		RetryAfter: c.after,
	}
}

// sentence ends s with a full stop.
func sentence(s string) string {
	if s == "" {
		return "(none)."
	}
	switch s[len(s)-1] {
	case '.', ';', '!':
		return s
	}
	return s + "."
}
