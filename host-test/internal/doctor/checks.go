package doctor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dingtalk-plugin/schema"
)

// probeNetwork sends a GET without credentials.
func (c *robotCheck) probeNetwork(ctx context.Context) {
	name := say("network")
	host := c.address.Hostname()
	reply, err := c.send(ctx, http.MethodGet, c.base(), "")
	switch {
	case err != nil:
		detail, fix := describeNetError(err)
		c.fail(name, say("%s cannot be reached from here: %s", host, say(detail)), say(fix))
	case reply.locked:
		c.fail(name, say("DingTalk has locked this machine's public address, because it sent too many requests"), say("Wait for five minutes."))
	case reply.status >= 300 && reply.status < 400:
		to := say("another path")
		if u, err := url.Parse(reply.header.Get("Location")); err == nil && u.Hostname() != "" {
			to = verbatim(u.Hostname())
		}
		c.fail(name, say("%s redirects to %s, and a redirect loses the message", host, to), say("Configure the address that it leads to."))
	case !reply.isRobot:
		c.fail(name, say("%s does not answer as DingTalk does: status %d, %s", host, reply.status, reply.header.Get("Content-Type")),
			say("Look for what is in between: a proxy, a gateway, a login page."))
	default:
		c.add(OK, name, say("%s answers as a robot does, in %v", host, reply.took.Round(time.Millisecond)), nil)
		c.checkClock(reply)
	}
}

// checkClock compares this machine's clock with the reply's Date, which has
// whole seconds.
func (c *robotCheck) checkClock(reply *reply) {
	name := say("clock")
	date, err := http.ParseTime(reply.header.Get("Date"))
	if err != nil {
		c.add(Unknown, name, say("the answer has no valid Date header"), nil)
		return
	}
	middle := reply.sent.Add(reply.took / 2)
	ahead := middle.Sub(date.Add(time.Second / 2)).Round(time.Second)
	off, detail := ahead.Abs(), describeOffset(ahead)
	switch {
	case off <= 5*time.Minute:
		c.add(OK, name, detail, nil)
	case off <= time.Hour || c.Secret == "":
		c.add(Info, name, say("%s; signatures are valid for an hour", detail), say(setClock))
	default:
		c.add(Fail, name, say("%s, and signatures are valid for an hour", detail), say(setClock))
		c.clockWrong = true
	}
}

// describeOffset describes by how much this machine's clock is ahead, in the
// largest unit of which there are two: whole hours suggest a wrong time zone.
func describeOffset(ahead time.Duration) *Text {
	off, unit := ahead.Abs(), time.Second
	var text format = "%d seconds"
	switch {
	case off == 0:
		return say("this machine's is the answer's to the second")
	case off == time.Second:
		text = "%d second"
	case off >= 48*time.Hour:
		unit, text = 24*time.Hour, "%d days"
	case off >= 2*time.Hour-time.Minute:
		unit, text = time.Hour, "%d hours"
	case off >= 2*time.Minute:
		unit, text = time.Minute, "%d minutes"
	}
	count := say(text, off.Round(unit)/unit)
	if ahead < 0 {
		return say("this machine's is %s behind the answer's", count)
	}
	return say("this machine's is %s ahead of the answer's", count)
}

// probeBody is a message of an unknown type. No robot can post it, so it is always
// rejected, and the errcode names the first check that failed.
const probeBody = `{"msgtype":"doctor"}`

// A stage is one of DingTalk's checks, in DingTalk's order. The order of the first
// two was seen on live requests; that the type comes after all others is inferred.
type stage int

const (
	atRequest stage = iota // it arrived complete
	atToken
	atRobot
	atSignature
	atSource
	atKeyword
	atType // rejected only for the type
)

// stages are the checks that a probe of the type reports.
var stages = []struct {
	stage        stage
	name, detail format // if passed
}{
	{atToken, "access token", "DingTalk knows it"},
	{atRobot, "robot", "it is switched on, and its group exists"},
	{atSignature, "signature", "it is accepted"},
	{atSource, "IP address", "this machine's is allowed"},
}

