package webui

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

// mostShown bounds how much of a body is drawn. Nothing that DingTalk takes is longer.
const mostShown = 24 << 10

// Raw is the request as it was sent, with the credentials that dingtalktest.Request masks.
func (e entry) Raw() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s", e.Method, e.Path)
	if e.Query != "" {
		out.WriteString("?" + e.Query)
	}
	out.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		for _, value := range e.Header[name] {
			out.WriteString(name + ": " + value + "\n")
		}
	}
	out.WriteString("\n")
	out.Write(e.Body[:min(len(e.Body), mostShown)])
	if more := len(e.Body) - mostShown; more > 0 {
		fmt.Fprintf(&out, "\n… and %d bytes more", more)
	}
	return visible(strings.ToValidUTF8(out.String(), "\uFFFD"))
}

// Curl is a command that sends the request again. Its credentials are the variables TOKEN, TIMESTAMP and SIGN of the shell,
// and ROBOT is the address up to the path. What the sender wrote cannot leave its place in the command.
func (e entry) Curl() string {
	var out strings.Builder
	out.WriteString("# ROBOT=https://oapi.dingtalk.com, or the address of this page\n")
	out.WriteString("curl")
	if e.Method != http.MethodPost {
		out.WriteString(" -X " + quoted(e.Method))
	}
	fmt.Fprintf(&out, " \"$ROBOT%s%s\"", e.safePath(), e.safeQuery())
	if sent := e.Header.Get("Content-Type"); sent != "" {
		out.WriteString(" \\\n  -H " + quoted("Content-Type: "+sent))
	}
	switch {
	case len(e.Body) > mostShown:
		fmt.Fprintf(&out, " \\\n  --data-binary @body.json # %d bytes", len(e.Body))
	case len(e.Body) > 0:
		out.WriteString(" \\\n  --data-raw " + quoted(string(e.Body)))
	}
	return out.String()
}

// safePath escapes all that a shell could take for its own; url.PathEscape would leave the dollar.
func (e entry) safePath() string {
	steps := strings.Split(e.Path, "/")
	for i, step := range steps {
		steps[i] = strings.ReplaceAll(url.QueryEscape(step), "+", "%20")
	}
	return strings.Join(steps, "/")
}

func (e entry) safeQuery() string {
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

// quoted makes one word of a shell's command. Characters that a terminal would obey or hide are written as JSON writes them,
// which in a body that is JSON means the same.
func quoted(s string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\'':
			out.WriteString(`'\''`)
		case !hidden(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return "'" + out.String() + "'"
}
