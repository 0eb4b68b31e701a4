package jsontext

import "strconv"

// AppendString appends s, which must be valid UTF-8 as all is that Parse let
// through, to dst as a JSON string, escaped just as JSON.stringify escapes it:
// only the quotation mark, the backslash and the control characters below
// U+0020. Everything else, U+2028 included, stays raw UTF-8, because DingTalk's
// limit counts bytes and an escape costs six of them
// (https://tc39.es/ecma262/#sec-quotejsonstring).
func AppendString(dst []byte, s string) []byte {
	return append(AppendPiece(append(dst, '"'), s), '"')
}

// AppendPiece appends s as a piece of a JSON string whose quotation marks the
// caller writes, escaped as AppendString does it.
func AppendPiece(dst []byte, s string) []byte {
	start := 0
	for i := range len(s) {
		if c := s[i]; special(c) {
			dst = appendEscape(append(dst, s[start:i]...), c)
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}

// Len returns the number of bytes that AppendPiece appends for s.
func Len(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; special(c) {
			n += width(c) - 1
		}
	}
	return n
}

// Fit returns the length in bytes of the longest prefix of s that ends between
// two characters and that Len measures as at most room.
func Fit(s string, room int) int {
	i := 0
	for i < len(s) && room > 0 {
		room--
		if special(s[i]) {
			if room -= width(s[i]) - 1; room < 0 {
				break
			}
		}
		i++
	}
	for i < len(s) && i > 0 && s[i]&0xC0 == 0x80 { // within a character
		i--
	}
	return i
}

// special reports whether c does not stand for itself in a JSON string.
func special(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// letter returns what follows the backslash in c's short escape, or 0.
func letter(c byte) byte {
	switch c {
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	case '"', '\\':
		return c
	}
	return 0
}

// width is how many bytes the escape of c takes.
func width(c byte) int {
	if letter(c) != 0 {
		return len(`\n`)
	}
	return len(`\u0000`)
}

func appendEscape(dst []byte, c byte) []byte {
	if short := letter(c); short != 0 {
		return append(dst, '\\', short)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

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
