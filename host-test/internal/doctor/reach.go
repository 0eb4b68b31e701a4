package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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
func (e *examination) send(ctx context.Context, method, address, body string) (*reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	e.asked++
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

// reach asks the address for an answer, without a credential.
func (p *patient) reach(ctx context.Context) {
	reply, err := p.send(ctx, http.MethodGet, p.base(), "")
	const what = "network"
	host := p.address.Hostname()
	switch {
	case err != nil:
		trouble := troubleOf(err)
		p.wrong(what, host+" cannot be reached from here: "+trouble.text, trouble.remedy)
	case reply.punish:
		p.wrong(what, "DingTalk has locked this machine's public address, because too many calls came from it", "Wait for five minutes.")
	case reply.status >= 300 && reply.status < 400:
		p.wrong(what, host+" redirects to "+redirectHost(reply.header)+", and a redirect loses the message", "Configure the address that it leads to.")
	case !reply.robot:
		p.wrong(what, fmt.Sprintf("what answers at %s is not DingTalk: status %d, %s", host, reply.status, reply.header.Get("Content-Type")),
			"Look at what stands in between: a proxy, a gateway, a page that wants a login.")
	default:
		p.add(Well, what, fmt.Sprintf("%s answers as a robot does, in %v", host, reply.took.Round(time.Millisecond)), "")
		p.clock(reply)
	}
}

func redirectHost(header http.Header) string {
	if u, err := url.Parse(header.Get("Location")); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "another path"
}
