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

// A robotCheck is one robot under examination.
type robotCheck struct {
	*run
	config.Robot
	address      *url.URL
	token        string
	blocked      string // why the rest cannot be tested, or ""
	needsKeyword bool   // it wants a keyword, as it said itself
}

// examine goes from what costs nothing to what the robot itself must answer, and
// shows no credential to an address that has not answered as a robot does.
func (p *robotCheck) examine(ctx context.Context) {
	title := "The robot"
	if p.Name != "" {
		title += " " + p.Name
	}
	p.report.section(title)
	p.checkAddress()
	p.checkToken()
	p.checkSecret()
	p.checkAllowed()
	if p.blocked == "" {
		p.probeNetwork(ctx)
	}
	if p.blocked == "" {
		p.probeType(ctx)
	} else {
		p.report.add(Check{Status: Unknown, Name: "token, signature, IP address", Detail: "not tested, because " + p.blocked})
	}
	p.checkKeywords()
}

func (p *robotCheck) add(v Status, what, text, remedy string) {
	p.report.add(Check{v, what, text, remedy})
}

// fail adds what makes all further tests idle.
func (p *robotCheck) fail(what, text, remedy string) {
	p.add(Fail, what, text, remedy)
	if p.blocked == "" {
		p.blocked = "of the " + what
	}
}

// keyName is how the configuration calls a setting of this robot.
func (p *robotCheck) keyName(key, own string) string {
	if p.Name == "" {
		return key
	}
	return own + " of robot " + p.Name + " in " + config.Robots
}

func (p *robotCheck) checkAddress() {
	address, err := url.Parse(p.Webhook)
	where := p.keyName(config.Webhook, "webhookUrl")
	switch {
	case err != nil || !isHostname(address.Hostname()) || address.User != nil || address.Fragment != "":
		p.fail("address", "it is no address that can be posted to", "Copy the webhook address anew into "+where+".")
		return
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		p.fail("address", "it begins with http://, and the plugin sends no credential unencrypted", "Write https:// in "+where+".")
		return
	case address.Scheme != "http" && address.Scheme != "https":
		p.fail("address", "it begins with neither https:// nor http://", "Copy the webhook address anew into "+where+".")
		return
	}
	if strings.Trim(address.Path, "/") == "" {
		address.Path = "/robot/send"
	}
	p.address = address
	p.add(OK, "address", p.base(), "")
}

// base is the address without its query, where credentials stand.
func (p *robotCheck) base() string {
	return (&url.URL{Scheme: p.address.Scheme, Host: p.address.Host, Path: p.address.Path}).String()
}

// isHostname keeps out of the report what was pasted in a host's place, such as
// a token: its 64 characters are one too many for a name.
func isHostname(host string) bool {
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

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (p *robotCheck) checkToken() {
	p.token = p.Token
	if strings.Contains(p.token, "://") {
		p.token = tokenIn(p.token)
	}
	if p.token == "" && p.address != nil {
		p.token = p.address.Query().Get("access_token")
	}
	const what = "access token"
	where := p.keyName(config.Token, "accessToken")
	switch {
	case p.token == "":
		p.fail(what, "there is none", "Put the token, or the whole webhook address, into "+where+".")
	case strings.HasPrefix(p.token, "SEC") && len(p.token) > 40:
		p.fail(what, "it looks like a secret, which begins with SEC", "Exchange "+where+" and "+p.keyName(config.Secret, "secret")+".")
	case strings.Trim(p.token, letters+"-._~") != "":
		p.fail(what, "it holds characters that no token has", "Copy the webhook address anew into "+where+".")
	default:
		p.add(OK, what, strconv.Itoa(len(p.token))+" characters", "")
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

func (p *robotCheck) checkSecret() {
	const what = "secret"
	where := p.keyName(config.Secret, "secret")
	switch {
	case p.Secret == "":
		p.add(Info, what, "there is none, so requests are not signed", "If the robot has a signature (加签), put its SEC… text into "+where+".")
	case strings.ContainsAny(p.Secret[:1]+p.Secret[len(p.Secret)-1:], "\"'`"):
		p.fail(what, "it stands in quotation marks, which count as a part of it", "Remove them from "+where+".")
	case !strings.HasPrefix(p.Secret, "SEC"):
		p.add(Info, what, "it does not begin with SEC, as DingTalk's secrets do", "Copy it anew into "+where+" if the signature is refused.")
	default:
		p.add(OK, what, strconv.Itoa(len(p.Secret))+" characters", "")
	}
}

// checkAllowed holds the runner's allowed hosts against this robot's. They are
// globs over the host name alone.
func (p *robotCheck) checkAllowed() {
	if !p.HostsKnown || p.address == nil {
		return
	}
	const what = "allowed host"
	host := p.address.Hostname()
	for _, allowed := range p.Hosts {
		if matched, err := path.Match(allowed, host); allowed == host || matched && err == nil {
			p.add(OK, what, host+" is allowed by "+allowed, "")
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
	p.add(Fail, what, text, "Put "+strconv.Quote(host)+" into allowed_hosts of this plugin's runtime_config.")
}

func (p *robotCheck) checkKeywords() {
	const what = "keywords"
	const compare = "Compare them with the robot's security settings (自定义关键词) in the group."
	switch {
	case p.needsKeyword && p.Keywords == "":
		p.add(Fail, what, "the robot wants one of its keywords, and none is configured", "Put them into "+p.keyName(config.Keywords, "keywords")+".")
	case p.Keywords == "":
		p.add(Unknown, what, "none are configured, and whether the robot wants any cannot be asked without posting", compare)
	default:
		p.add(Unknown, what, "whether those configured are the robot's cannot be asked without posting", compare)
	}
}
