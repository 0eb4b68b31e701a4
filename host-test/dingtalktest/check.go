package dingtalktest

import (
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
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
