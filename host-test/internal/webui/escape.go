package webui

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// visible spells out what a reader would not see, or what would show the line in another order than it was written: control
// characters, direction marks, zero-width characters, and tags in which text can be hidden. The joiners of emoji and of
// Persian stay.
func visible(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func hidden(r rune) bool {
	switch {
	case r < ' ':
		return r != '\n' && r != '\t'
	case r < 0x7F:
		return false
	case r == 0x200C || r == 0x200D: // the joiners
		return false
	case r == 0x2028 || r == 0x2029: // ends of a line to some, to others not
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

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
