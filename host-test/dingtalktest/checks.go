package dingtalktest

import (
	"crypto/hmac"
	"crypto/sha256"
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

// maxBody is the limit of a body in bytes, see
// https://open.dingtalk.com/document/development/custom-robots-send-group-messages. guess: 20000 bytes sharp pass.
const maxBody = 20000

// visit is one request on its way through the checks.
type visit struct {
	opts    Options
	now     time.Time
	query   url.Values
	from    netip.Addr
	more    bool // the body went on after Options.MaxBody
	root    object
	message *Message // set by read
	seen    Request
}

func newVisit(req *http.Request, body []byte, o Options, now time.Time) *visit {
	// An address that cannot be parsed is the zero Addr, which no prefix contains.
	from, _ := netip.ParseAddrPort(req.RemoteAddr)
	return &visit{
		opts:  o,
		now:   now,
		query: req.URL.Query(),
		from:  from.Addr().Unmap(),
		more:  len(body) > o.maxBody(),
		seen:  newRequest(req, o, now, body),
	}
}

// refusal is an answer other than ok: what the sender is told, and why, for the person who watches the fake.
type refusal struct {
	saying
	arg string
	why string
}

func refuse(s saying, why string) *refusal { return &refusal{saying: s, why: why} }

// check returns the first thing that is wrong. A live probe showed that method and token come first; guess: the rest of the
// order.
func (v *visit) check() *refusal {
	for _, check := range []func() *refusal{
		v.method, v.tokenGiven, v.json, v.contentType, v.tokenKnown, v.alive, v.signed, v.address,
		v.msgType, v.fields, v.size, v.read, v.keyword, v.links,
	} {
		if no := check(); no != nil {
			return no
		}
	}
	return nil
}

func (v *visit) method() *refusal {
	if v.seen.Method == http.MethodPost {
		return nil
	}
	return refuse(needPost, "the method is "+v.seen.Method)
}

func (v *visit) tokenGiven() *refusal {
	if v.query.Get("access_token") != "" {
		return nil
	}
	return refuse(noToken, "the query has no access_token")
}

// json guesses that a body beyond what a gateway would read is told its size, not that it is no JSON.
func (v *visit) json() *refusal {
	if v.more {
		return v.size()
	}
	root, err := parseObject(v.seen.Body)
	if err != nil {
		return refuse(noJSON, "the body is not a JSON object: "+err.Error())
	}
	v.root = root
	return nil
}

// contentType guesses that parameters, such as the charset, are not looked at.
func (v *visit) contentType() *refusal {
	sent := v.seen.Header.Get("Content-Type")
	if mediaType, _, _ := mime.ParseMediaType(sent); mediaType == "application/json" {
		return nil
	}
	return refuse(badContentType, fmt.Sprintf("Content-Type is %q, not application/json", sent))
}

func (v *visit) tokenKnown() *refusal {
	if v.seen.TokenKnown {
		return nil
	}
	no := refuse(unknownToken, "the access_token is not the robot's")
	no.code = v.opts.tokenCode()
	return no
}

func (v *visit) alive() *refusal {
	switch {
	case v.opts.Removed:
		return refuse(removed, "the robot was taken out of its group")
	case v.opts.Disabled:
		return refuse(disabled, "the robot is switched off")
	case v.opts.Dissolved:
		return refuse(dissolved, "the robot's group is dissolved")
	}
	return nil
}

// address looks at the connection only; the fake has no proxy in front whose headers it could trust.
func (v *visit) address() *refusal {
	if len(v.opts.AllowIPs) == 0 {
		return nil
	}
	for _, prefix := range v.opts.AllowIPs {
		if prefix.Contains(v.from) {
			return nil
		}
	}
	no := refuse(ipRefused, v.from.String()+" is not on the robot's IP list")
	no.arg = v.from.String()
	return no
}

func (v *visit) size() *refusal {
	if len(v.seen.Body) <= maxBody {
		return nil
	}
	return refuse(tooLong, fmt.Sprintf("the body has %d bytes, of at most %d", len(v.seen.Body), maxBody))
}

// read is no check. It stands after size, because finding the mentions of a huge message would take long.
func (v *visit) read() *refusal {
	v.message = newMessage(v)
	return nil
}

// field is a required string of a message type, and the code that its absence has.
type field struct {
	code int
	name string
}

// msgType checks that the type is one of the five. guess: none at all is refused like an unknown one.
func (v *visit) msgType() *refusal {
	name := str(v.root, "msgtype")
	switch name {
	case "text", "link", "markdown", "actionCard", "feedCard":
		return nil
	}
	no := refuse(badMsgType, "msgtype is not text, link, markdown, actionCard or feedCard")
	no.arg = name
	return no
}

// fields checks what each type requires, see https://open.dingtalk.com/document/development/robot-message-type. The order
// within a type is that of the codes. Codes without a guess were seen in the threads that missing names, or noted down by a
// public client beside each of its calls; the others follow their pattern.
func (v *visit) fields() *refusal {
	name := str(v.root, "msgtype")
	body, _ := v.root[name].(object)
	switch name {
	case "text":
		return require(body, name, 400201, field{400202, "content"})
	case "link":
		// guess: 400301
		return require(body, name, 400301, field{400302, "text"}, field{400303, "title"}, field{400304, "messageUrl"})
	case "markdown":
		return require(body, name, 400401, field{400402, "title"}, field{400403, "text"})
	case "actionCard":
		return requireCard(body)
	default:
		return requireFeed(body)
	}
}

// require checks that the type's own object is there, and strings that are not empty in it
// (https://github.com/feiyu563/PrometheusAlert/issues/63 shows that an empty one is refused). guess: so is one of blanks.
func require(body object, name string, code int, fields ...field) *refusal {
	if body == nil {
		return lacking(code, name)
	}
	for _, f := range fields {
		if !shows(body, f.name) {
			return lacking(f.code, name, f.name)
		}
	}
	return nil
}

// requireCard checks an actionCard. A complete pair of singleTitle and singleURL makes btns irrelevant, right or wrong.
// guess: all its codes but 400503.
func requireCard(card object) *refusal {
	no := require(card, "actionCard", 400501, field{400502, "title"}, field{400503, "text"})
	if no == nil {
		no = requireButtons(card)
	}
	if no != nil {
		return no
	}
	for _, f := range []field{{400509, "btnOrientation"}, {400510, "hideAvatar"}} {
		value, given := card[f.name]
		if given && value != "0" && value != "1" {
			no := lacking(f.code, "actionCard", f.name)
			no.why = f.name + ` is neither the string "0" nor "1"`
			return no
		}
	}
	return nil
}

func requireButtons(card object) *refusal {
	title, address := strings.TrimSpace(str(card, "singleTitle")), str(card, "singleURL")
	if title != "" && address != "" {
		return nil
	}
	buttons, _ := card["btns"].([]any)
	switch {
	case len(buttons) > 0:
		return requireEach(buttons, []string{"actionCard", "btns"}, field{400507, "title"}, field{400508, "actionURL"})
	case title != "":
		return lacking(400506, "actionCard", "singleURL")
	case address != "":
		return lacking(400505, "actionCard", "singleTitle")
	}
	return lacking(400504, "actionCard", "btns")
}

// requireFeed checks a feedCard. guess: all its codes but 400602.
func requireFeed(feed object) *refusal {
	if feed == nil {
		return lacking(400601, "feedCard")
	}
	links, _ := feed["links"].([]any)
	if len(links) == 0 {
		return lacking(400602, "feedCard", "links")
	}
	return requireEach(links, []string{"feedCard", "links"},
		field{400603, "title"}, field{400604, "messageURL"}, field{400605, "picURL"})
}

// requireEach guesses that the answer does not tell which entry it means.
func requireEach(list []any, path []string, fields ...field) *refusal {
	for _, item := range list {
		entry, _ := item.(object)
		for _, f := range fields {
			if !shows(entry, f.name) {
				return lacking(f.code, append(path, f.name)...)
			}
		}
	}
	return nil
}

// shows tells whether a field is a string with more than blanks in it.
func shows(o object, name string) bool { return strings.TrimSpace(str(o, name)) != "" }

func lacking(code int, path ...string) *refusal {
	return refuse(missing(code, path...), strings.Join(path, ".")+" is missing, empty or of another kind")
}

// keyword searches title and text, which is what long-used senders rely on (https://github.com/blinkbean/dingtalk adds the
// keyword to the title alone). guess: a plain substring, in its exact case; addresses and buttons do not count.
func (v *visit) keyword() *refusal {
	asked := false
	for _, word := range v.opts.Keywords {
		if word == "" {
			continue
		}
		if asked = true; strings.Contains(v.message.searched(), word) {
			v.message.Keyword = word
			return nil
		}
	}
	if !asked {
		return nil
	}
	return refuse(noKeyword, "neither title nor text has one of the robot's keywords")
}

// searched is the text in which a keyword counts.
func (m *Message) searched() string {
	parts := []string{m.Title, m.Text}
	for _, l := range m.FeedCard {
		parts = append(parts, l.Title)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// links checks the addresses that a tap opens, and the pictures. The real robot answers 430101 to an unsafe link; guess: one
// that is neither http nor https nor one of the app's own schemes is unsafe. dingtalk:// opens a page
// (https://open.dingtalk.com/document/development/message-link-description), dtmd:// types a message for the reader
// (https://github.com/blinkbean/dingtalk). Links inside a markdown text are not looked at.
func (v *visit) links() *refusal {
	addresses, pictures := v.message.addresses()
	for _, a := range addresses {
		if !openable(a) {
			return refuse(unsafeLink, fmt.Sprintf("%q is no http, https, dingtalk or dtmd address", a))
		}
	}
	for _, p := range pictures {
		// A media id stands for a picture that an app has uploaded.
		if !openable(p) && !strings.HasPrefix(p, "@") {
			return refuse(unsafeLink, fmt.Sprintf("the picture %q is no http or https address", p))
		}
	}
	return nil
}

func (m *Message) addresses() (addresses, pictures []string) {
	if m.Link != nil {
		addresses = append(addresses, m.Link.MessageURL)
		if m.Link.PicURL != "" {
			pictures = append(pictures, m.Link.PicURL)
		}
	}
	if m.ActionCard != nil {
		for _, b := range m.ActionCard.Buttons {
			addresses = append(addresses, b.URL)
		}
	}
	for _, l := range m.FeedCard {
		addresses, pictures = append(addresses, l.MessageURL), append(pictures, l.PicURL)
	}
	return addresses, pictures
}

func openable(address string) bool {
	u, err := url.Parse(address)
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

// signature returns what the sign parameter must be after decoding: the Base64 of HMAC-SHA256 over the timestamp, a line
// break and the secret, with the secret as the key. The body is not signed.
//
// See https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func signature(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed checks timestamp and sign. A query without sign is told that the sign does not match, not that it is missing:
// https://github.com/jeessy2/backup-x/issues/106.
func (v *visit) signed() *refusal {
	if v.opts.Secret == "" {
		return nil
	}
	if v.query.Get("sign") == "" {
		return refuse(signMismatch, "the robot has a secret, and the query has no sign")
	}
	sent, ok := parseMillis(v.query.Get("timestamp"))
	if !ok {
		return refuse(signExpired, "the query has no timestamp in milliseconds")
	}
	// The page allows an hour. guess: the hour sharp is allowed.
	if off := v.now.Sub(sent).Abs(); off > time.Hour {
		return refuse(signExpired, fmt.Sprintf("the timestamp is %v off the robot's clock", off.Round(time.Second)))
	}
	if !v.seen.SignVerified {
		return refuse(signMismatch, "sign is not what timestamp and secret give")
	}
	return nil
}

// parseMillis takes digits only: strconv alone would also take a sign.
func parseMillis(s string) (time.Time, bool) {
	ms, err := strconv.ParseUint(s, 10, 63)
	return time.UnixMilli(int64(ms)), err == nil
}
