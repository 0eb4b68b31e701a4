package dingtalk

// What kinds of characters there are, by Unicode's blocks: package unicode's
// tables are many kilobytes. A table is a string of pairs, the first and the
// last of a block each; numbers in a variable would look like addresses to a
// collector.

// in reports whether r is in one of the blocks.
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

// punctuation reports whether r is a blank or a sign of Chinese or general
// typography.
func punctuation(r rune) bool {
	return in(r, "\u2000\u206F\u3000\u3004\u3008\u3020\uFF01\uFF0F\uFF1A\uFF20\uFF3B\uFF40\uFF5B\uFF65")
}

// letter reports whether r is a letter, a digit or a character of any script,
// and neither a sign nor an emoji.
func letter(r rune) bool { return in(r, "09AZaz") || in(r, alphabets) || in(r, ideographs) }

// alphabets are the scripts beyond ASCII that put blanks between words.
const alphabets = "\u00C0\u00D6\u00D8\u00F6\u00F8\u1FFF\u2C00\u2DFF\uFB00\uFDFF\uFE70\uFEFC" +
	"\uFF10\uFF19\uFF21\uFF3A\uFF41\uFF5A\U00010000\U0001AFFF\U0001D400\U0001EFFF"

// ideographs are the Chinese, Japanese and Korean scripts and their neighbors.
const ideographs = "\u2E80\u2FFF\u3005\u3007\u3031\u30FA\u30FC\uD7FF\uF900\uFAFF\uFF66\uFFDC" +
	"\U0001B000\U0001B2FF\U00020000\U0003FFFF"

// IsBlank reports whether s shows nothing: it is empty or holds nothing but white
// space and characters without width. guess: that DingTalk shows them so.
func IsBlank(s string) bool {
	for _, r := range s {
		if !in(r, blanks) {
			return false
		}
	}
	return true
}

const blanks = "\t\r  \u0085\u0085\u00A0\u00A0\u00AD\u00AD\u034F\u034F\u115F\u1160\u1680\u1680\u180B\u180F" +
	"\u2000\u200F\u2028\u202F\u205F\u206F\u2800\u2800\u3000\u3000\u3164\u3164\uFE00\uFE0F\uFEFF\uFEFF\uFFA0\uFFA0" +
	"\U000E0000\U000E0FFF"
