package dingtalk

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
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

// MaxResponse is how much of a response is read, in bytes. DingTalk's own take a
// few hundred.
const MaxResponse = 16 << 10

// ParseResponse returns nil if DingTalk accepted the message, which is HTTP 200
// with errcode 0, as a number or as the string "0", and nothing else
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
func ParseResponse(status int, reply []byte) *Error {
	if status == 0 {
		return &Error{
			Reason:  ReasonHTTPDisabled,
			Message: "The message was not sent: HTTP is switched off in this host.",
			Advice:  "Have the operator switch it on; in the JavaScript SDK that is runInWorker: true together with allowedHosts.",
		}
	}
	answer, fault := strictjson.Parse(reply)
	if fault != "" {
		if bytes.Contains(reply, []byte("punish")) {
			return firewallError()
		}
		return gatewayError(status, describeBody(reply))
	}
	code, spoke := errcode(answer)
	switch {
	case spoke && code == 0 && status == 200:
		return nil
	case spoke && code != 0:
		return errcodeError(code, strictjson.String(strictjson.Get(answer, "errmsg")))
	case strictjson.Get(answer, "punish").Exists():
		return firewallError()
	}
	return gatewayError(status, "JSON without a usable errcode")
}

// maxErrcode is the largest number that can be an errcode. DingTalk's have up to
// six digits, a mobile number has more.
const maxErrcode = 99_999_999

// errcode reads the code, an integer or, in DingTalk's own sample, a string of
// one.
func errcode(answer gjson.Result) (code int, spoke bool) {
	switch value := strictjson.Get(answer, "errcode"); value.Type {
	case gjson.Number, gjson.String:
		digits, negative := strings.CutPrefix(strictjson.String(value), "-")
		n, ok := ParseNumber(digits)
		if negative {
			n = -n
		}
		return n, ok && -maxErrcode <= n && n <= maxErrcode
	}
	return 0, false
}

// gatewayError is for a response that is not DingTalk's. Below 500 the message was
// rejected; otherwise delivery is unknown.
func gatewayError(status int, what string) *Error {
	e := &Error{
		Reason:    ReasonUnknown,
		Message:   "DingTalk's answer is unusable: HTTP " + strconv.Itoa(status) + " with " + what + "; the message may or may not have arrived.",
		Advice:    adviceRepeat,
		Retryable: true,
	}
	if 300 <= status && status < 500 {
		e.Reason, e.Retryable, e.ConfigKey = ReasonRefused, false, schema.KeyWebhookURL
		e.Message = "The message was not sent: HTTP " + strconv.Itoa(status) + " with " + what + ", from a gateway before DingTalk's robots."
		e.Advice = "Have the operator check the webhook address and what is between the host and DingTalk."
	}
	return e
}

// firewallError is for the response of DingTalk's firewall, JSON or a page
// (https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server).
func firewallError() *Error {
	return &Error{
		Reason:     ReasonRate,
		Message:    "The message was not sent: DingTalk's firewall has locked the host's IP address out for too many calls.",
		Advice:     "Wait five minutes before calling again.",
		Retryable:  true,
		RetryAfter: firewallSeconds,
	}
}

// describeBody describes a response that is not JSON. It quotes nothing,
// because a foreign page may echo the address.
func describeBody(reply []byte) string {
	head := bytes.TrimSpace(reply[:min(len(reply), 512)])
	switch {
	case len(reply) == 0:
		return "an empty body"
	case len(reply) >= MaxResponse:
		return "an overlong body"
	case bytes.HasPrefix(head, []byte("<")):
		return "a web page"
	case bytes.HasPrefix(head, []byte("{")):
		return "JSON that is cut short or broken"
	case !utf8.Valid(reply) || bytes.IndexByte(reply, 0) >= 0:
		return "binary data"
	}
	return "a text that is not JSON"
}
