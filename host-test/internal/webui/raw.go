package webui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxBodyShown is in bytes. DingTalk accepts no longer body.
const maxBodyShown = 24 << 10

// Raw is the request as sent, with credentials as dingtalktest.Request redacts them.
func (e entry) Raw() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s", e.Method, e.Path)
	if e.Query != "" {
		out.WriteString("?" + e.Query)
	}
	out.WriteString("\n")
	_ = e.Header.Write(&out) // a Builder takes everything
	out.WriteString("\n")
	out.Write(e.Body[:min(len(e.Body), maxBodyShown)])
	if more := len(e.Body) - maxBodyShown; more > 0 {
		fmt.Fprintf(&out, "\n… and %d bytes more", more)
	}
	return escapeInvisible(strings.ToValidUTF8(out.String(), "\uFFFD"))
}

// escapeRE finds escapes in JSON that stand for characters.
var escapeRE = regexp.MustCompile(`\\[^u]|(\\u[0-9a-fA-F]{4})+`)

// Decoded is the body as indented JSON in which \u escapes are characters, or "" if it is no JSON.
func (e entry) Decoded() string {
	var out bytes.Buffer
	if len(e.Body) > maxBodyShown || json.Indent(&out, e.Body, "", "  ") != nil {
		return ""
	}
	return escapeInvisible(escapeRE.ReplaceAllStringFunc(strings.ToValidUTF8(out.String(), "\uFFFD"), func(escaped string) string {
		var s string
		if escaped[1] != 'u' || json.Unmarshal([]byte(`"`+escaped+`"`), &s) != nil || strings.ContainsAny(s, "\"\\\n\t") {
			return escaped
		}
		return s
	}))
}

// Curl is a command that sends the request again. TOKEN, TIMESTAMP, SIGN and ROBOT, the address up to the path, are shell
// variables. Nothing that the sender wrote can leave its argument.
func (e entry) Curl() string {
	var out strings.Builder
	out.WriteString("# ROBOT=https://oapi.dingtalk.com, or the address of this page\n")
	out.WriteString("curl")
	if e.Method != http.MethodPost {
		out.WriteString(" -X " + shellQuote(e.Method))
	}
	fmt.Fprintf(&out, " \"$ROBOT%s%s\"", e.escapedPath(), e.escapedQuery())
	if sent := e.Header.Get("Content-Type"); sent != "" {
		out.WriteString(" \\\n  -H " + shellQuote("Content-Type: "+sent))
	}
	switch {
	case len(e.Body) > maxBodyShown:
		fmt.Fprintf(&out, " \\\n  --data-binary @body.json # %d bytes", len(e.Body))
	case len(e.Body) > 0:
		out.WriteString(" \\\n  --data-raw " + shellQuote(string(e.Body)))
	}
	return out.String()
}

// escapedPath also escapes what a shell could expand.
func (e entry) escapedPath() string {
	return strings.NewReplacer("$", "%24", "!", "%21").Replace((&url.URL{Path: e.Path}).EscapedPath())
}

func (e entry) escapedQuery() string {
	query, _ := url.ParseQuery(e.Query) // what can be read of a mangled one
	variables := map[string]string{"access_token": "$TOKEN", "timestamp": "$TIMESTAMP", "sign": "$SIGN"}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			if variable, ok := variables[name]; ok {
				value = variable
			} else {
				value = url.QueryEscape(value)
			}
			pairs = append(pairs, url.QueryEscape(name)+"="+value)
		}
	}
	if pairs == nil {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

// shellQuote returns one word of a shell command. It escapes characters that a terminal would obey or hide as JSON does; in a
// JSON body that means the same.
func shellQuote(s string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\'':
			out.WriteString(`'\''`)
		case !isInvisible(r):
			out.WriteRune(r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	return "'" + out.String() + "'"
}

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
	switch r {
	case '\n', '\t', 0x200C, 0x200D: // the last are the joiners
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
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
