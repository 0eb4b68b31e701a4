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

// A robot is one robot under examination.
type robot struct {
	*examination
	config.Robot
	address *url.URL
	token   string
	dead    string // why the rest cannot be tested, or ""
}

func newRobot(e *examination, r *config.Robot) *robot { return &robot{examination: e, Robot: *r} }

// examine goes from what costs nothing to what the robot itself must answer, and
// shows no credential to an address that has not answered as a robot does.
func (r *robot) examine(ctx context.Context) {
	title := "The robot"
	if r.Name != "" {
		title += " " + r.Name
	}
	r.report.section(title)
	r.checkAddress()
	r.checkToken()
	r.checkSecret()
	r.checkAllowed()
	if r.dead == "" {
		r.reach(ctx)
	}
	if r.dead == "" {
		r.knock(ctx)
	} else {
		r.report.add(Finding{Verdict: Untested, What: "token, signature, IP address", Text: "not tested, because " + r.dead})
	}
	r.keywords()
}

func (r *robot) add(v Verdict, what, text, remedy string) {
	r.report.add(Finding{v, what, text, remedy})
}

// wrong adds what makes all further tests idle.
func (r *robot) wrong(what, text, remedy string) {
	r.add(Wrong, what, text, remedy)
	if r.dead == "" {
		r.dead = "of the " + what
	}
}

// key is how the configuration calls a setting of this robot.
func (r *robot) key(key, own string) string {
	if r.Name == "" {
		return key
	}
	return own + " of robot " + r.Name + " in " + config.Robots
}

func (r *robot) checkAddress() {
	address, err := url.Parse(r.Webhook)
	where := r.key(config.Webhook, "webhookUrl")
	switch {
	case err != nil || address.Hostname() == "" || address.User != nil || address.Fragment != "":
		r.wrong("address", "it is no address that can be posted to", "Copy the webhook address anew into "+where+".")
		return
	case address.Scheme == "http" && !loopback(address.Hostname()):
		r.wrong("address", "it begins with http://, and the plugin sends no credential unencrypted", "Write https:// in "+where+".")
		return
	case address.Scheme != "http" && address.Scheme != "https":
		r.wrong("address", "it begins with neither https:// nor http://", "Copy the webhook address anew into "+where+".")
		return
	}
	if strings.Trim(address.Path, "/") == "" {
		address.Path = "/robot/send"
	}
	r.address = address
	r.add(Well, "address", r.base(), "")
}

// base is the address without its query, where credentials stand.
func (r *robot) base() string {
	return (&url.URL{Scheme: r.address.Scheme, Host: r.address.Host, Path: r.address.Path}).String()
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *robot) checkToken() {
	r.token = r.Token
	if strings.Contains(r.token, "://") {
		u, _ := url.Parse(r.token)
		r.token = u.Query().Get("access_token") // of nil, too
	}
	if r.token == "" && r.address != nil {
		r.token = r.address.Query().Get("access_token")
	}
	const what = "access token"
	where := r.key(config.Token, "accessToken")
	switch {
	case r.token == "":
		r.wrong(what, "there is none", "Put the token, or the whole webhook address, into "+where+".")
	case strings.HasPrefix(r.token, "SEC") && len(r.token) > 40:
		r.wrong(what, "it looks like a secret, which begins with SEC", "Exchange "+where+" and "+r.key(config.Secret, "secret")+".")
	case strings.Trim(r.token, letters+"-._~") != "":
		r.wrong(what, "it holds characters that no token has", "Copy the webhook address anew into "+where+".")
	default:
		r.add(Well, what, strconv.Itoa(len(r.token))+" characters", "")
	}
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (r *robot) checkSecret() {
	const what = "secret"
	where := r.key(config.Secret, "secret")
	switch {
	case r.Secret == "":
		r.add(Note, what, "there is none, so requests are not signed", "If the robot has a signature (加签), put its SEC… text into "+where+".")
	case strings.ContainsAny(r.Secret[:1]+r.Secret[len(r.Secret)-1:], "\"'`"):
		r.wrong(what, "it stands in quotation marks, which count as a part of it", "Remove them from "+where+".")
	case !strings.HasPrefix(r.Secret, "SEC"):
		r.add(Note, what, "it does not begin with SEC, as DingTalk's secrets do", "Copy it anew into "+where+" if the signature is refused.")
	default:
		r.add(Well, what, strconv.Itoa(len(r.Secret))+" characters", "")
	}
}

// checkAllowed holds the runner's allowed hosts against this robot's. They are
// globs over the host name alone.
func (r *robot) checkAllowed() {
	if !r.HostsKnown || r.address == nil {
		return
	}
	const what = "allowed host"
	host := r.address.Hostname()
	for _, allowed := range r.Hosts {
		if matched, err := path.Match(allowed, host); allowed == host || matched && err == nil {
			r.add(Well, what, host+" is allowed by "+allowed, "")
			return
		}
	}
	text := "the runner does not allow " + host
	for _, allowed := range r.Hosts {
		if strings.Contains(allowed, host) {
			text += "; " + allowed + " allows nothing, because a scheme, a port or a path stands in it"
		}
	}
	r.add(Wrong, what, text, "Put "+strconv.Quote(host)+" into allowed_hosts of this plugin's runtime_config.")
}

func (r *robot) keywords() {
	own := config.Value(r.Values, config.Prefix+"KEYWORDS")
	text := "whether the robot wants keywords cannot be tested without posting"
	if own != "" && r.Name == "" {
		text += "; that these are its own, neither"
	}
	r.add(Untested, "keywords", text, "Compare them with the robot's security settings (自定义关键词) in the group.")
}
