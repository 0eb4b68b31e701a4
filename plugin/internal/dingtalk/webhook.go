package dingtalk

import (
	"strings"
)

// DefaultWebhook is the address of DingTalk's robots
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
const DefaultWebhook = "https://oapi.dingtalk.com/robot/send"

// webhookPath is the path of a robot's address.
const webhookPath = "robot/send"

// A Webhook is a robot's webhook address without its credentials.
type Webhook struct {
	Base  string // scheme, host and path
	Query string // its other parameters, "" or "a=b&c=d"
	Token string // its access token, or ""
}

// ParseWebhook parses a webhook address as people paste it: it extracts the token,
// drops a stale timestamp and sign, and adds a missing path. Plain http is only for
// a loopback host. The fault never quotes the address, which may hold a token.
//
// It accepts less than RFC 3986 does: only what all hosts' parsers read alike.
func ParseWebhook(s string) (a Webhook, fault string) {
	s = strings.TrimSpace(s)
	if fault := checkBytes(s); fault != "" {
		return a, fault
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return a, "is no address: it must begin with https://"
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	host, fault := parseAuthority(authority)
	if fault != "" {
		return a, fault
	}
	switch scheme = asciiLower(scheme); {
	case scheme == "http" && !loopback(host):
		return a, "is not encrypted: http is only for a loopback host such as 127.0.0.1; use https"
	case scheme != "http" && scheme != "https":
		return a, "has an unknown scheme: it must begin with https://"
	case path == "":
		path = webhookPath
	}
	a.Base = scheme + "://" + asciiLower(authority) + "/" + path
	fault = a.parseQuery(query)
	return a, fault
}

// checkBytes refuses bytes that are not allowed in an address or that parsers
// read differently.
func checkBytes(s string) (fault string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>{}|^`", c) >= 0:
			return "holds a character that no address may hold (blank, quotation mark, bracket or not ASCII)"
		case c == '#':
			return "must not hold a #"
		case c == '%' && !hexPair(s[i+1:]):
			return "holds a % that is not followed by two hexadecimal digits"
		}
	}
	return ""
}

// parseAuthority parses host[:port] and returns the host.
func parseAuthority(authority string) (host, fault string) {
	if strings.Contains(authority, "@") {
		return "", "must not hold a user name or password (an @ before the host)"
	}
	host, port := authority, ""
	if strings.HasPrefix(authority, "[::1]") {
		host, port = "[::1]", authority[len("[::1]"):]
	} else if i := strings.IndexByte(authority, ':'); i >= 0 {
		host, port = authority[:i], authority[i:]
	}
	if !validHostname(host) {
		return "", "has no valid host name"
	}
	if port != "" && !validPort(port) {
		return "", "has an invalid port"
	}
	return asciiLower(host), ""
}

func validHostname(host string) bool {
	if host == "[::1]" {
		return true
	}
	for i := range len(host) {
		c := host[i]
		edge := i == 0 || host[i-1] == '.' || i == len(host)-1
		if !isDigit(c) && !isLetter(c) && (edge || c != '.' && c != '-') {
			return false
		}
	}
	return host != ""
}

// validPort reports whether port is a colon and a port number.
func validPort(port string) bool {
	n, ok := ParseNumber(port[1:])
	return ok && port[0] == ':' && 0 < n && n <= 0xFFFF
}

// loopback reports whether host is this machine. 127.0.0.1.evil.example is not.
func loopback(host string) bool {
	return host == "localhost" || host == "[::1]" || strings.HasPrefix(host, "127.") && isIPv4(host)
}

func isIPv4(host string) bool {
	parts := strings.Split(host, ".")
	if len(parts) != 4 {
		return false
	}
	for _, part := range parts {
		if n, ok := ParseNumber(part); !ok || n > 255 || len(part) > 1 && part[0] == '0' {
			return false
		}
	}
	return true
}

// ParseNumber reads up to nine decimal digits.
func ParseNumber(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// parseQuery extracts the token and drops what every request makes itself.
func (a *Webhook) parseQuery(query string) (fault string) {
	found := false
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(name, "%") {
			return "has an escape (%) in the name of a parameter"
		}
		switch name {
		case "", "timestamp", "sign":
		case "access_token":
			if found {
				return "carries more than one access_token"
			}
			found = true
			if a.Token, fault = ParseToken(value); fault != "" {
				return "carries an access_token that " + fault
			}
		default:
			if a.Query != "" {
				a.Query += "&"
			}
			a.Query += pair
		}
	}
	return ""
}

// ParseToken parses an access token. Tokens are letters and digits; anything else
// was pasted by mistake.
func ParseToken(s string) (token, fault string) {
	s = strings.TrimSpace(s)
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte("-._~", c) < 0 {
			return "", "holds a character that no access token holds (a quotation mark, blank or other sign)"
		}
	}
	return s, ""
}

// shown returns the address without a path of its own: one may be a credential.
func (w *Webhook) shown() string {
	scheme, rest, _ := strings.Cut(w.Base, "://")
	host, path, _ := strings.Cut(rest, "/")
	if path == webhookPath {
		return w.Base
	}
	return scheme + "://" + host + "/" + redacted
}
