package dingtalktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMessageBytes limits a body, see https://open.dingtalk.com/document/development/custom-robots-send-group-messages.
// guess: exactly 20000 bytes pass.
const maxMessageBytes = 20000

// exchange is one request on its way through the checks.
type exchange struct {
	opts      Options // with defaults
	now       time.Time
	query     url.Values
	from      netip.Addr
	truncated bool        // the body is longer than Options.MaxBody
	root      object      // set by check
	typ       messageType // set by checkType
	message   *Message    // set by readMessage
	record    Request
}

// newExchange requires a body that was read with readBody.
func newExchange(req *http.Request, body []byte, o Options, now time.Time) *exchange {
	// An address that cannot be parsed is the zero Addr, which is in no prefix.
	from, _ := netip.ParseAddrPort(req.RemoteAddr)
	return &exchange{
		opts:      o,
		now:       now,
		query:     req.URL.Query(),
		from:      from.Addr().Unmap(),
		truncated: len(body) > o.MaxBody,
		record:    newRequest(req, body, o, now),
	}
}

// refusal is a reply other than ok, and the reason that Request.Explanation gives.
type refusal struct {
	reply
	why string
}

func refuse(r reply, format string, args ...any) *refusal {
	return &refusal{r, fmt.Sprintf(format, args...)}
}

// check returns the first thing that is wrong. That method and token come first was seen in a live probe; guess: the rest
// of the order, and that parameters of the Content-Type, such as charset, are ignored.
func (e *exchange) check() *refusal {
	switch {
	case e.record.Method != http.MethodPost:
		return refuse(needPost, "the method is %s", e.record.Method)
	case e.query.Get("access_token") == "":
		return refuse(noToken, "the query has no access_token")
	case e.truncated: // guess: a body too long for the gateway is refused for its size, not as invalid JSON
		return refuse(tooLong, "the body has more than %d bytes", e.opts.MaxBody)
	}
	var err error
	if e.root, err = parseObject(e.record.Body); err != nil {
		return refuse(noJSON, "the body is not a JSON object: %v", err)
	}
	sentType := e.record.Header.Get("Content-Type")
	mediaType, _, _ := mime.ParseMediaType(sentType)
	switch {
	case mediaType != "application/json":
		return refuse(badContentType, "Content-Type is %q, not application/json", sentType)
	case !e.record.TokenKnown:
		return refuse(reply{e.opts.TokenCode, unknownToken.texts}, "the access_token is not the robot's")
	case e.opts.Removed:
		return refuse(removed, "the robot was removed from its group")
	case e.opts.Disabled:
		return refuse(disabled, "the robot is disabled")
	case e.opts.Dissolved:
		return refuse(dissolved, "the robot's group is dissolved")
	}
	for _, check := range []func() *refusal{
		e.checkSign, e.checkIP, e.checkType, e.checkFields, e.checkSize, e.readMessage, e.checkKeyword, e.checkURLs,
	} {
		if no := check(); no != nil {
			return no
		}
	}
	return nil
}

// checkSign checks timestamp and sign. Without sign the answer is that it does not match, not that it is missing:
// https://github.com/jeessy2/backup-x/issues/106.
func (e *exchange) checkSign() *refusal {
	if e.opts.Secret == "" {
		return nil
	}
	if e.query.Get("sign") == "" {
		return refuse(signMismatch, "the robot has a secret, and the query has no sign")
	}
	sent, ok := parseMillis(e.query.Get("timestamp"))
	if !ok {
		return refuse(signExpired, "the query has no timestamp in milliseconds")
	}
	// An hour is documented. guess: exactly one hour passes.
	if off := e.now.Sub(sent).Abs(); off > time.Hour {
		return refuse(signExpired, "the timestamp is %v off the robot's clock", off.Round(time.Second))
	}
	if !e.record.SignVerified {
		return refuse(signMismatch, "sign is not what timestamp and secret give")
	}
	return nil
}

