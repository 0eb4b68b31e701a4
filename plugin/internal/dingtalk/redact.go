package dingtalk

import (
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// redacted replaces what may be a credential.
const redacted = "***"

// maxMsg is how much of an errmsg an Error quotes, in bytes.
const maxMsg = 400

// maxDigits is how many digits an errmsg may have for its numbers to be shown.
// All digits are counted, because a number may come back in pieces.
const maxDigits = 4

// redact returns what may be shown of an errmsg, which may echo a credential or
// a person's number in any form. It shows what is known to be harmless (Chinese,
// the words of vocabulary, short numbers) and replaces every other piece between
// blanks and Chinese characters by ***. Numbers next to such a piece are replaced,
// too, because they may belong to it.
func redact(msg string) string {
	if countDigits(msg) <= maxDigits {
		if shown := redactPieces(msg, true); !strings.Contains(shown, redacted) {
			return shown
		}
	}
	return redactPieces(msg, false)
}

func redactPieces(msg string, numbers bool) string {
	var w strictjson.Writer
	rest, more := msg, ""
	if len(msg) > maxMsg {
		rest, more = strings.ToValidUTF8(msg[:maxMsg], ""), "…"
	}
	last := -1 // the end of a *** that only blanks follow, or -1
	for rest != "" {
		n := pieceLen(rest, numbers)
		switch {
		case n == 0 && isBlank(rest[0]):
			n = 1
			w.Raw(" ")
		case n == 0 || harmless(rest[:n], numbers) || hostAddress(msg, rest, n):
			n = max(n, charLen(rest))
			w.Raw(rest[:n])
			last = -1
		case last < 0:
			w.Raw(redacted)
			last = len(w.Bytes)
		default:
			w.Bytes = w.Bytes[:last] // one *** for several pieces
		}
		rest = rest[n:]
	}
	w.Raw(more)
	return string(w.Bytes)
}

// pieceLen returns the length of the piece at the start of s, 0 if s begins with
// a separator.
func pieceLen(s string, numbers bool) (n int) {
	for n < len(s) && !separates(s[n:], numbers) {
		n += charLen(s[n:])
	}
	return n
}

// charLen returns the length of the first character of s.
func charLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

const chineseDigits = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两"

func countDigits(s string) (n int) {
	for s != "" {
		c := s[:charLen(s)]
		if isDigit(c[0]) || strings.Contains(chineseDigits, c) {
			n++
		}
		s = s[len(c):]
	}
	return n
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// separates reports whether the first character of s ends a piece: a blank, a
// Chinese character or a Chinese punctuation mark, but not a Chinese digit where
// numbers are replaced.
func separates(s string, numbers bool) bool {
	r, n := utf8.DecodeRuneInString(s)
	if n == 1 {
		return isBlank(s[0])
	}
	if 0x4E00 <= r && r <= 0x9FFF {
		return numbers || !strings.Contains(chineseDigits, s[:n])
	}
	return strings.Contains("，。、；：！？（）《》【】“”‘’…—", s[:n])
}

// documentation are the links in DingTalk's texts.
var documentation = []string{"https://open.dingtalk.com/document/", "https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq"}

// harmless reports whether a piece consists of ordinary words, short numbers,
// punctuation and links to DingTalk's documentation. It excludes percent and plus
// signs, ampersands and backslashes, which make escapes, and everything outside
// ASCII, which may be a digit or join digits.
func harmless(piece string, numbers bool) bool {
	for _, link := range documentation {
		piece = strings.Replace(piece, link, "", 1)
	}
	for piece != "" {
		n := wordLen(piece)
		switch {
		case n == 0 && strings.IndexByte(".,:;!?()[]<>-_='\"/#", piece[0]) < 0:
			return false
		case n == 0:
			n = 1
		case !ordinary(piece[:n], numbers):
			return false
		}
		piece = piece[n:]
	}
	return true
}

func wordLen(s string) (n int) {
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
		n++
	}
	return n
}

func ordinary(word string, numbers bool) bool {
	if n, ok := ParseNumber(word); ok && numbers && n <= 9999 {
		return true
	}
	return strings.Contains(vocabulary, " "+asciiLower(word)+" ")
}

// hostAddress reports whether the first n bytes of rest are the host's public
// address in DingTalk's text about it, which the operator needs.
func hostAddress(msg, rest string, n int) bool {
	return strings.HasPrefix(msg, "ip ") && len(rest) == len(msg)-len("ip ") &&
		isIPv4(rest[:n]) && strings.HasPrefix(rest[n:], " not in whitelist")
}

// vocabulary are the words of DingTalk's known texts (TestErrcodes) and other words
// that errors are made of. None has a single letter, and none is made of
// hexadecimal digits alone: pieces of a token could be.
const vocabulary = " 20000 20000bytes access actioncard actionurl again agentid all an and any api are argument at atmobiles atuserids authorized " +
	"blocked body bot btns busy by bytes call calls can cannot card chat code content conversation corpid count denied description " +
	"disabled does error errors exceed exceeded exist exists expired fail failed fast feedcard field for forbidden format found " +
	"frequency from get group has header http https id illegal image in incorrect internal invalid ip is it json key keyword " +
	"keywords later limit limited link links locked long markdown match message messages messageurl method minute miss missing more " +
	"msg msgtype msguuid must new no not null number of on only or over param parameter per permission picurl please post quota " +
	"request required retry robot second secret security send server service session should sign signature singleurl size solution " +
	"something status success support supported system text than the time timeout times timestamp timestampms title to token too try " +
	"type unavailable unknown unsafe unsupported up url use user userid value webhook whitelist with wrong you your "
