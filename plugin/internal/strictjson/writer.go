package strictjson

import "strconv"

// A Writer writes JSON as JSON.stringify does. Its methods append to Bytes,
// which may be cut to be used anew.
//
// They are methods of a pointer, and not functions that return the longer
// slice, because WebAssembly returns one word: TinyGo passes a slice through
// memory, in code, at every call.
type Writer struct {
	Bytes []byte
}

// Raw appends s as it stands.
func (w *Writer) Raw(s string) { w.Bytes = append(w.Bytes, s...) }

// Quote appends s, which must be valid UTF-8 as all is that Parse let through,
// as a JSON string, escaped just as JSON.stringify escapes it: only the
// quotation mark, the backslash and the control characters below U+0020.
// Everything else, U+2028 included, stays raw UTF-8, because DingTalk's limit
// counts bytes and an escape costs six of them
// (https://tc39.es/ecma262/#sec-quotejsonstring).
func (w *Writer) Quote(s string) {
	w.Raw(`"`)
	w.Fragment(s)
	w.Raw(`"`)
}

// Fragment appends s as a piece of a JSON string whose quotation marks the caller
// writes, escaped as Quote does it.
func (w *Writer) Fragment(s string) {
	for {
		n := plain(s)
		w.Raw(s[:n])
		if n == len(s) {
			return
		}
		w.escape(s[n])
		s = s[n+1:]
	}
}

func (w *Writer) escape(c byte) {
	if short := letter(c); short != 0 {
		w.Bytes = append(w.Bytes, '\\', short)
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

// Member begins a member of the object that was begun last. The name holds
// nothing that must be escaped.
func (w *Writer) Member(name string) {
	w.Comma()
	w.Raw(`"`)
	w.Raw(name)
	w.Raw(`":`)
}

// Comma separates a member or element from one before it; the first has none.
func (w *Writer) Comma() {
	switch w.Bytes[len(w.Bytes)-1] {
	case '{', '[':
	default:
		w.Raw(",")
	}
}

// EscapedLen returns the number of bytes that Piece appends for s.
func EscapedLen(s string) (n int) {
	for {
		p := plain(s)
		n += p
		if p == len(s) {
			return n
		}
		n += width(s[p])
		s = s[p+1:]
	}
}

// TruncateEscaped returns the length in bytes of the longest prefix of s that ends between
// two characters and that Len measures as at most room.
func TruncateEscaped(s string, room int) int {
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

// special reports whether c does not stand for itself in a JSON string.
func special(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// plain returns how many bytes at the start of s stand for themselves in a JSON
// string. It looks at eight at once, because most of a long text is plain.
func plain(s string) (n int) {
	for len(s)-n >= 8 && !anySpecial(Load64(s[n:n+8])) {
		n += 8
	}
	for n < len(s) && !special(s[n]) {
		n++
	}
	return n
}

// Load64 returns the first eight bytes of s as a little-endian number, which the
// compiler makes one load of.
func Load64(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// anySpecial is special for eight bytes, after
// https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord. It may take
// a byte for special that follows one which is; plain looks again.
func anySpecial(word uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote := word ^ '"'*ones
	backslash := word ^ '\\'*ones
	less := (word-' '*ones)&^word | (quote-ones)&^quote | (backslash-ones)&^backslash
	return less&tops != 0
}
