// Package strictjson reads untrusted JSON and writes JSON as JSON.stringify
// does.
//
// gjson does the reading, but it is lenient, recursive, and does not check that
// surrogates are paired. Parse therefore checks first: what it accepts is valid
// JSON in valid UTF-8, shallow enough for a 64 KiB stack, and each string in it
// has one meaning.
package strictjson

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// MaxDepth limits how deeply arrays and objects nest. gjson uses a stack frame
// for each level.
const MaxDepth = 64

// Parse reads data as one JSON value. If it cannot, reason says why in a few
// words that never quote the data. The value shares data's memory.
func Parse(data []byte) (value gjson.Result, reason string) {
	return ParseText(unsafe.String(unsafe.SliceData(data), len(data)))
}

// ParseText is Parse for a string.
func ParseText(text string) (value gjson.Result, reason string) {
	switch {
	case text == "":
		return gjson.Result{}, "it is empty"
	case !utf8.ValidString(text):
		return gjson.Result{}, "it is not UTF-8"
	}
	if reason := precheck(text); reason != "" {
		return gjson.Result{}, reason
	}
	if !gjson.Valid(text) {
		return gjson.Result{}, "it is not JSON, or it was cut short"
	}
	return gjson.Parse(text), ""
}

// precheck finds what gjson cannot handle, in one pass without recursion.
func precheck(text string) (reason string) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if depth++; depth > MaxDepth {
				return "it is nested too deeply"
			}
		case '}', ']':
			depth--
		case '"':
			end, paired := skipString(text, i+1)
			if !paired {
				return `it holds half of a surrogate pair (a \uD800 to \uDFFF escape without its other half)`
			}
			i = end
		}
	}
	return ""
}

// skipString returns the index of the quotation mark that ends the string whose
// first character is text[i], or len(text), and whether its surrogates are paired.
func skipString(text string, i int) (end int, paired bool) {
	for i < len(text) {
		i += plainPrefix(text[i:])
		switch unit := escapedUnit(text[i:]); {
		case i == len(text) || text[i] == '"':
			return i, true
		case text[i] != '\\': // a control character, which gjson.Valid rejects
			i++
		case unit>>10 == 0xD800>>10:
			if escapedUnit(text[min(i+6, len(text)):])>>10 != 0xDC00>>10 {
				return i, false
			}
			i += 12
		case unit>>10 == 0xDC00>>10:
			return i, false
		default:
			i += 2
		}
	}
	return i, true
}

// escapedUnit returns the UTF-16 code unit of a \uXXXX escape at the start of
// text, or 0.
func escapedUnit(text string) (unit uint32) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	for i := 2; i < 6; i++ {
		digit := strings.IndexByte("0123456789abcdefABCDEF", text[i])
		if digit < 0 {
			return 0
		}
		if digit > 15 {
			digit -= 6
		}
		unit = unit<<4 | uint32(digit)
	}
	return unit
}
