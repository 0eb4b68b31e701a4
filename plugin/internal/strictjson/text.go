package strictjson

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// String returns a string's characters, a number or truth value as it is written,
// and of anything else nothing. It decodes a string that holds escapes each time
// it is called; one without escapes shares the memory of what was parsed.
func String(value gjson.Result) string {
	switch value.Type {
	case gjson.String:
		return unescape(inside(value))
	case gjson.Number, gjson.True, gjson.False:
		return value.Raw
	}
	return ""
}

// StringSize returns how long a string is, in bytes and in characters, without
// decoding it; 0 for anything else.
func StringSize(value gjson.Result) (bytes, characters int) {
	if value.Type != gjson.String {
		return 0, 0
	}
	return size(inside(value))
}

// inside returns what stands between the quotation marks of a string.
func inside(value gjson.Result) string { return value.Raw[1 : len(value.Raw)-1] }

// size returns the length of an escaped text without its escapes.
func size(escaped string) (bytes, characters int) {
	for {
		i := strings.IndexByte(escaped, '\\')
		if i < 0 {
			return bytes + len(escaped), characters + utf8.RuneCountInString(escaped)
		}
		r, n := escapedRune(escaped[i:])
		bytes += i + utf8.RuneLen(r)
		characters += utf8.RuneCountInString(escaped[:i]) + 1
		escaped = escaped[i+n:]
	}
}

// unescape decodes a text, in one block of just its size.
func unescape(escaped string) string {
	i := strings.IndexByte(escaped, '\\')
	if i < 0 {
		return escaped
	}
	n, _ := size(escaped)
	text := make([]byte, 0, n)
	for ; i >= 0; i = strings.IndexByte(escaped, '\\') {
		r, n := escapedRune(escaped[i:])
		text = utf8.AppendRune(append(text, escaped[:i]...), r)
		escaped = escaped[i+n:]
	}
	text = append(text, escaped...)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// escapedRune returns the character that the escape at the start of text stands
// for, and how many bytes the escape takes. Parse let only whole ones through.
func escapedRune(text string) (r rune, n int) {
	if text[1] != 'u' {
		const letters, meanings = "bfnrt", "\b\f\n\r\t"
		if i := strings.IndexByte(letters, text[1]); i >= 0 {
			return rune(meanings[i]), 2
		}
		return rune(text[1]), 2
	}
	unit := escapedUnit(text)
	if unit>>10 != 0xD800>>10 {
		return rune(unit), 6
	}
	low := escapedUnit(text[6:])
	return rune(0x10000 + (unit&0x3FF)<<10 | low&0x3FF), 12
}
