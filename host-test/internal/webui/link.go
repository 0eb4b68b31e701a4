package webui

import (
	"html/template"
	"net/url"
	"regexp"
)

// openable returns an address that may be a link, and "" for any other. The page shows those as text.
func openable(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || !safe(u) {
		return ""
	}
	return template.URL(u.String())
}

// hostname is stricter than url.Parse, which lets some through that it would not read again.
var hostname = regexp.MustCompile(`^[\pL\pN._\[\]:-]+$`)

// safe takes the web's schemes, and that of the app's own pages.
func safe(u *url.URL) bool {
	switch u.Scheme {
	case "http", "https", "dingtalk":
		return hostname.MatchString(u.Host)
	}
	return false
}
