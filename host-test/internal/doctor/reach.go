package doctor

import (
	"context"
	"crypto/tls"
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

// send makes a request and reads its answer. An error holds no address.
func (e *examination) send(ctx context.Context, method, address, body string) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be requested")
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	start := e.now()
	response, err := e.client.Do(request)
	if err != nil {
		return nil, cleanError(err)
	}
	defer response.Body.Close()
	r := &reply{status: response.StatusCode, header: response.Header, took: e.now().Sub(start)}
	r.middle = start.Add(r.took / 2)
	content, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, cleanError(err)
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

// cleanError is an error of net/http without the address, which is quoted there.
func cleanError(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return err
}

// reach asks the address for an answer, without a credential.
func (r *robot) reach(ctx context.Context) {
	reply, err := r.send(ctx, http.MethodGet, r.base(), "")
	const what = "network"
	host := r.address.Hostname()
	switch {
	case err != nil:
		r.wrong(what, host+" cannot be reached from here: "+err.Error(), remedyOf(err))
	case reply.punish:
		r.wrong(what, "DingTalk has locked this machine's public address, because too many calls came from it", "Wait for five minutes.")
	case reply.status >= 300 && reply.status < 400:
		r.wrong(what, host+" redirects to "+redirectHost(reply.header)+", and a redirect loses the message", "Configure the address that it leads to.")
	case !reply.robot:
		r.wrong(what, fmt.Sprintf("what answers at %s is not DingTalk: status %d, %s", host, reply.status, reply.header.Get("Content-Type")),
			"Look at what stands in between: a proxy, a gateway, a page that wants a login.")
	default:
		r.add(Well, what, fmt.Sprintf("%s answers as a robot does, in %v", host, reply.took.Round(time.Millisecond)), "")
		r.clock(reply)
	}
}

func redirectHost(header http.Header) string {
	if u, err := url.Parse(header.Get("Location")); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "another path"
}

// remedyOf says what to do about a network error.
func remedyOf(err error) string {
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &lookup):
		return "Look for a slip in the host name, and for the machine's name service."
	case errors.As(err, &certificate):
		return "Look for a proxy that opens encrypted connections, and have the machine trust its certificate."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: look for a slip in host and port."
	case errors.As(err, &timeout) && timeout.Timeout():
		return "A firewall may swallow the request: let this machine out to that host, or set HTTPS_PROXY."
	}
	return "Look at the network between this machine and that host."
}

// clock compares this machine's clock with the answer's, which tells whole
// seconds.
func (r *robot) clock(reply *reply) {
	const what = "clock"
	const remedy = "Set this machine's clock, best by NTP."
	told, err := http.ParseTime(reply.header.Get("Date"))
	if err != nil {
		r.add(Untested, what, "the answer does not tell the time", "")
		return
	}
	off := reply.middle.Sub(told.Add(time.Second / 2)).Round(time.Second)
	text := "this machine's is " + off.Abs().String() + " off the answer's"
	switch {
	case off.Abs() <= 5*time.Minute:
		r.add(Well, what, text, "")
	case off.Abs() <= time.Hour || r.Secret == "":
		r.add(Note, what, text+"; signatures hold for an hour", remedy)
	default:
		r.add(Wrong, what, text+", and signatures hold for an hour", remedy)
	}
}
