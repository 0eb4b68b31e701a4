package dingtalktest

import (
	"net/http"
	"net/url"
	"strings"
)

// maskQuery works on the raw query, so that the record shows a mangled one as mangled.
func maskQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); found && value != "" && (err != nil || secretName(name)) {
			pairs[i] = key + "=***"
		}
	}
	return strings.Join(pairs, "&")
}

func (o Options) maskHeader(h http.Header) http.Header {
	masked := h.Clone()
	for name, values := range masked {
		for i := range values {
			if secretName(name) {
				values[i] = "***"
			} else {
				values[i] = o.conceal(values[i])
			}
		}
	}
	return masked
}

// secretName tells by its name that a parameter or header holds a credential: also those that a confused sender invents.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"token", "sign", "secret", "auth", "cookie"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// conceal takes the robot's own credentials out of places where they have no business, such as the path. Short ones are left
// alone: they are no secrets, and hiding every "t" would hide the request.
func (o Options) conceal(s string) string {
	for _, credential := range []string{o.token(), o.Secret} {
		if len(credential) >= 8 {
			s = strings.ReplaceAll(s, credential, "***")
		}
	}
	return s
}
