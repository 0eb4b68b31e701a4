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

// Blank reports whether s shows nothing: it is empty or holds nothing but white
// space and characters without width. guess: that DingTalk shows them so.
func Blank(s string) bool {
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
