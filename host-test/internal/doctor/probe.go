package doctor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A reply is an answer to the doctor.
type reply struct {
	status int
	header http.Header
	robot  bool // it is JSON with an errcode, as a robot's
	code   int
	text   string // errmsg
	punish bool   // it is that of DingTalk's gateway to an address that called too often
	took   time.Duration
	middle time.Time // when it was under way, by this machine's clock
}

// send makes a request and reads its answer. Its error must not be shown: it
// holds the address.
func (e *run) send(ctx context.Context, method, address, body string) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	e.requests++
	start := e.now()
	response, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	r := &reply{status: response.StatusCode, header: response.Header, took: e.now().Sub(start)}
	r.middle = start.Add(r.took / 2)
	content, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	r.read(content)
	return r, nil
}

// read understands errcode as a number and as a string, as DingTalk's page shows
// both.
func (r *reply) read(content []byte) {
	var envelope struct {
		Code   json.RawMessage `json:"errcode"`
		Text   string          `json:"errmsg"`
		Punish string          `json:"punish"`
	}
	if json.Unmarshal(content, &envelope) != nil {
		return
	}
	code, err := strconv.Atoi(strings.Trim(string(envelope.Code), `"`))
	r.code, r.text, r.robot, r.punish = code, envelope.Text, err == nil, envelope.Punish != ""
}

// probeNetwork asks the address for an answer, without a credential.
func (p *robotCheck) probeNetwork(ctx context.Context) {
	reply, err := p.send(ctx, http.MethodGet, p.base(), "")
	const what = "network"
	host := p.address.Hostname()
	switch {
	case err != nil:
		trouble := describeNetError(err)
		p.fail(what, host+" cannot be reached from here: "+trouble.detail, trouble.fix)
	case reply.punish:
		p.fail(what, "DingTalk has locked this machine's public address, because too many calls came from it", "Wait for five minutes.")
	case reply.status >= 300 && reply.status < 400:
		p.fail(what, host+" redirects to "+redirectHost(reply.header)+", and a redirect loses the message", "Configure the address that it leads to.")
	case !reply.robot:
		p.fail(what, fmt.Sprintf("what answers at %s is not DingTalk: status %d, %s", host, reply.status, reply.header.Get("Content-Type")),
			"Look at what stands in between: a proxy, a gateway, a page that wants a login.")
	default:
		p.add(OK, what, fmt.Sprintf("%s answers as a robot does, in %v", host, reply.took.Round(time.Millisecond)), "")
		p.checkClock(reply)
	}
}

func redirectHost(header http.Header) string {
	if u, err := url.Parse(header.Get("Location")); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "another path"
}

// checkClock compares this machine's checkClock with the answer's, which tells whole
// seconds.
func (p *robotCheck) checkClock(reply *reply) {
	const what = "clock"
	const remedy = "Set this machine's clock, best by NTP."
	told, err := http.ParseTime(reply.header.Get("Date"))
	if err != nil {
		p.add(Unknown, what, "the answer does not tell the time", "")
		return
	}
	off := reply.middle.Sub(told.Add(time.Second / 2)).Round(time.Second)
	text := "this machine's is " + off.Abs().String() + " off the answer's"
	switch {
	case off.Abs() <= 5*time.Minute:
		p.add(OK, what, text, "")
	case off.Abs() <= time.Hour || p.Secret == "":
		p.add(Info, what, text+"; signatures hold for an hour", remedy)
	default:
		p.add(Fail, what, text+", and signatures hold for an hour", remedy)
	}
}

// probeBody is a message of a type that there is not. No robot can post it, so it
// is always refused, and the refusal names the first check that it fails.
const probeBody = `{"msgtype":"doctor"}`

// A stage is one of DingTalk's checks. They are in the order in which DingTalk
// makes them: a live probe showed the first two; that the type comes after all
// of these is inferred.
type stage int

const (
	atRequest stage = iota // it arrived whole
	atToken
	atRobot
	atSignature
	atSource
	atKeyword
	atType // refused for the type alone
)

// stages are the lines of the report that the stages make.
var stages = []struct {
	stage      stage
	what, text string // when it was passed
}{
	{atToken, "access token", "DingTalk knows it"},
	{atRobot, "robot", "it is switched on, and its group is alive"},
	{atSignature, "signature", "it is accepted"},
	{atSource, "IP address", "this machine's is allowed"},
}

