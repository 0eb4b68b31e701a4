package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Writer writes JSON as JSON.stringify does. Its methods append to Bytes.
//
// They do not return the longer slice, because a WebAssembly function returns
// one word: TinyGo would pass each slice through memory, which costs code.
type Writer struct {
	Bytes []byte
}

// Raw appends s as it is.
func (w *Writer) Raw(s string) { w.Bytes = append(w.Bytes, s...) }

// Quote appends s, which must be valid UTF-8, as a JSON string. It escapes only
// the quotation mark, the backslash and control characters below U+0020
// (https://tc39.es/ecma262/#sec-quotejsonstring): DingTalk's limit counts bytes,
// and an escape costs six of them.
func (w *Writer) Quote(s string) {
	w.Raw(`"`)
	w.Fragment(s)
	w.Raw(`"`)
}

// Fragment appends s, escaped as Quote does it, without quotation marks.
func (w *Writer) Fragment(s string) {
	for {
		n := plainPrefix(s)
		w.Raw(s[:n])
		if n == len(s) {
			return
		}
		w.escape(s[n])
		s = s[n+1:]
	}
}

func (w *Writer) escape(c byte) {
	if i := strings.IndexByte(shortEscaped, c); i >= 0 {
		w.Bytes = append(w.Bytes, '\\', shortEscapes[i])
		return
	}
	const hex = "0123456789abcdef"
	w.Bytes = append(w.Bytes, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// Int appends n in decimal.
func (w *Writer) Int(n int64) { w.Bytes = strconv.AppendInt(w.Bytes, n, 10) }

// Bool appends b.
func (w *Writer) Bool(b bool) { w.Bytes = strconv.AppendBool(w.Bytes, b) }

// Strings appends list as a JSON array of strings; nil is the empty array.
func (w *Writer) Strings(list []string) {
	w.Raw("[")
	for _, s := range list {
		w.Comma()
		w.Quote(s)
	}
	w.Raw("]")
}

// Member begins a member of the current object. The name is not escaped.
func (w *Writer) Member(name string) {
	w.Comma()
	w.Raw(`"`)
	w.Raw(name)
	w.Raw(`":`)
}

// Comma appends a comma unless the next member or element is the first.
func (w *Writer) Comma() {
	if last := w.Bytes[len(w.Bytes)-1]; last != '{' && last != '[' {
		w.Raw(",")
	}
}

// EscapedLen returns the number of bytes that Fragment appends for s.
func EscapedLen(s string) (n int) {
	for {
		p := plainPrefix(s)
		n += p
		if p == len(s) {
			return n
		}
		n += escapeLen(s[p])
		s = s[p+1:]
	}
}

// TruncateEscaped returns the length in bytes of the longest prefix of s that
// ends between two characters and has an EscapedLen of at most limit.
func TruncateEscaped(s string, limit int) int {
	i := 0
	for i < len(s) && limit > 0 {
		limit--
		if needsEscape(s[i]) {
			if limit -= escapeLen(s[i]) - 1; limit < 0 {
				break
			}
		}
		i++
	}
	for i < len(s) && i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// shortEscaped are the characters that have a short escape, and shortEscapes
// what follows the backslash there.
const (
	shortEscaped = "\b\f\n\r\t\"\\"
	shortEscapes = "bfnrt\"\\"
)

// escapeLen returns the length of the escape of c.
func escapeLen(c byte) int {
	if strings.IndexByte(shortEscaped, c) >= 0 {
		return len(`\n`)
	}
	return len(`\u0000`)
}

// needsEscape reports whether c must be escaped in a JSON string.
func needsEscape(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// plainPrefix returns how many bytes at the start of s need no escape. It tests
// eight at once, because long texts have few escapes.
func plainPrefix(s string) (n int) {
	for len(s)-n >= 8 && !mayNeedEscape(Load64(s[n:n+8])) {
		n += 8
	}
	for n < len(s) && !needsEscape(s[n]) {
		n++
	}
	return n
}

// Load64 returns the first eight bytes of s as a little-endian number. The
// compiler makes it a single load.
func Load64(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// ones and tops have the lowest and the highest bit of each byte.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// mayNeedEscape is needsEscape for eight bytes, after
// https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord. False
// positives follow a byte that does need an escape, so they cost nothing.
func mayNeedEscape(word uint64) bool {
	quote := word ^ '"'*ones
	backslash := word ^ '\\'*ones
	less := (word-' '*ones)&^word | (quote-ones)&^quote | (backslash-ones)&^backslash
	return less&tops != 0
}