// verifies reports whether a request is signed with the robot's secret.
func (o Options) verifies(query url.Values) bool {
	return o.Secret != "" && equal(query.Get("sign"), signature(o.Secret, query.Get("timestamp")))
}

// signature returns the unescaped sign parameter: the Base64 of HMAC-SHA256 over timestamp, line break and secret, with the
// secret as the key. The body is not signed.
//
// See https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func signature(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// parseMillis accepts digits only. ParseInt would accept a sign, too.
func parseMillis(s string) (time.Time, bool) {
	ms, err := strconv.ParseUint(s, 10, 63)
	return time.UnixMilli(int64(ms)), err == nil
}

// equal compares credentials in constant time.
func equal(got, want string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }

// checkIP ignores headers such as X-Forwarded-For, which any sender can set.
func (e *exchange) checkIP() *refusal {
	allows := func(p netip.Prefix) bool { return p.Contains(e.from) }
	if len(e.opts.AllowIPs) == 0 || slices.ContainsFunc(e.opts.AllowIPs, allows) {
		return nil
	}
	return refuse(ipRefused.with(e.from.String()), "%v is not on the robot's IP list", e.from)
}

// checkType guesses that a missing msgtype is refused like an unknown one.
func (e *exchange) checkType() *refusal {
	sent := str(e.root, "msgtype")
	var known []string
	for _, t := range messageTypes {
		if t.name == sent {
			e.typ = t
			return nil
		}
		known = append(known, t.name)
	}
	return refuse(badMsgType.with(sent), "msgtype is none of %s", strings.Join(known, ", "))
}

// checkFields checks what the message type requires, see https://open.dingtalk.com/document/development/robot-message-type.
func (e *exchange) checkFields() *refusal {
	body, ok := e.root[e.typ.name].(object)
	if !ok {
		return missing(e.typ.code, e.typ.name)
	}
	if no := requireFields(body, []string{e.typ.name}, e.typ.required); no != nil || e.typ.check == nil {
		return no
	}
	return e.typ.check(body)
}

// requireFields checks that strings are present and not empty, which https://github.com/feiyu563/PrometheusAlert/issues/63
// shows to be refused. guess: a blank string is refused, too.
func requireFields(o object, path []string, fields []field) *refusal {
	for _, f := range fields {
		if strings.TrimSpace(str(o, f.name)) == "" {
			return missing(f.code, append(path, f.name)...)
		}
	}
	return nil
}

// requireEach checks the objects of a list. guess: the answer does not tell which of them is wrong.
func requireEach(list []any, path []string, fields ...field) *refusal {
	for _, item := range list {
		entry, _ := item.(object)
		if no := requireFields(entry, path, fields); no != nil {
			return no
		}
	}
	return nil
}

// checkCard requires singleTitle and singleURL, which make btns irrelevant, or else valid btns.
func checkCard(card object) *refusal {
	title, address := strings.TrimSpace(str(card, "singleTitle")), str(card, "singleURL")
	buttons, _ := card["btns"].([]any)
	switch {
	case title != "" && address != "":
	case len(buttons) > 0:
		no := requireEach(buttons, []string{"actionCard", "btns"}, field{400507, "title"}, field{400508, "actionURL"})
		if no != nil {
			return no
		}
	case title != "":
		return missing(400506, "actionCard", "singleURL")
	case address != "":
		return missing(400505, "actionCard", "singleTitle")
	default:
		return missing(400504, "actionCard", "btns")
	}
	for _, f := range []field{{400509, "btnOrientation"}, {400510, "hideAvatar"}} {
		if value, ok := card[f.name]; ok && value != "0" && value != "1" {
			return refuse(missingField(f.code, "actionCard", f.name), `%s is neither the string "0" nor "1"`, f.name)
		}
	}
	return nil
}

