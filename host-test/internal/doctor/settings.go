package doctor

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"path"
	"regexp"
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
	blocked      *Text // what makes all requests pointless, or nil
	clockWrong   bool  // it was reported
	needsKeyword bool  // DingTalk rejected the request for its keywords
}

// check goes from what costs nothing to what needs requests, and shows no
// credential to an address that did not answer the probe as a robot does.
func (c *robotCheck) check(ctx context.Context) {
	title := say("The robot")
	if c.Name != "" {
		title = say("The robot %s", c.Name)
	}
	c.section(title)
	c.checkAddress()
	c.checkToken()
	c.checkSecret()
	c.checkAllowedHost()
	if c.blocked == nil {
		c.probeNetwork(ctx)
	}
	if c.blocked == nil {
		c.probeType(ctx)
	} else {
		c.add(Unknown, say("token, signature, IP address"), say("not tested, because of %s", c.blocked), nil)
	}
	c.checkKeywords()
}

// fail adds a failure that makes all requests pointless.
func (c *robotCheck) fail(name, detail, fix *Text) {
	c.add(Fail, name, detail, fix)
	c.blocked = cmp.Or(c.blocked, say("the %s", name))
}

// failKey is fail for a configuration key, which the plugin rejects for the same
// reason.
func (c *robotCheck) failKey(key string, name, detail, fix *Text) {
	c.fail(name, detail, fix)
	if c.Name != "" {
		key = schema.KeyRobots
	}
	c.rejected[key] = say("the %s", name)
}

// cause returns what has already been reported and leaves this robot without the
// key's value, or nil.
func (c *robotCheck) cause(key string) *Text {
	if c.Name != "" {
		return c.causes[schema.KeyRobots]
	}
	return cmp.Or(c.causes[key], c.causes[schema.KeyRobots])
}

// where names a setting of this robot in the configuration.
func (c *robotCheck) where(key, member string) *Text {
	if c.Name == "" {
		return verbatim(key)
	}
	return say("%s of robot %s in "+schema.KeyRobots, member, c.Name)
}

const copyAddress format = "Copy the webhook address again into %s."

func (c *robotCheck) checkAddress() {
	address, err := url.Parse(c.Webhook)
	name, where, key := say("address"), c.where(schema.KeyWebhookURL, "webhookUrl"), schema.KeyWebhookURL
	if config.Get(c.Values, key) == "" {
		key = schema.KeyAccessToken // which contains the address
	}
	switch {
	case err != nil || !isHostname(address.Hostname()) || address.User != nil || address.Fragment != "":
		c.failKey(key, name, say("it is not a valid webhook address"), say(copyAddress, where))
		return
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		c.failKey(key, name, say("it begins with http://, and the plugin sends no credential unencrypted"), say("Write https:// in %s.", where))
		return
	case address.Scheme != "http" && address.Scheme != "https":
		c.failKey(key, name, say("it begins with neither https:// nor http://"), say(copyAddress, where))
		return
	}
	if strings.Trim(address.Path, "/") == "" {
		address.Path = "/robot/send"
	}
	c.address = address
	c.add(OK, name, verbatim(c.base()), nil)
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
	name := say("access token")
	where := c.where(schema.KeyAccessToken, "accessToken")
	switch cause := c.cause(schema.KeyAccessToken); {
	case c.token == "" && cause != nil:
		c.blocked = cmp.Or(c.blocked, cause)
	case c.token == "":
		c.failKey(schema.KeyAccessToken, name, say("it is missing"), say("Put the token, or the full webhook address, into %s.", where))
	case strings.HasPrefix(c.token, "SEC") && len(c.token) > 40:
		c.failKey(schema.KeyAccessToken, name, say("it looks like a secret, which begins with SEC"), say("Exchange %s and %s.", where, c.where(schema.KeySecret, "secret")))
	case !validToken.MatchString(c.token):
		c.failKey(schema.KeyAccessToken, name, say("it contains characters that no token has"), say(copyAddress, where))
	}
}

