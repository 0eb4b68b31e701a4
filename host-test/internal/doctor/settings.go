package doctor

import (
	"cmp"
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
	blocked      string // what makes all requests pointless, or ""
	clockWrong   bool   // it was reported
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
		c.add(Unknown, "token, signature, IP address", "not tested, because of "+c.blocked, "")
	}
	c.checkKeywords()
}

// fail adds a failure that makes all requests pointless.
func (c *robotCheck) fail(name, detail, fix string) {
	c.add(Fail, name, detail, fix)
	c.blocked = cmp.Or(c.blocked, "the "+name)
}

// failKey is fail for a configuration key, which the plugin rejects for the same
// reason.
func (c *robotCheck) failKey(key, name, detail, fix string) {
	c.fail(name, detail, fix)
	if c.Name != "" {
		key = schema.KeyRobots
	}
	c.rejected[key] = "the " + name
}

// cause returns what has already been reported and leaves this robot without the
// key's value, or "".
func (c *robotCheck) cause(key string) string {
	if c.Name != "" {
		return c.causes[schema.KeyRobots]
	}
	return cmp.Or(c.causes[key], c.causes[schema.KeyRobots])
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
	where, key := c.where(schema.KeyWebhookURL, "webhookUrl"), schema.KeyWebhookURL
	if config.Get(c.Values, key) == "" {
		key = schema.KeyAccessToken // which contains the address
	}
	switch {
	case err != nil || !isHostname(address.Hostname()) || address.User != nil || address.Fragment != "":
		c.failKey(key, "address", "it is not a valid webhook address", "Copy the webhook address again into "+where+".")
		return
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		c.failKey(key, "address", "it begins with http://, and the plugin sends no credential unencrypted", "Write https:// in "+where+".")
		return
	case address.Scheme != "http" && address.Scheme != "https":
		c.failKey(key, "address", "it begins with neither https:// nor http://", "Copy the webhook address again into "+where+".")
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
	switch cause := c.cause(schema.KeyAccessToken); {
	case c.token == "" && cause != "":
		c.blocked = cmp.Or(c.blocked, cause)
	case c.token == "":
		c.failKey(schema.KeyAccessToken, name, "it is missing", "Put the token, or the full webhook address, into "+where+".")
	case strings.HasPrefix(c.token, "SEC") && len(c.token) > 40:
		c.failKey(schema.KeyAccessToken, name, "it looks like a secret, which begins with SEC", "Exchange "+where+" and "+c.where(schema.KeySecret, "secret")+".")
	case !validToken.MatchString(c.token):
		c.failKey(schema.KeyAccessToken, name, "it contains characters that no token has", "Copy the webhook address again into "+where+".")
	}
}

func (c *robotCheck) checkSecret() {
	const name = "secret"
	where := c.where(schema.KeySecret, "secret")
	switch {
	case c.Secret == "" && c.cause(schema.KeySecret) != "":
	case c.Secret == "":
		c.add(Info, name, "there is none, so requests are not signed", "If the robot requires a signature (加签), put its SEC… text into "+where+".")
	case strings.ContainsAny(c.Secret[:1]+c.Secret[len(c.Secret)-1:], "\"'`"):
		c.fail(name, "it is in quotation marks, which count as part of it", "Remove them from "+where+".")
	case !strings.HasPrefix(c.Secret, "SEC"):
		c.add(Info, name, "it does not begin with SEC, as DingTalk's secrets do", "Copy it again into "+where+" if the signature is rejected.")
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
	case c.Keywords == "" && c.cause(schema.KeyKeywords) != "":
		c.add(Unknown, name, "not known, because of "+c.cause(schema.KeyKeywords), compare)
	case c.needsKeyword && c.Keywords == "":
		c.add(Fail, name, "the robot requires one of its keywords, and none is configured", "Put them into "+c.where(schema.KeyKeywords, "keywords")+".")
	case c.Keywords == "":
		c.add(Unknown, name, "none is configured, and only a message would show whether the robot requires one", compare)
	default:
		c.add(Unknown, name, "only a message would show whether the configured ones are the robot's", compare)
	}
}

// checkUnknownKey reports a key that the plugin ignores. It is an error if it looks
// like a key that is not set.
func (r *run) checkUnknownKey(key string) {
	const detail = "the plugin does not know this key and ignores it"
	switch meant := nearestKey(key); {
	case meant == "":
		r.add(Info, key, detail, "Known keys: "+strings.Join(schema.Keys, ", ")+".")
	case r.Values[meant] == "":
		r.add(Fail, key, detail, "Rename it to "+meant+".")
		r.causes[meant] = key
	default:
		r.add(Info, key, detail, "Did you mean "+meant+"? That is set, too: remove one of them.")
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
