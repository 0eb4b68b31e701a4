package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"

	"github.com/google/go-cmp/cmp"
)

// What differs from call to call, and is therefore not compared.
var (
	identifiers = regexp.MustCompile(`\b[0-9a-f]{32}\b`) // msgUuid and key, of a call without a key of its own
	waits       = regexp.MustCompile(`(Wait |retryAfterSeconds": )[0-9]+`)
	signatures  = regexp.MustCompile(`timestamp=[0-9]+&sign=[A-Za-z0-9%]+`)
)

// transcript is what a call came to, in a form that is the same in every runtime:
// the result, and the requests byte for byte. The words of a host that ended the
// call are its own.
func transcript(c *call, answer *protocol.Answer, requests []seen) string {
	var b strings.Builder
	for _, r := range requests {
		fmt.Fprintf(&b, "%s %s?%s\n%s\n%s\n%s\n", r.method, r.path, r.query, r.contentType, r.body, r.fate)
	}
	if c.Fails != "" {
		b.WriteString("the host ended the call\n")
	} else {
		b.WriteString(canonical(answer.Output) + "\n")
	}
	text := waits.ReplaceAllString(signatures.ReplaceAllString(b.String(), "<signature>"), "$1<seconds>")
	if arguments, _ := c.Arguments.(map[string]any); arguments["idempotencyKey"] == nil {
		text = identifiers.ReplaceAllString(text, "<identifier>")
	}
	return text
}

// canonical is an output without what a runner on the way may change: the order
// of members, and white space.
func canonical(text string) string {
	var o output
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return text
	}
	canonical, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return text
	}
	return string(canonical)
}

func diff(want, got string) string {
	return cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
}
