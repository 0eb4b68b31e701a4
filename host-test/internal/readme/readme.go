// Package readme finds the snippets of README.md and points them at a robot on this
// machine, so that tests can run them.
package readme

import (
	"fmt"
	"regexp"
	"strings"

	"dingtalk-plugin/schema"
)

// A Snippet is a fenced block of code.
type Snippet struct {
	Heading  string // the nearest above it, without its number signs
	Language string // "" where the fence names none
	Text     string
}

// Snippets returns all snippets in order. A heading inside a block is code.
func Snippets(text string) (list []Snippet) {
	heading, open := "", false
	for line := range strings.Lines(text) {
		fence, fenced := strings.CutPrefix(line, "```")
		switch {
		case fenced && !open:
			list = append(list, Snippet{Heading: heading, Language: strings.TrimSpace(fence)})
			open = true
		case fenced:
			open = false
		case open:
			list[len(list)-1].Text += line
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return list
}

// Find returns the only snippet of the language under the heading.
func Find(text, heading, language string) (string, error) {
	var found []string
	for _, s := range Snippets(text) {
		if s.Heading == heading && s.Language == language {
			found = append(found, s.Text)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("README has %d snippets of %s under %q, want one", len(found), language, heading)
	}
	return found[0], nil
}

// DefaultHost is the host that README's snippets allow.
const DefaultHost = "oapi.dingtalk.com"

// tokenEntry matches the entry of the token in a configuration, quoted or not as the
// language requires.
var tokenEntry = regexp.MustCompile(`("?)` + schema.KeyAccessToken + `("?):`)

// Redirect allows the loopback host in place of DingTalk's, and inserts the webhook
// address before the token. It changes nothing else.
func Redirect(snippet, webhook string) (string, error) {
	if n := strings.Count(snippet, DefaultHost); n != 1 {
		return "", fmt.Errorf("%s occurs %d times, want once: %s", DefaultHost, n, snippet)
	}
	return AddWebhook(strings.Replace(snippet, DefaultHost, "127.0.0.1", 1), webhook)
}

// AddWebhook inserts the webhook address before the token, for a snippet that names
// no host.
func AddWebhook(snippet, webhook string) (string, error) {
	if n := len(tokenEntry.FindAllString(snippet, -1)); n != 1 {
		return "", fmt.Errorf("the token is configured %d times, want once: %s", n, snippet)
	}
	return tokenEntry.ReplaceAllString(snippet, `${1}`+schema.KeyWebhookURL+`${2}: "`+webhook+`", $0`), nil
}
