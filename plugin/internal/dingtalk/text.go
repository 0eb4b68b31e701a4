package dingtalk

import (
	"strings"
	"unicode/utf8"
)

// nextLine returns the line at from, without its end, and where the next begins.
func nextLine(text string, from int) (line string, next int) {
	line, _, _ = strings.Cut(text[from:], "\n")
	return line, min(from+len(line)+1, len(text))
}

// firstAndLast returns the first and the last line of a text, shortened.
func firstAndLast(text string) string {
	text = strings.TrimSpace(text)
	first, next := nextLine(text, 0)
	if next == len(text) {
		return shorten(first)
	}
	return shorten(first) + " … " + shorten(text[lineEnd(text):])
}

// shorten cuts a line to 80 bytes.
func shorten(line string) string {
	const maxLine = 80
	if len(line) <= maxLine {
		return line
	}
	return strings.ToValidUTF8(line[:maxLine], "") + "…"
}

// runLen returns how often s repeats its first byte at its start.
func runLen(s string) (n int) {
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// indexFrom returns the index of substr in s at or behind from, or len(s).
func indexFrom(s, substr string, from int) int {
	if i := strings.Index(s[from:], substr); i >= 0 {
		return from + i
	}
	return len(s)
}

// hasPrefixFold reports whether s begins with a prefix, in any case. The prefix has
// small letters.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && asciiLower(s[:len(prefix)]) == prefix
}

// asciiLower is strings.ToLower for ASCII, without the Unicode tables.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// addressAt returns the bare address whose scheme ends at i, if any.
func addressAt(line string, i int) (begin, end int) {
	if !strings.HasPrefix(line[i:], "://") {
		return i, i + 1
	}
	for begin = i; begin > 0 && isLetter(line[begin-1]); {
		begin--
	}
	return begin, addressEnd(line, i)
}

// addressIn returns where the address begins that ends the run, or len(run): one
// with a scheme, or a host name and a path, as people write it.
func addressIn(run string) int {
	path := strings.IndexByte(run, '/')
	if path <= 0 {
		return len(run)
	}
	if scheme := strings.Index(run, "://"); scheme >= 0 {
		begin, _ := addressAt(run, scheme)
		return begin
	}
	host := path
	for host > 0 && (isTokenByte(run[host-1]) || run[host-1] == '.') {
		host--
	}
	dot := strings.LastIndexByte(run[:path], '.')
	if dot <= host || dot+1 == path || !isLetter(run[dot+1]) || host > 0 && run[host-1] == '@' {
		return len(run)
	}
	return host
}

func addressEnd(line string, i int) int {
	for i < len(line) && isAddressByte(line[i]) {
		i++
	}
	return i
}

func isAddressByte(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"<>()[]", c) < 0
}

// endsInWord reports whether a letter or digit after before continues a word. In
// Chinese, which has no blanks between words, it never does.
func endsInWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	if r < utf8.RuneSelf {
		return before != "" && isTokenByte(byte(r))
	}
	return in(r, alphabets)
}

// tokenEnd returns where the token at from ends.
func tokenEnd(text string, from int) int {
	if from < len(text) && text[from] == '+' {
		from++
	}
	for from < len(text) && isTokenByte(text[from]) {
		from++
	}
	return from
}

// continuesToken reports whether rest makes the token before it another one, or
// may do so: @138000000012 does not mention 13800000001. It is not documented
// whether DingTalk sees a token that a Chinese character follows; a token too
// many still notifies, one too few does not.
func continuesToken(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest != "" && (continuesWord(rest) || r >= utf8.RuneSelf && !isPunct(r))
}

// continuesWord reports whether rest continues a Latin word, a number, or a
// host or user name with dots.
func continuesWord(rest string) bool {
	if len(rest) > 1 && rest[0] == '.' {
		return isLetter(rest[1]) || isDigit(rest[1])
	}
	return rest != "" && isTokenByte(rest[0])
}

// isTokenByte reports whether c may occur in a mobile number or user id.
func isTokenByte(c byte) bool {
	return isDigit(c) || isLetter(c) || c == '-' || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func hexPair(s string) bool {
	return len(s) >= 2 && isHex(s[0]) && isHex(s[1])
}

// unescape decodes the percent escapes of s, once.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && hexPair(s[i+1:]) {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c&15 + 9
}

// isPunct reports whether r is white space or Chinese or general punctuation.
func isPunct(r rune) bool {
	return in(r, "\u2000\u206F\u3000\u3004\u3008\u3020\uFF01\uFF0F\uFF1A\uFF20\uFF3B\uFF40\uFF5B\uFF65")
}

// isLetterRune reports whether r is a letter or digit of any script.
func isLetterRune(r rune) bool { return in(r, "09AZaz") || in(r, alphabets) || in(r, ideographs) }

// alphabets are the scripts beyond ASCII that put blanks between words.
const alphabets = "\u00C0\u00D6\u00D8\u00F6\u00F8\u1FFF\u2C00\u2DFF\uFB00\uFDFF\uFE70\uFEFC" +
	"\uFF10\uFF19\uFF21\uFF3A\uFF41\uFF5A\U00010000\U0001AFFF\U0001D400\U0001EFFF"

// ideographs are the Chinese, Japanese and Korean scripts and their neighbors.
const ideographs = "\u2E80\u2FFF\u3005\u3007\u3031\u30FA\u30FC\uD7FF\uF900\uFAFF\uFF66\uFFDC" +
	"\U0001B000\U0001B2FF\U00020000\U0003FFFF"

const blanks = "\t\r  \u0085\u0085\u00A0\u00A0\u00AD\u00AD\u034F\u034F\u115F\u1160\u1680\u1680\u180B\u180F" +
	"\u2000\u200F\u2028\u202F\u205F\u206F\u2800\u2800\u3000\u3000\u3164\u3164\uFE00\uFE0F\uFEFF\uFEFF\uFFA0\uFFA0" +
	"\U000E0000\U000E0FFF"

// IsBlank reports whether s shows nothing: it has only white space and
// characters without width. guess: that DingTalk shows them so.
func IsBlank(s string) bool {
	for _, r := range s {
		if !in(r, blanks) {
			return false
		}
	}
	return true
}

// in reports whether r is in one of the blocks, each given by its first and last
// character. Package unicode's tables take many kilobytes, and numbers in a
// variable would look like addresses to a garbage collector.
func in(r rune, blocks string) bool {
	first := rune(-1)
	for _, bound := range blocks {
		switch {
		case first < 0:
			first = bound
		case first <= r && r <= bound:
			return true
		default:
			first = -1
		}
	}
	return false
}