// checkFeed requires picURL. guess: so does the real robot, as documented, see the package comment.
func checkFeed(feed object) *refusal {
	links, _ := feed["links"].([]any)
	if len(links) == 0 {
		return missing(400602, "feedCard", "links")
	}
	return requireEach(links, []string{"feedCard", "links"},
		field{400603, "title"}, field{400604, "messageURL"}, field{400605, "picURL"})
}

func missing(code int, path ...string) *refusal {
	return refuse(missingField(code, path...), "%s is missing, empty or of another kind", strings.Join(path, "."))
}

func (e *exchange) checkSize() *refusal {
	if n := len(e.record.Body); n > maxMessageBytes {
		return refuse(tooLong, "the body has %d bytes, of at most %d", n, maxMessageBytes)
	}
	return nil
}

// readMessage never refuses a message. It comes after checkSize because finding the mentions of a huge message takes long.
func (e *exchange) readMessage() *refusal {
	e.message = newMessage(e)
	return nil
}

// checkKeyword searches title and text, as senders rely on (https://github.com/blinkbean/dingtalk adds the keyword to the
// title only). guess: a keyword is a plain, case-sensitive substring; URLs and buttons do not count.
func (e *exchange) checkKeyword() *refusal {
	keywords := slices.DeleteFunc(slices.Clone(e.opts.Keywords), func(s string) bool { return s == "" })
	places := []string{e.message.Title, e.message.Text}
	for _, l := range e.message.FeedCard {
		places = append(places, l.Title)
	}
	for _, word := range keywords {
		if slices.ContainsFunc(places, func(s string) bool { return strings.Contains(s, word) }) {
			e.message.Keyword = word
			return nil
		}
	}
	if len(keywords) == 0 {
		return nil
	}
	return refuse(noKeyword, "neither title nor text has one of the robot's keywords")
}

// checkURLs checks the URLs of links, buttons and pictures, but not those in the text. The real robot answers 430101 to an
// unsafe one; guess: a URL is unsafe if it is neither http nor https nor has a scheme of the app.
func (e *exchange) checkURLs() *refusal {
	links, pictures := e.message.urls()
	for _, link := range links {
		if !isSafeURL(link) {
			return refuse(unsafeLink, "%q is no http, https, dingtalk or dtmd address", link)
		}
	}
	for _, picture := range pictures {
		// A string with @ is the media id of an uploaded picture.
		if !isSafeURL(picture) && !strings.HasPrefix(picture, "@") {
			return refuse(unsafeLink, "the picture %q is no http or https address", picture)
		}
	}
	return nil
}

// isSafeURL accepts dingtalk://, which opens a page of the app, see
// https://open.dingtalk.com/document/development/message-link-description, and dtmd://, which sends a message for the
// reader, see https://github.com/blinkbean/dingtalk.
func isSafeURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "dingtalk", "dtmd":
		return true
	}
	return false
}

// The limits of a robot, see https://open.dingtalk.com/document/development/custom-robots-send-group-messages: 20 messages
// a minute, and a lock of ten minutes for exceeding them.
const (
	rateWindow   = time.Minute
	lockDuration = 10 * time.Minute
)

// window counts the messages of a minute. guess: the minute slides, only accepted messages count, and a message that is
// sent during the lock does not prolong it.
type window struct {
	accepted    []time.Time
	lockedUntil time.Time
}

// allow counts a message and returns its 1-based position in the minute, or why it is refused.
func (w *window) allow(now time.Time, limit int) (position int, why string) {
	if now.Before(w.lockedUntil) {
		return 0, fmt.Sprintf("the robot is locked for another %v", w.lockedUntil.Sub(now).Round(time.Second))
	}
	w.accepted = slices.DeleteFunc(w.accepted, func(t time.Time) bool { return now.Sub(t) >= rateWindow })
	if limit >= 0 && len(w.accepted) >= limit {
		w.lockedUntil = now.Add(lockDuration)
		return 0, fmt.Sprintf("%d messages were accepted within a minute: locked for %v", len(w.accepted), lockDuration)
	}
	w.accepted = append(w.accepted, now)
	return len(w.accepted), ""
}
