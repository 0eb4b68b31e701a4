package dingtalk

import (
	"strings"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// A fence is a fenced block of code
// (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
type fence struct {
	from, to int    // the code itself, without the lines that open and close it
	line     string // the line that opens it, "```go\n"
	marker   string // its backticks or tildes alone
}

type fences struct {
	text string
	list []fence
}

// findFences finds the code fences of a Markdown text; other text has none.
func findFences(text string, markdown bool) fences {
	f := fences{text: text}
	if !markdown {
		return f
	}
	var open *fence
	for from := 0; from < len(text); {
		line, _, _ := strings.Cut(text[from:], "\n")
		next := min(from+len(line)+1, len(text))
		marker, rest := fenceMarker(line)
		switch {
		case open == nil && marker != "":
			f.list = append(f.list, fence{from: next, to: len(text), line: line + "\n", marker: marker})
			open = &f.list[len(f.list)-1]
		case open != nil && strings.HasPrefix(marker, open.marker) && strings.TrimSpace(rest) == "":
			open.to, open = from, nil
		}
		from = next
	}
	return f
}

// fenceMarker returns the run of three or more backticks or tildes at the start
// of a line, and what follows it; or "".
func fenceMarker(line string) (marker, rest string) {
	trimmed := strings.TrimLeft(line, " ")
	if trimmed == "" || len(line)-len(trimmed) > 3 {
		return "", ""
	}
	n := 0
	for n < len(trimmed) && trimmed[n] == trimmed[0] {
		n++
	}
	rest = trimmed[n:]
	if c := trimmed[0]; n < 3 || n > 16 || len(line) > 128 || c != '~' && (c != '`' || strings.Contains(rest, "`")) {
		return "", ""
	}
	return trimmed[:n], rest
}

// at returns the fence whose code a cut at p falls into, or nil.
func (f *fences) at(p int) *fence {
	for i := range f.list {
		if f.list[i].from <= p && p <= f.list[i].to && p < len(f.text) {
			return &f.list[i]
		}
	}
	return nil
}

// past moves a cut that stands just before the line that closes a fence behind
// that line: what close would add there is as long.
func (f *fences) past(p int) int {
	fence := f.at(p)
	if fence == nil || p != fence.to {
		return p
	}
	line, _, _ := strings.Cut(f.text[p:], "\n")
	if end := min(p+len(line)+1, len(f.text)); jsontext.Len(f.text[p:end]) <= f.reserve() {
		return end
	}
	return p
}

// open returns the line that opens the fence anew behind a cut at p, or "".
func (f *fences) open(p int) string {
	if fence := f.at(p); fence != nil && p > 0 {
		return fence.line
	}
	return ""
}

// close returns what closes the fence before a cut at p, or "".
func (f *fences) close(p int) string {
	fence := f.at(p)
	switch {
	case fence == nil:
		return ""
	case strings.HasSuffix(f.text[:p], "\n"):
		return fence.marker
	}
	return "\n" + fence.marker
}

// reserve is the most that close may take in JSON, in bytes.
func (f *fences) reserve() (n int) {
	for i := range f.list {
		n = max(n, jsontext.Len("\n"+f.list[i].marker))
	}
	return n
}