func (c *robotCheck) checkSecret() {
	name := say("secret")
	where := c.where(schema.KeySecret, "secret")
	switch {
	case c.Secret == "" && c.cause(schema.KeySecret) != nil:
	case c.Secret == "":
		c.add(Info, name, say("there is none, so requests are not signed"), say("If the robot requires a signature (加签), put its SEC… text into %s.", where))
	case strings.ContainsAny(c.Secret[:1]+c.Secret[len(c.Secret)-1:], "\"'`"):
		c.fail(name, say("it is in quotation marks, which count as part of it"), say("Remove them from %s.", where))
	case !strings.HasPrefix(c.Secret, "SEC"):
		c.add(Info, name, say("it does not begin with SEC, as DingTalk's secrets do"), say("Copy it again into %s if the signature is rejected.", where))
	}
}

// checkAllowedHost compares the runner's allowed hosts, which are globs over the
// host name alone, with this robot's host.
func (c *robotCheck) checkAllowedHost() {
	if !c.HostsKnown || c.address == nil {
		return
	}
	name := say("allowed host")
	host := c.address.Hostname()
	for _, allowed := range c.Hosts {
		if matched, err := path.Match(allowed, host); allowed == host || matched && err == nil {
			c.add(OK, name, say("%s is allowed by %s", host, allowed), nil)
			return
		}
	}
	detail := say("the runner does not allow %s", host)
	shown := 0
	for _, allowed := range c.Hosts {
		if strings.Contains(allowed, host) && shown < 3 {
			shown++
			detail = say("%s; %s matches no host, because it contains a scheme, a port or a path", detail, allowed)
		}
	}
	c.add(Fail, name, detail, say("Put %q into allowed_hosts of this plugin's runtime_config.", host))
}

func (c *robotCheck) checkKeywords() {
	name, compare := say("keywords"), say("Compare them with the robot's security settings (自定义关键词) in the group.")
	switch {
	case c.Keywords == "" && c.cause(schema.KeyKeywords) != nil:
		c.add(Unknown, name, say("not known, because of %s", c.cause(schema.KeyKeywords)), compare)
	case c.needsKeyword && c.Keywords == "":
		c.add(Fail, name, say("the robot requires one of its keywords, and none is configured"), say("Put them into %s.", c.where(schema.KeyKeywords, "keywords")))
	case c.Keywords == "":
		c.add(Unknown, name, say("none is configured, and only a message would show whether the robot requires one"), compare)
	default:
		c.add(Unknown, name, say("only a message would show whether the configured ones are the robot's"), compare)
	}
}

// checkUnknownKey reports a key that the plugin ignores. It is an error if it looks
// like a key that is not set.
func (r *run) checkUnknownKey(key string) {
	name, detail := verbatim(key), say("the plugin does not know this key and ignores it")
	switch meant := nearestKey(key); {
	case meant == "":
		r.add(Info, name, detail, say("Known keys: %s.", schema.Keys))
	case r.Values[meant] == "":
		r.add(Fail, name, detail, say("Rename it to %s.", meant))
		r.causes[meant] = name
	default:
		r.add(Info, name, detail, say("Did you mean %s? That is set, too: remove one of them.", meant))
	}
}

// nearestKey returns the key that was probably meant: one that has the same words
// and more, or the fewest other letters; "" if none is close.
func nearestKey(key string) string {
	if len(key) > 64 {
		return "" // a file may have a longer one, and comparing takes its time
	}
	key = strings.ToUpper(key)
	rest, hasPrefix := strings.CutPrefix(key, schema.KeyPrefix)
	best, fewest := "", 1+len(rest)/4
	for _, known := range schema.Keys {
		name := strings.TrimPrefix(known, schema.KeyPrefix)
		if hasPrefix && strings.Contains("_"+name+"_", "_"+rest+"_") {
			return known
		}
		if !hasPrefix {
			name = known
		}
		if d := distance(rest, name); d <= fewest {
			best, fewest = known, d-1
		}
	}
	return best
}

// distance is the Levenshtein distance of two ASCII texts.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
