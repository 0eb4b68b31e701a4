package webui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
