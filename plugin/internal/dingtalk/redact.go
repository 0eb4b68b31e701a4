package dingtalk

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxMsg bounds how much of DingTalk's words an Error repeats, in bytes.
const maxMsg = 400

// maxDigits is how many digits an errmsg may have for its numbers to be shown.
// All digits are counted, because a number may come back in pieces.
const maxDigits = 4

// redact returns what may be shown of an errmsg, which may echo a credential or
// a person's number in any form. So it does not look for those: it shows what it
// knows to be harmless (Chinese, the words of vocabulary, short numbers) and
// writes *** for every other piece between blanks and Chinese characters. Beside
// such a piece a number is not shown either: it may be one more of them.
func redact(msg string) string {
	if countDigits(msg) <= maxDigits {
		if shown := redactPieces(msg, true); !strings.Contains(shown, masked) {
			return shown
		}
	}
	return redactPieces(msg, false)
}

func redactPieces(msg string, numbers bool) string {
	rest, more := msg, ""
	if len(msg) > maxMsg {
		rest, more = strings.ToValidUTF8(msg[:maxMsg], ""), "…"
	}
	var shown []byte
	for rest != "" {
		r, size := utf8.DecodeRuneInString(rest)
		piece := rest[:size]
		switch {
		case isBlank(r):
			piece = " "
		case !isChinese(r, numbers):
			size = pieceLen(rest, numbers)
			piece = rest[:size]
			if !harmless(piece, numbers) && !hostAddress(shown, piece, rest[size:]) {
				shown, piece = trimMask(shown), masked
			}
		}
		shown = append(shown, piece...)
		rest = rest[size:]
	}
	return string(shown) + more
}

// trimMask removes a mask at the end of shown that another one is to follow.
func trimMask(shown []byte) []byte {
	if trimmed := bytes.TrimRight(shown, " "); bytes.HasSuffix(trimmed, []byte(masked)) {
		return trimmed[:len(trimmed)-len(masked)]
	}
	return shown
}

const chineseDigits = "零〇一二三四五六七八九"

func countDigits(s string) (n int) {
	for _, r := range s {
		if '0' <= r && r <= '9' || strings.ContainsRune(chineseDigits, r) {
			n++
		}
	}
	return n
}

func isBlank(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

// isChinese reports whether r is a Chinese character or punctuation mark. A
// number in Chinese characters is one like any other.
func isChinese(r rune, numbers bool) bool {
	if !numbers && strings.ContainsRune(chineseDigits, r) {
		return false
	}
	return 0x3400 <= r && r <= 0x4DBF || 0x4E00 <= r && r <= 0x9FFF || strings.ContainsRune("，。、；：！？（）《》【】“”‘’…—", r)
}

func pieceLen(s string, numbers bool) int {
	for i, r := range s {
		if isBlank(r) || isChinese(r, numbers) {
			return i
		}
	}
	return len(s)
}

// documentation are the links that DingTalk's texts hold.
var documentation = []string{"https://open.dingtalk.com/document/", "https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq"}

// harmless reports whether a piece consists of ordinary words, short numbers,
// punctuation and links to DingTalk's documentation. Percent and plus signs,
// ampersands and backslashes make escapes, and everything outside ASCII may join
// or stand for a digit.
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
	return strings.Contains(vocabulary, " "+lower(word)+" ")
}

// hostAddress reports whether piece is the host's public address where DingTalk
// names it, "ip 203.0.113.7 not in whitelist": the operator needs it.
func hostAddress(before []byte, piece, after string) bool {
	return isIPv4(piece) && bytes.HasSuffix(before, []byte("ip ")) && strings.HasPrefix(after, " not in whitelist")
}

// vocabulary are the words of DingTalk's texts that are known (TestCauses) and
// those of which errors are made. None has a single letter, and none is made of
// hexadecimal digits alone: pieces of a token could be.
const vocabulary = " 20000 20000bytes abnormal access action actioncard actionurl after again agentid all already an and any api app appid appkey " +
	"application are argument arguments as at atall atmobiles atuserids authentication authorization authorized banned black blocked " +
	"body bot btnorientation btns busy button buttons by bytes call called calls can cannot card cards chat check client code com " +
	"config connection contain contains content control corp corpid could count custom data date day days denied description detail " +
	"dingtalk disabled dissolved do document does doesn duplicate empty enabled error errors exceed exceeded exceeds exception exist " +
	"exists expire expired fail failed failure fast feedcard field fields file for forbidden format found frequency frequently from " +
	"gateway get got group groups has have header hook host hour html http https id ids illegal image images in incorrect inner " +
	"input internal interval invalid ip is isatall isn isv it its jsapi json key keys keyword keywords later least length less level " +
	"limit limited limits link links list lock locked long longer markdown match max maximum may media message messages messageurl " +
	"method min minimum minute minutes mismatch miss missing month more msg msgtype msguuid must name network new no none not null " +
	"number object of off offline on once one only open operation option or org organization over page param parameter parameters " +
	"params parse part parts path per permission permissions picture picurl please policy post protocol query quota range rate " +
	"reason refuse refused reject rejected remove removed reply request requests require required resource response result retry " +
	"robot robots safe same second seconds secret secure security see send sender sending sensitive sent server service session " +
	"should sign signature singletitle singleurl size slow solution some something sorry state status stop string success support " +
	"supported switched system temporarily text texts than that the then there this ticket time timeout times timestamp timestampms " +
	"title to today token tokens too traffic try type types unable unauthorized unavailable unexpected unknown unsafe unsupported " +
	"until up update url urls usage use used user userid users valid value values verify version via violation wait was webhook went " +
	"were when which white whitelist will with within without words wrong you your "