// probeType posts the message of an unknown type, and reports each check up to
// the one that rejected it.
func (c *robotCheck) probeType(ctx context.Context) {
	reply, err := c.post(ctx, c.Secret)
	if err != nil {
		detail, fix := describeNetError(err)
		c.add(Fail, say("network"), say("%s does not accept a POST: %s", c.address.Hostname(), say(detail)), say(fix))
		return
	}
	if !reply.isRobot {
		c.inconclusive = true
		c.add(Unknown, say("access token"), say("the answer is not a robot's; its status is %d", reply.status), say("Run the doctor again in a minute."))
		return
	}
	info := lookupErrcode(reply)
	c.inconclusive = c.inconclusive || info.status == Unknown
	c.needsKeyword = info.stage == atKeyword
	detail := say(info.detail)
	switch cause := c.cause(schema.KeySecret); {
	case info.fix == setClock && c.clockWrong:
		info.status, info.fix = Unknown, ""
		detail = say("not tested, because of %s", say("the %s", say("clock")))
	case info.stage == atSignature && c.Secret == "" && cause != nil:
		info.status, info.fix = Unknown, ""
		detail = say("the robot requires one, and there is no secret because of %s", cause)
	case info.stage == atSignature && c.Secret == "":
		detail = say("the robot requires one, and no secret is configured")
	case info.stage == atToken && info.status == Fail && len(c.token) != 64:
		detail = say("%s; it has %d characters, and DingTalk's have 64", detail, len(c.token))
	}
	if info.stage == atRequest {
		info.report(c.Report, reply, detail)
	}
	for _, s := range stages {
		switch {
		case info.stage == s.stage:
			info.report(c.Report, reply, detail)
		case info.stage < s.stage:
			c.add(Unknown, say(s.name), say("not tested, because the request was rejected earlier"), nil)
		case s.stage == atSignature:
			c.checkSignature(ctx, reply)
		default:
			c.add(OK, say(s.name), inferred(say(s.detail), reply), nil)
		}
	}
}

// inferred marks what the answer does not state.
func inferred(detail *Text, reply *reply) *Text {
	return say("%s (inferred: the request was rejected with errcode %d, by a later check)", detail, reply.code)
}

// checkSignature follows a signature that was not rejected by a false one: unless
// that is rejected, the first proves nothing.
func (c *robotCheck) checkSignature(ctx context.Context, first *reply) {
	name := say("signature")
	if c.Secret == "" {
		c.add(OK, name, inferred(say("the robot requires none"), first), nil)
		return
	}
	reply, err := c.post(ctx, c.Secret+"0")
	switch {
	case err != nil || !reply.isRobot:
		c.add(OK, name, inferred(say("it is accepted"), first), nil)
	case lookupErrcode(reply).stage == atSignature:
		c.add(OK, name, say("it is accepted, and a false one is rejected"), nil)
	default:
		c.add(Unknown, name, say("a false one is not rejected either: the robot requires no signature (加签), or DingTalk checks it later"), nil)
	}
}

// post sends probeBody, signed if there is a secret.
func (c *robotCheck) post(ctx context.Context, secret string) (*reply, error) {
	query := c.address.Query()
	query.Set("access_token", c.token)
	query.Del("timestamp")
	query.Del("sign")
	if secret != "" {
		timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
		signature := sign(secret, timestamp)
		c.redactor.Add(signature)
		query.Set("timestamp", timestamp)
		query.Set("sign", signature)
	}
	return c.send(ctx, http.MethodPost, c.base()+"?"+query.Encode(), probeBody)
}

// sign returns the parameter sign, not escaped; see
// https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func sign(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// A reply is an answer to a request of the doctor.
type reply struct {
	status  int
	header  http.Header
	isRobot bool   // the body is JSON with an errcode
	code    int    // errcode
	text    string // errmsg
	locked  bool   // by DingTalk's gateway, which rejects addresses that send too many requests
	sent    time.Time
	took    time.Duration
}

// send makes a request and reads its reply. Do not print its error, which
// contains the address.
func (r *run) send(ctx context.Context, method, address, body string) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	r.requests++
	sent := time.Now()
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	reply := &reply{status: response.StatusCode, header: response.Header, sent: sent, took: time.Since(sent)}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return reply, nil // its body is the bare connection, which ends with no timeout
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	reply.parse(content)
	return reply, nil
}

// parse accepts errcode as a number and as a string, since DingTalk's page shows
// both.
func (r *reply) parse(content []byte) {
	var envelope struct {
		Code   json.RawMessage `json:"errcode"`
		Text   string          `json:"errmsg"`
		Punish string          `json:"punish"`
	}
	if json.Unmarshal(content, &envelope) != nil {
		return
	}
	code, err := strconv.Atoi(strings.Trim(string(envelope.Code), `"`))
	r.code, r.text, r.isRobot, r.locked = code, envelope.Text, err == nil, envelope.Punish != ""
}

// describeNetError does not quote the error, which contains the address and may
// contain a proxy's password.
func describeNetError(err error) (detail, fix format) {
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		return "its name is unknown", "Check the host name, and the machine's DNS."
	case errors.As(err, &certificate):
		return "its certificate is not trusted", "Look for a proxy that decrypts connections, and let the machine trust its certificate."
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS", "Check the port, and whether the address must begin with http."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", "Nothing listens there: check host and port."
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time", "A firewall may drop the request: allow connections to that host, or set HTTPS_PROXY."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection broke", "Check the firewall or proxy in between."
	}
	return "the error is not shown, since it may contain a credential", "Check the network between this machine and that host."
}
