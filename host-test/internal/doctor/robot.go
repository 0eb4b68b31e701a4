package doctor

import (
	"context"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
)

// A patient is one robot under examination.
type patient struct {
	*examination
	config.Robot
	address *url.URL
	token   string
	dead    string // why the rest cannot be tested, or ""
	wants   bool   // it wants a keyword, as it said itself
}

// examine goes from what costs nothing to what the robot itself must answer, and
// shows no credential to an address that has not answered as a robot does.
func (p *patient) examine(ctx context.Context) {
	title := "The robot"
	if p.Name != "" {
		title += " " + p.Name
	}
	p.report.section(title)
	p.checkAddress()
	p.checkToken()
	p.checkSecret()
	p.checkAllowed()
	if p.dead == "" {
		p.reach(ctx)
	}
	if p.dead == "" {
		p.knock(ctx)
	} else {
		p.report.add(Finding{Verdict: Untested, What: "token, signature, IP address", Text: "not tested, because " + p.dead})
	}
	p.keywords()
}

func (p *patient) add(v Verdict, what, text, remedy string) {
	p.report.add(Finding{v, what, text, remedy})
}

// wrong adds what makes all further tests idle.
func (p *patient) wrong(what, text, remedy string) {
	p.add(Wrong, what, text, remedy)
	if p.dead == "" {
		p.dead = "of the " + what
	}
}

// key is how the configuration calls a setting of this robot.
func (p *patient) key(key, own string) string {
	if p.Name == "" {
		return key
	}
	return own + " of robot " + p.Name + " in " + config.Robots
}

func (p *patient) checkAddress() {
	address, err := url.Parse(p.Webhook)
	where := p.key(config.Webhook, "webhookUrl")
	switch {
	case err != nil || !validHost(address.Hostname()) || address.User != nil || address.Fragment != "":
		p.wrong("address", "it is no address that can be posted to", "Copy the webhook address anew into "+where+".")
		return
	case address.Scheme == "http" && !loopback(address.Hostname()):
		p.wrong("address", "it begins with http://, and the plugin sends no credential unencrypted", "Write https:// in "+where+".")
		return
	case address.Scheme != "http" && address.Scheme != "https":
		p.wrong("address", "it begins with neither https:// nor http://", "Copy the webhook address anew into "+where+".")
		return
	}
	if strings.Trim(address.Path, "/") == "" {
		address.Path = "/robot/send"
	}
	p.address = address
	p.add(Well, "address", p.base(), "")
}

// base is the address without its query, where credentials stand.
func (p *patient) base() string {
	return (&url.URL{Scheme: p.address.Scheme, Host: p.address.Host, Path: p.address.Path}).String()
}

// validHost keeps out of the report what was pasted in a host's place, such as
// a token: its 64 characters are one too many for a name.
func validHost(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, letters+"-") != "" {
			return net.ParseIP(host) != nil
		}
	}
	return true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (p *patient) checkToken() {
	p.token = p.Token
	if strings.Contains(p.token, "://") {
		p.token = tokenIn(p.token)
	}
	if p.token == "" && p.address != nil {
		p.token = p.address.Query().Get("access_token")
	}
	const what = "access token"
	where := p.key(config.Token, "accessToken")
	switch {
	case p.token == "":
		p.wrong(what, "there is none", "Put the token, or the whole webhook address, into "+where+".")
	case strings.HasPrefix(p.token, "SEC") && len(p.token) > 40:
		p.wrong(what, "it looks like a secret, which begins with SEC", "Exchange "+where+" and "+p.key(config.Secret, "secret")+".")
	case strings.Trim(p.token, letters+"-._~") != "":
		p.wrong(what, "it holds characters that no token has", "Copy the webhook address anew into "+where+".")
	default:
		p.add(Well, what, strconv.Itoa(len(p.token))+" characters", "")
	}
}

// tokenIn returns the token in an address, or "".
func tokenIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("access_token")
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (p *patient) checkSecret() {
	const what = "secret"
	where := p.key(config.Secret, "secret")
	switch {
	case p.Secret == "":
		p.add(Note, what, "there is none, so requests are not signed", "If the robot has a signature (加签), put its SEC… text into "+where+".")
	case strings.ContainsAny(p.Secret[:1]+p.Secret[len(p.Secret)-1:], "\"'`"):
		p.wrong(what, "it stands in quotation marks, which count as a part of it", "Remove them from "+where+".")
	case !strings.HasPrefix(p.Secret, "SEC"):
		p.add(Note, what, "it does not begin with SEC, as DingTalk's secrets do", "Copy it anew into "+where+" if the signature is refused.")
	default:
		p.add(Well, what, strconv.Itoa(len(p.Secret))+" characters", "")
	}
}

// checkAllowed holds the runner's allowed hosts against this robot's. They are
// globs over the host name alone.
func (p *patient) checkAllowed() {
	if !p.HostsKnown || p.address == nil {
		return
	}
	const what = "allowed host"
	host := p.address.Hostname()
	for _, allowed := range p.Hosts {
		if matched, err := path.Match(allowed, host); allowed == host || matched && err == nil {
			p.add(Well, what, host+" is allowed by "+allowed, "")
			return
		}
	}
	text := "the runner does not allow " + host
	shown := 0
	for _, allowed := range p.Hosts {
		if strings.Contains(allowed, host) && shown < 3 {
			shown++
			text += "; " + allowed + " allows nothing, because a scheme, a port or a path stands in it"
		}
	}
	p.add(Wrong, what, text, "Put "+strconv.Quote(host)+" into allowed_hosts of this plugin's runtime_config.")
}

func (p *patient) keywords() {
	const what = "keywords"
	const compare = "Compare them with the robot's security settings (自定义关键词) in the group."
	switch {
	case p.wants && p.Keywords == "":
		p.add(Wrong, what, "the robot wants one of its keywords, and none is configured", "Put them into "+p.key(config.Keywords, "keywords")+".")
	case p.Keywords == "":
		p.add(Untested, what, "none are configured, and whether the robot wants any cannot be asked without posting", compare)
	default:
		p.add(Untested, what, "whether those configured are the robot's cannot be asked without posting", compare)
	}
}
