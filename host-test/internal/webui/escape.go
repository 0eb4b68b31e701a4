package webui

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// escapeInvisible spells out characters that a reader cannot see or that reorder the line: control characters, direction
// marks, zero-width characters, and tags that can hide text. It keeps the joiners of emoji and of Persian.
func escapeInvisible(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if strings.IndexFunc(s, isInvisible) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if isInvisible(r) {
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func isInvisible(r rune) bool {
	switch {
	case r < ' ':
		return r != '\n' && r != '\t'
	case r < 0x7F:
		return false
	case r == 0x200C || r == 0x200D: // the joiners
		return false
	case r == 0x2028 || r == 0x2029: // only some programs end a line here
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// safeURL returns an address that may become a link, or "". The page shows others as text.
func safeURL(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || !isSafeURL(u) {
		return ""
	}
	return template.URL(u.String())
}

// hostRE is stricter than url.Parse, which accepts some hosts whose String it cannot parse.
var hostRE = regexp.MustCompile(`^[\pL\pN._\[\]:-]+$`)

// isSafeURL allows the web's schemes, and that of DingTalk's own pages.
func isSafeURL(u *url.URL) bool {
	switch u.Scheme {
	case "http", "https", "dingtalk":
		return hostRE.MatchString(u.Host)
	}
	return false
}
