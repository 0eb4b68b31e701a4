package strictjson

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// An Object holds the members of a JSON object in their order.
type Object []Member

// A Member is one member of an Object.
type Member struct {
	Name  string
	Value gjson.Result
}

// Members returns at most limit members of an object, or nil for any other
// value. A caller that knows fewer names than limit still sees one that is
// unknown or given twice.
func Members(object gjson.Result, limit int) (members Object) {
	if !object.IsObject() {
		return nil
	}
	members = make(Object, 0, 4) // most have no more
	each(object, func(name string, value gjson.Result) bool {
		members = append(members, Member{memberName(name), value})
		return len(members) < limit
	})
	return members
}

// memberName decodes the name of a member, unless it is longer than any name in
// a schema.
func memberName(escaped string) string {
	const maxEscapedName = 1024 // bytes
	if len(escaped) > maxEscapedName {
		return escaped
	}
	return unescape(escaped)
}

// Get returns the value of the first member called name, or a value that does
// not exist. Unlike gjson's Get it takes a name and not a path.
func (o Object) Get(name string) gjson.Result {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return gjson.Result{}
}

// OtherURL returns a name that ends in Url with URL and the reverse, or name:
// DingTalk spells messageUrl in one type of message and messageURL in another, and
// callers cannot know which.
func OtherURL(name string) string {
	switch stem := name[:max(0, len(name)-len("URL"))]; name[len(stem):] {
	case "URL":
		return stem + "Url"
	case "Url":
		return stem + "URL"
	}
	return name
}

// Get returns the value of the first member of an object that is called name.
func Get(object gjson.Result, name string) gjson.Result {
	value, _ := Once(object, name)
	return value
}

// Once is Get, and reports whether the object has the member twice: JSON does
// not define which of the two counts.
func Once(object gjson.Result, name string) (value gjson.Result, twice bool) {
	if !object.IsObject() {
		return value, false
	}
	each(object, func(escaped string, v gjson.Result) bool {
		if memberName(escaped) == name {
			if twice = value.Exists(); !twice {
				value = v
			}
		}
		return !twice
	})
	return value, twice
}

// Strings returns the elements of an array of strings, or nil for any other
// value.
func Strings(array gjson.Result) (list []string) {
	Each(array, func(element gjson.Result) bool {
		list = append(list, String(element))
		return true
	})
	return list
}

// Each calls f with each element of an array, until f returns false.
func Each(array gjson.Result, f func(element gjson.Result) bool) {
	if array.IsArray() {
		each(array, func(_ string, element gjson.Result) bool { return f(element) })
	}
}

// each calls f with each member of an object, its name still escaped, or each
// element of an array, until f returns false.
//
// gjson's ForEach would decode each string twice, even one of hundreds of
// kilobytes that nobody reads.
func each(value gjson.Result, f func(escapedName string, value gjson.Result) bool) {
	text, isObject := value.Raw, value.IsObject()
	for i := 1; ; {
		i = skipSeparators(text, i)
		if i >= len(text) || text[i] == '}' || text[i] == ']' {
			return
		}
		name := ""
		if isObject {
			end := skipValue(text, i)
			name = text[i+1 : end-1]
			i = skipSeparators(text, end)
		}
		end := skipValue(text, i)
		if !f(name, rawValue(text[i:end], value.Index+i)) {
			return
		}
		i = end
	}
}

func skipSeparators(text string, i int) int {
	for i < len(text) && (text[i] <= ' ' || text[i] == ',' || text[i] == ':') {
		i++
	}
	return i
}

// skipValue returns the index after the value that begins at text[i].
func skipValue(text string, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			i, _ = skipString(text, i+1)
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return skipScalar(text, i)
			}
		}
		i++
		if depth == 0 {
			return i
		}
	}
	return i
}

func skipScalar(text string, i int) int {
	for i < len(text) && text[i] > ' ' && text[i] != ',' && text[i] != '}' && text[i] != ']' {
		i++
	}
	return i
}

// rawValue returns the value written as raw. It does not decode a string: String
// does.
func rawValue(raw string, index int) (value gjson.Result) {
	switch raw[0] {
	case '"':
		value = gjson.Result{Type: gjson.String, Raw: raw}
	case '{', '[':
		value = gjson.Result{Type: gjson.JSON, Raw: raw}
	default:
		value = gjson.Parse(raw)
	}
	value.Index = index
	return value
}

// String returns a string decoded, a number or boolean as it is written, and ""
// for any other value. A string with escapes is decoded at each call; one
// without shares the memory of what was parsed.
func String(value gjson.Result) string {
	switch value.Type {
	case gjson.String:
		return unescape(value.Raw[1 : len(value.Raw)-1])
	case gjson.Number, gjson.True, gjson.False:
		return value.Raw
	}
	return ""
}

// StringSize returns the size of a string in bytes and in characters without
// decoding it; 0 for any other value.
func StringSize(value gjson.Result) (bytes, characters int) {
	if value.Type != gjson.String {
		return 0, 0
	}
	return unescapedSize(value.Raw[1 : len(value.Raw)-1])
}

func unescapedSize(escaped string) (bytes, characters int) {
	for {
		n := plainPrefix(escaped)
		bytes += n
		characters += runeCount(escaped[:n])
		if n == len(escaped) {
			return bytes, characters
		}
		r, size := escapedRune(escaped[n:])
		bytes += utf8.RuneLen(r)
		characters++
		escaped = escaped[n+size:]
	}
}

// runeCount is utf8.RuneCountInString for valid UTF-8: it counts all but the second
// and later bytes of characters, eight at once.
func runeCount(s string) int {
	n := len(s)
	for ; len(s) >= 8; s = s[8:] {
		word := Load64(s)
		n -= int((word >> 7 &^ (word >> 6) & ones) * ones >> 56)
	}
	for i := range len(s) {
		if !utf8.RuneStart(s[i]) {
			n--
		}
	}
	return n
}

// unescape decodes a string with a single allocation.
func unescape(escaped string) string {
	n := plainPrefix(escaped)
	if n == len(escaped) {
		return escaped
	}
	size, _ := unescapedSize(escaped)
	text := make([]byte, 0, size)
	for n < len(escaped) {
		r, size := escapedRune(escaped[n:])
		text = utf8.AppendRune(append(text, escaped[:n]...), r)
		escaped = escaped[n+size:]
		n = plainPrefix(escaped)
	}
	text = append(text, escaped...)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// escapedRune returns the character of the escape at the start of text, and the
// size of the escape in bytes. Parse has accepted the escape.
func escapedRune(text string) (r rune, n int) {
	if text[1] != 'u' {
		if i := strings.IndexByte(shortEscapes, text[1]); i >= 0 {
			return rune(shortEscaped[i]), 2
		}
		return rune(text[1]), 2 // the solidus
	}
	unit := escapedUnit(text)
	if unit>>10 != 0xD800>>10 {
		return rune(unit), 6
	}
	low := escapedUnit(text[6:])
	return rune(0x10000 + (unit&0x3FF)<<10 | low&0x3FF), 12
}
