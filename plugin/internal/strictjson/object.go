package strictjson

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// An Object is a JSON object taken apart once, its members in their order.
type Object []Member

// A Member is one member of an Object.
type Member struct {
	Name  string
	Value gjson.Result
}

// Members takes an object apart; of anything else it returns nil. It keeps at
// most limit members: the caller knows of a fewer that may be there, so that
// the last one shows the mistake.
func Members(object gjson.Result, limit int) (fields Object) {
	if !object.IsObject() {
		return nil
	}
	fields = make(Object, 0, 4) // as many as most have
	each(object, func(name string, value gjson.Result) bool {
		fields = append(fields, Member{memberName(name), value})
		return len(fields) < limit
	})
	return fields
}

// maxEscapedName is how long a name with escapes may be to be decoded, in bytes.
// Names that a schema knows are shorter.
const maxEscapedName = 1024

// memberName decodes the name of a member, unless it is far too long to be known
// to anybody.
func memberName(inside string) string {
	if len(inside) > maxEscapedName {
		return inside
	}
	return unescape(inside)
}

// Get returns the value of the first member called name, or a value that does
// not exist. Unlike gjson's Get it takes no path: a foreign name is only a name.
func (o Object) Get(name string) gjson.Result {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return gjson.Result{}
}

// Get returns one member of an object, as Fields and Get do.
func Get(object gjson.Result, name string) gjson.Result {
	value, _ := Once(object, name)
	return value
}

// Once returns one member of an object, and whether it stands there twice: JSON
// leaves open which of two counts.
func Once(object gjson.Result, name string) (value gjson.Result, twice bool) {
	if !object.IsObject() {
		return value, false
	}
	each(object, func(inside string, v gjson.Result) bool {
		if memberName(inside) == name {
			if twice = value.Exists(); !twice {
				value = v
			}
		}
		return !twice
	})
	return value, twice
}

// Strings returns the elements of an array of strings; of anything else, none.
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

// each calls f with each member of an object, or element of an array, until f
// returns false; name is what stands between the quotation marks.
//
// gjson's ForEach would decode each string that it passes, twice over. A text of
// hundreds of kilobytes is decoded once, by Text, if it is at all.
func each(value gjson.Result, f func(name string, value gjson.Result) bool) {
	text, isObject := value.Raw, value.IsObject()
	for i := 1; ; {
		i = skipBlank(text, i)
		if i >= len(text) || text[i] == '}' || text[i] == ']' {
			return
		}
		name := ""
		if isObject {
			end := skipValue(text, i)
			name = text[i+1 : end-1]
			i = skipBlank(text, end)
		}
		end := skipValue(text, i)
		if !f(name, valueOf(text[i:end], value.Index+i)) {
			return
		}
		i = end
	}
}

// skipBlank returns the index of the next value, or of what ends the list.
func skipBlank(text string, i int) int {
	for i < len(text) && (text[i] <= ' ' || text[i] == ',' || text[i] == ':') {
		i++
	}
	return i
}

// skipValue returns the index behind the value that begins at text[i].
func skipValue(text string, i int) int {
	depth := 0
	for i < len(text) {
		switch c := text[i]; c {
		case '"':
			i, _ = stringEnd(text, i+1)
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return scalarEnd(text, i)
			}
		}
		i++
		if depth == 0 {
			return i
		}
	}
	return i
}

func scalarEnd(text string, i int) int {
	for i < len(text) && text[i] > ' ' && text[i] != ',' && text[i] != '}' && text[i] != ']' {
		i++
	}
	return i
}

// valueOf returns the value that raw is. A string is not decoded: use Text.
func valueOf(raw string, index int) (value gjson.Result) {
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
