package jsontext

import (
	"strconv"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// AppendString appends s to dst as a JSON string, escaped just as
// JSON.stringify escapes it: only the quotation mark, the backslash and the
// control characters below U+0020. Everything else, U+2028 included, stays raw
// UTF-8, because DingTalk's limit counts bytes and an escape costs six of them
// (https://tc39.es/ecma262/#sec-quotejsonstring). A byte that is not UTF-8
// becomes U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	return append(AppendPiece(append(dst, '"'), s), '"')
}

// AppendPiece appends s as a piece of a JSON string whose quotation marks the
// caller writes, escaped as AppendString does it.
func AppendPiece[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); {
		n, escape := step(s, i)
		if escape != "" {
			dst = append(dst, s[start:i]...)
			dst = append(dst, escape...)
			start = i + n
		}
		i += n
	}
	return append(dst, s[start:]...)
}

// Len returns the number of bytes that AppendString would append for s, less
// the two quotation marks.
func Len(s string) int {
	total := 0
	for i := 0; i < len(s); {
		n, escape := step(s, i)
		if escape == "" {
			total += n
		}
		total += len(escape)
		i += n
	}
	return total
}

// Fit returns the length in bytes of the longest prefix of s that ends between
// two characters and that Len measures as at most room.
func Fit(s string, room int) int {
	i := 0
	for i < len(s) {
		n, escape := step(s, i)
		if escape == "" {
			room -= n
		}
		if room -= len(escape); room < 0 {
			break
		}
		i += n
	}
	return i
}

// step returns how many bytes the character at s[i] takes and what stands for
// it in JSON, or "" when it stands for itself.
func step[T string | []byte](s T, i int) (n int, escape string) {
	c := s[i]
	if c < utf8.RuneSelf {
		if c >= ' ' && c != '"' && c != '\\' {
			return 1, ""
		}
		return 1, escapes[c]
	}
	if n = runeLen(s, i); n > 0 {
		return n, ""
	}
	return 1, "\uFFFD"
}

// runeLen returns how many bytes the UTF-8 character at s[i] takes, or 0 when
// none begins there.
func runeLen[T string | []byte](s T, i int) int {
	end := min(len(s), i+utf8.UTFMax)
	var window [utf8.UTFMax]byte
	n := copy(window[:], s[i:end])
	r, size := utf8.DecodeRune(window[:n])
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}

// escapes is indexed by ASCII code; characters that need none are "".
var escapes = func() (table ['\\' + 1]string) {
	for c := range 0x20 {
		table[c] = `\u00` + string(hex[c>>4]) + string(hex[c&15])
	}
	table['\b'], table['\f'], table['\n'] = `\b`, `\f`, `\n`
	table['\r'], table['\t'] = `\r`, `\t`
	table['"'], table['\\'] = `\"`, `\\`
	return table
}()

// AppendInt appends n in decimal.
func AppendInt(dst []byte, n int) []byte {
	return strconv.AppendInt(dst, int64(n), 10)
}

// AppendStrings appends list as a JSON array of strings; nil is the empty array.
func AppendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}
