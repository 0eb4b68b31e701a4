package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// nothing is a message of a type that there is not. No robot can post it, so it
// is always refused, and the refusal names the first check that it fails.
const nothing = `{"msgtype":"doctor"}`

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

// knock posts the message of no type, and reports each check up to the one that
// refused it.
func (p *patient) knock(ctx context.Context) {
	reply, err := p.post(ctx, p.Secret)
	if err != nil {
		trouble := troubleOf(err)
		p.add(Wrong, "network", p.address.Hostname()+" does not take a request: "+trouble.text, trouble.remedy)
		return
	}
	if !reply.robot {
		p.report.open = true
		p.add(Untested, "access token", fmt.Sprintf("no robot answered, but something with status %d", reply.status), "Run the doctor again in a minute.")
		return
	}
	refused := refusalOf(reply)
	p.report.open = p.report.open || refused.verdict == Untested
	if refused.stage == atSignature && p.Secret == "" {
		refused.text = "the robot wants one, and no secret is configured"
	}
	if refused.stage == atRequest {
		p.report.add(refused.finding(reply))
	}
	for _, s := range stages {
		switch {
		case refused.stage == s.stage:
			p.report.add(refused.finding(reply))
		case refused.stage < s.stage:
			p.add(Untested, s.what, "not tested, because the request was refused before", "")
		case s.stage == atSignature:
			p.signature(ctx, reply)
		default:
			p.add(Well, s.what, s.text+inferred(reply), "")
		}
	}
	p.wants = refused.stage == atKeyword
}

// inferred marks what no answer says outright.
func inferred(reply *reply) string {
	return fmt.Sprintf(" (inferred: the request was refused with %d, and that check comes later)", reply.code)
}

// signature makes the counter-test where a signature was not refused: a false
// one must be, or the true one proves nothing.
func (p *patient) signature(ctx context.Context, first *reply) {
	const what = "signature"
	if p.Secret == "" {
		p.add(Well, what, "the robot wants none"+inferred(first), "")
		return
	}
	reply, err := p.post(ctx, p.Secret+"0")
	switch {
	case err != nil || !reply.robot:
		p.add(Well, what, "it is accepted"+inferred(first), "")
	case refusalOf(reply).stage == atSignature:
		p.add(Well, what, "it is accepted, and a false one is refused", "")
	default:
		p.add(Untested, what, "a false one is not refused either: the robot has no signature (加签), or DingTalk looks at it later", "")
	}
}

// post signs with the secret, if there is one.
func (p *patient) post(ctx context.Context, secret string) (*reply, error) {
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
		p.report.redactor.Hide(signed)
		query.Set("timestamp", timestamp)
		query.Set("sign", signed)
	}
	return p.send(ctx, http.MethodPost, p.base()+"?"+query.Encode(), nothing)
}
