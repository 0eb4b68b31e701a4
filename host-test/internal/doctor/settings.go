package doctor

import (
	"context"
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/schema"
)

// A robotCheck checks one robot.
type robotCheck struct {
	*run
	config.Robot
	address      *url.URL
	token        string
	blocked      string // the check that failed and makes all requests pointless, or ""
	needsKeyword bool   // DingTalk rejected the request for its keywords
}

// check goes from what costs nothing to what needs requests, and shows no
// credential to an address that did not answer the probe as a robot does.
func (c *robotCheck) check(ctx context.Context) {
	title := "The robot"
	if c.Name != "" {
		title += " " + c.Name
	}
	c.section(title)
	c.checkAddress()
	c.checkToken()
	c.checkSecret()
	c.checkAllowedHost()
	if c.blocked == "" {
		c.probeNetwork(ctx)
	}
	if c.blocked == "" {
		c.probeType(ctx)
	} else {
		c.add(Unknown, "token, signature, IP address", "not tested, because of the "+c.blocked, "")
	}
	c.checkKeywords()
}

// fail adds a failure that makes all requests pointless.
func (c *robotCheck) fail(name, detail, fix string) {
	c.add(Fail, name, detail, fix)
	if c.blocked == "" {
		c.blocked = name
	}
}

// where names a setting of this robot in the configuration.
func (c *robotCheck) where(key, member string) string {
	if c.Name == "" {
		return key
	}
	return member + " of robot " + c.Name + " in " + schema.KeyRobots
}

func (c *robotCheck) checkAddress() {
	address, err := url.Parse(c.Webhook)
	where := c.where(schema.KeyWebhookURL, "webhookUrl")
	switch {
	case err != nil || !isHostname(address.Hostname()) || address.User != nil || address.Fragment != "":
		c.fail("address", "it is not a valid webhook address", "Copy the webhook address again into "+where+".")
		return
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		c.fail("address", "it begins with http://, and the plugin sends no credential unencrypted", "Write https:// in "+where+".")
		return
	case address.Scheme != "http" && address.Scheme != "https":
		c.fail("address", "it begins with neither https:// nor http://", "Copy the webhook address again into "+where+".")
		return
	}
	if strings.Trim(address.Path, "/") == "" {
		address.Path = "/robot/send"
	}
	c.address = address
	c.add(OK, "address", c.base(), "")
}

// base returns the address without its query, which contains credentials.
func (c *robotCheck) base() string {
	return (&url.URL{Scheme: c.address.Scheme, Host: c.address.Host, Path: c.address.Path}).String()
}

var (
	validToken = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	// validName does not match a token pasted in place of a host, whose 64
	// characters are one too many.
	validName = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$`)
)

func isHostname(host string) bool {
	return len(host) <= 253 && validName.MatchString(host) || net.ParseIP(host) != nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (c *robotCheck) checkToken() {
	c.token = c.Token
	if strings.Contains(c.token, "://") {
		c.token = ""
		if u, err := url.Parse(c.Token); err == nil {
			c.token = u.Query().Get("access_token")
		}
	}
	if c.token == "" && c.address != nil {
		c.token = c.address.Query().Get("access_token")
	}
	const name = "access token"
	where := c.where(schema.KeyAccessToken, "accessToken")
	switch {
	case c.token == "":
		c.fail(name, "it is missing", "Put the token, or the full webhook address, into "+where+".")
	case strings.HasPrefix(c.token, "SEC") && len(c.token) > 40:
		c.fail(name, "it looks like a secret, which begins with SEC", "Exchange "+where+" and "+c.where(schema.KeySecret, "secret")+".")
	case !validToken.MatchString(c.token):
		c.fail(name, "it contains characters that no token has", "Copy the webhook address again into "+where+".")
	default:
		c.add(OK, name, strconv.Itoa(len(c.token))+" characters", "")
	}
}

func (c *robotCheck) checkSecret() {
	const name = "secret"
	where := c.where(schema.KeySecret, "secret")
	switch {
	case c.Secret == "":
		c.add(Info, name, "there is none, so requests are not signed", "If the robot requires a signature (加签), put its SEC… text into "+where+".")
	case strings.ContainsAny(c.Secret[:1]+c.Secret[len(c.Secret)-1:], "\"'`"):
		c.fail(name, "it is in quotation marks, which count as part of it", "Remove them from "+where+".")
	case !strings.HasPrefix(c.Secret, "SEC"):
		c.add(Info, name, "it does not begin with SEC, as DingTalk's secrets do", "Copy it again into "+where+" if the signature is rejected.")
	default:
		c.add(OK, name, strconv.Itoa(len(c.Secret))+" characters", "")
	}
}

// checkAllowedHost compares the runner's allowed hosts, which are globs over the
// host name alone, with this robot's host.
func (c *robotCheck) checkAllowedHost() {
	if !c.HostsKnown || c.address == nil {
		return
	}
	const name = "allowed host"
	host := c.address.Hostname()
	for _, allowed := range c.Hosts {
		if matched, err := path.Match(allowed, host); allowed == host || matched && err == nil {
			c.add(OK, name, host+" is allowed by "+allowed, "")
			return
		}
	}
	detail := "the runner does not allow " + host
	shown := 0
	for _, allowed := range c.Hosts {
		if strings.Contains(allowed, host) && shown < 3 {
			shown++
			detail += "; " + allowed + " matches no host, because it contains a scheme, a port or a path"
		}
	}
	c.add(Fail, name, detail, "Put "+strconv.Quote(host)+" into allowed_hosts of this plugin's runtime_config.")
}

func (c *robotCheck) checkKeywords() {
	const name = "keywords"
	const compare = "Compare them with the robot's security settings (自定义关键词) in the group."
	switch {
	case c.needsKeyword && c.Keywords == "":
		c.add(Fail, name, "the robot requires one of its keywords, and none is configured", "Put them into "+c.where(schema.KeyKeywords, "keywords")+".")
	case c.Keywords == "":
		c.add(Unknown, name, "none is configured, and only a message would show whether the robot requires one", compare)
	default:
		c.add(Unknown, name, "only a message would show whether the configured ones are the robot's", compare)
	}
}