// probeType posts the message of no type, and reports each check up to the one that
// refused it.
func (p *robotCheck) probeType(ctx context.Context) {
	reply, err := p.post(ctx, p.Secret)
	if err != nil {
		trouble := describeNetError(err)
		p.add(Fail, "network", p.address.Hostname()+" does not take a request: "+trouble.detail, trouble.fix)
		return
	}
	if !reply.robot {
		p.report.inconclusive = true
		p.add(Unknown, "access token", fmt.Sprintf("no robot answered, but something with status %d", reply.status), "Run the doctor again in a minute.")
		return
	}
	refused := lookupErrcode(reply)
	p.report.inconclusive = p.report.inconclusive || refused.status == Unknown
	if refused.stage == atSignature && p.Secret == "" {
		refused.detail = "the robot wants one, and no secret is configured"
	}
	if refused.stage == atRequest {
		p.report.add(refused.check(reply))
	}
	for _, s := range stages {
		switch {
		case refused.stage == s.stage:
			p.report.add(refused.check(reply))
		case refused.stage < s.stage:
			p.add(Unknown, s.what, "not tested, because the request was refused before", "")
		case s.stage == atSignature:
			p.checkSignature(ctx, reply)
		default:
			p.add(OK, s.what, s.text+inferredNote(reply), "")
		}
	}
	p.needsKeyword = refused.stage == atKeyword
}

// inferredNote marks what no answer says outright.
func inferredNote(reply *reply) string {
	return fmt.Sprintf(" (inferred: the request was refused with %d, and that check comes later)", reply.code)
}

// checkSignature makes the counter-test where a checkSignature was not refused: a false
// one must be, or the true one proves nothing.
func (p *robotCheck) checkSignature(ctx context.Context, first *reply) {
	const what = "signature"
	if p.Secret == "" {
		p.add(OK, what, "the robot wants none"+inferredNote(first), "")
		return
	}
	reply, err := p.post(ctx, p.Secret+"0")
	switch {
	case err != nil || !reply.robot:
		p.add(OK, what, "it is accepted"+inferredNote(first), "")
	case lookupErrcode(reply).stage == atSignature:
		p.add(OK, what, "it is accepted, and a false one is refused", "")
	default:
		p.add(Unknown, what, "a false one is not refused either: the robot has no signature (加签), or DingTalk looks at it later", "")
	}
}

// post signs with the secret, if there is one.
func (p *robotCheck) post(ctx context.Context, secret string) (*reply, error) {
	query := url.Values{}
	if p.address.RawQuery != "" {
		query = p.address.Query()
	}
	query.Set("access_token", p.token)
	query.Del("timestamp")
	query.Del("sign")
	if secret != "" {
		timestamp := strconv.FormatInt(p.now().UnixMilli(), 10)
		signed := sign(secret, timestamp)
		p.report.redactor.Add(signed)
		query.Set("timestamp", timestamp)
		query.Set("sign", signed)
	}
	return p.send(ctx, http.MethodPost, p.base()+"?"+query.Encode(), probeBody)
}

// sign is the parameter of that name before it is escaped, see
// https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func sign(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// A netError is a network error in words of its own: net/http's hold the address
// and may hold a proxy's password.
type netError struct{ detail, fix string }

func describeNetError(err error) netError {
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		return netError{"its name is not known", "Look for a slip in the host name, and at the machine's name service."}
	case errors.As(err, &certificate):
		return netError{"its certificate is not trusted", "Look for a proxy that opens encrypted connections, and have the machine trust its certificate."}
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return netError{"it does not speak TLS", "Look for a slip in the port, or for http in the place of https."}
	case errors.Is(err, syscall.ECONNREFUSED):
		return netError{"the connection was refused", "Nothing listens there: look for a slip in host and port."}
	case errors.As(err, &timeout) && timeout.Timeout():
		return netError{"there is no answer", "A firewall may swallow the request: let this machine out to that host, or set HTTPS_PROXY."}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return netError{"the connection broke", "Look at the firewall or proxy in between."}
	}
	return netError{"for a reason that cannot be shown, since it may hold a credential", "Look at the network between this machine and that host."}
}
