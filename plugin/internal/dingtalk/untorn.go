package dingtalk

import (
	"strings"
	"unicode/utf8"
)

// maxWhole is the longest mention, address or link that is kept whole, in
// bytes. It bounds how far back a cut may move.
const maxWhole = 2048

// untorn moves the cut p back to before the mention, address, Markdown link or
// fence that it would tear apart.
func untorn(text string, p int) int {
	for p > 0 && p < len(text) {
		start := min(mentionStart(text, p), addressStart(text, p), linkStart(text, p), fenceStart(text, p))
		if start == p {
			break
		}
		p = start
	}
	return p
}

// mentionStart returns where the mention begins that reaches across p, or p.
func mentionStart(text string, p int) int {
	if !inToken(text[p]) && text[p] != '+' {
		return p
	}
	i := p
	for i > 0 && (inToken(text[i-1]) || text[i-1] == '+') && p-i < maxWhole {
		i--
	}
	if i > 0 && text[i-1] == '@' {
		return i - 1
	}
	return p
}

// addressStart returns where the bare address begins that reaches across p, or p.
func addressStart(text string, p int) int {
	start, end := p, p
	for start > 0 && inAddress(text[start-1]) && p-start < maxWhole {
		start--
	}
	for end < len(text) && inAddress(text[end]) && end-start < maxWhole {
		end++
	}
	scheme := strings.Index(text[start:end], "://")
	if scheme < 0 || end == p {
		return p
	}
	begin := start + scheme
	for begin > start && isLetter(text[begin-1]) {
		begin--
	}
	return min(begin, p)
}

func inAddress(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"<>()[]", c) < 0
}

// linkStart returns where the Markdown link or picture begins that reaches
// across p, or p. A link stands on one line.
func linkStart(text string, p int) int {
	line := strings.LastIndexByte(text[:p], '\n') + 1
	line = max(line, p-maxWhole)
	for i := p - 1; i >= line; i-- {
		if text[i] != '[' || i+linkLen(text[i:]) <= p {
			continue
		}
		if i > 0 && text[i-1] == '!' {
			i--
		}
		return i
	}
	if p > 0 && p < len(text) && text[p-1] == '!' && linkLen(text[p:]) > 0 {
		return p - 1
	}
	return p
}

// linkLen returns the length of the [label](address) at the start of text, or 0.
func linkLen(text string) int {
	text = text[:min(len(text), maxWhole)]
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	middle := strings.Index(text, "](")
	if !strings.HasPrefix(text, "[") || middle < 0 {
		return 0
	}
	end := strings.IndexByte(text[middle:], ')')
	if end < 0 {
		return 0
	}
	return middle + end + 1
}

// fenceStart returns where the line begins that opens or closes a fence and
// reaches across p, or p. A cut before its backticks tears it too: what was in
// the middle of a line must not come to stand at the start of one.
func fenceStart(text string, p int) int {
	line := max(strings.LastIndexByte(text[:p], '\n')+1, p-maxWhole)
	whole, _, _ := strings.Cut(text[line:min(len(text), p+maxWhole)], "\n")
	if marker, _ := fenceMarker(whole); marker != "" {
		return line
	}
	if tail, _ := fenceMarker(whole[p-line:]); tail != "" {
		_, size := utf8.DecodeLastRuneInString(text[:p])
		return p - size
	}
	return p
}
