package strictjson

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
