// Package jsontext reads foreign JSON without surprises and writes JSON as
// JSON.stringify does.
//
// Reading is gjson's work. Parse stands before it because gjson is lenient,
// recursive and pairs surrogates without looking: what passes Parse is valid
// JSON in valid UTF-8, flat enough for a 64 KiB stack, and every string in it
// has one meaning.
package strictjson

import (
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// MaxDepth is how many arrays and objects may stand inside each other. gjson
// descends one frame a level, and the guest's stack is 64 KiB.
const MaxDepth = 64

// Parse reads data as one JSON value. When it cannot, fault says what is wrong
// in a few words that never quote the data. The value shares data's memory: it
// is good until data is overwritten.
func Parse(data []byte) (value gjson.Result, fault string) {
	return ParseText(unsafe.String(unsafe.SliceData(data), len(data)))
}

// ParseText is Parse for a string.
func ParseText(text string) (value gjson.Result, fault string) {
	switch {
	case text == "":
		return gjson.Result{}, "it is empty"
	case !utf8.ValidString(text):
		return gjson.Result{}, "it is not UTF-8"
	}
	if fault := scan(text); fault != "" {
		return gjson.Result{}, fault
	}
	if !gjson.Valid(text) {
		return gjson.Result{}, "it is not JSON, or it was cut short"
	}
	return gjson.Parse(text), ""
}

// scan finds what gjson would stumble over, in one pass without recursion.
func scan(text string) (fault string) {
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
			end, paired := stringEnd(text, i+1)
			if !paired {
				return `it holds half of a surrogate pair (a \uD800 to \uDFFF escape without its other half)`
			}
			i = end
		}
	}
	return ""
}

// stringEnd returns the index of the quotation mark that ends the string whose
// first character is text[i], or len(text); and whether its surrogate escapes
// come in pairs.
func stringEnd(text string, i int) (end int, paired bool) {
	for i < len(text) {
		i += plain(text[i:])
		switch unit := escapedUnit(text[i:]); {
		case i == len(text) || text[i] == '"':
			return i, true
		case text[i] != '\\': // a control character, which is not JSON
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

// escapedUnit returns the UTF-16 code unit that a \uXXXX escape at the start of
// text stands for, or 0.
func escapedUnit(text string) (unit uint32) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	for i := 2; i < 6; i++ {
		digit, ok := hexDigit(text[i])
		if !ok {
			return 0
		}
		unit = unit<<4 | digit
	}
	return unit
}

func hexDigit(c byte) (digit uint32, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint32(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint32(c|0x20-'a') + 10, true
	}
	return 0, false
}
