package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
)

// token matches the scenario's token as a separate word, as in access_token=token.
var token = regexp.MustCompile(`\b` + Token + `\b`)

// replaceCredentials replaces the scenario's credentials with those of the options.
func (r *Run) replaceCredentials(text string) string {
	if r.options.Token != "" {
		text = token.ReplaceAllLiteralString(text, r.options.Token)
	}
	if r.options.Secret != "" {
		text = strings.ReplaceAll(text, Secret, r.options.Secret)
	}
	return text
}

// Text restores the scenario's own credentials and addresses.
func (r *Run) Text(text string) string {
	text = strings.ReplaceAll(text, r.Recorder.URL, "$ROBOT")
	for own, other := range map[string]string{Token: r.options.Token, Secret: r.options.Secret} {
		if other != "" {
			text = strings.NewReplacer(other, own, url.QueryEscape(other), own).Replace(text)
		}
	}
	return text
}

// Placeholders replace what differs between runs if clock and random source cannot be
// set. Equal identifiers have equal placeholders.
type Placeholders map[string]string

var (
	identifiers = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	signatures  = regexp.MustCompile(`timestamp=[0-9]{13}&sign=[A-Za-z0-9%]+`)
	waits       = regexp.MustCompile(`(Wait |retryAfterSeconds": ?)[0-9]+`)
)

// Replace inserts the placeholders.
func (p Placeholders) Replace(text string) string {
	text = signatures.ReplaceAllString(text, "timestamp=<timestamp>&sign=<sign>")
	text = waits.ReplaceAllString(text, "$1<seconds>")
	return identifiers.ReplaceAllStringFunc(text, func(id string) string {
		if p[id] == "" {
			p[id] = fmt.Sprintf("<uuid %d>", len(p)+1)
		}
		return p[id]
	})
}

// describe lists the tools with their arguments, and what the configuration added to
// those.
func describe(output []byte) (string, error) {
	if !json.Valid(output) {
		return "", fmt.Errorf("the output is not JSON: %q", output)
	}
	var b strings.Builder
	for _, tool := range gjson.GetBytes(output, "tools").Array() {
		input := tool.Get("inputSchema")
		fmt.Fprintf(&b, "%s %s\n", tool.Get("name"), strings.Join(Arguments(input), " "))
		for _, name := range []string{"atNames", "robot"} {
			if argument := input.Get("properties." + name); argument.Exists() {
				fmt.Fprintf(&b, "  %s: %s %s\n", name, argument.Get("enum").Raw+argument.Get("items.enum").Raw, argument.Get("description"))
			}
		}
	}
	return strings.TrimSpace(b.String()), nil
}

// Arguments names the arguments of an input schema as README writes them.
func Arguments(input gjson.Result) (list []string) {
	input.Get("properties").ForEach(func(name, _ gjson.Result) bool {
		mark := "?"
		for _, required := range input.Get("required").Array() {
			if required.String() == name.String() {
				mark = ""
			}
		}
		list = append(list, "`"+name.String()+mark+"`")
		return true
	})
	return list
}
