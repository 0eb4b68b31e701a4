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

// minCredential is the shortest credential that is looked for in messages, in
// bytes. DingTalk's have more than 64; a short one of a relay could be a word.
const minCredential = 16

// credentials returns what no message may hold of a robot, in lower case: token,
// secret, what else its address carries, and a path that is not DingTalk's.
func (r *Robot) credentials() (list []string) {
	base := ""
	if r.Address.shown() != r.Address.Base {
		_, base, _ = strings.Cut(r.Address.Base, "://")
	}
	for _, s := range [...]string{r.Token, r.Secret, r.Address.Query, base} {
		if len(s) >= minCredential {
			list = append(list, asciiLower(unescape(s)))
		}
	}
	return list
}

// AddCredentials makes messages that hold a credential of the robot be refused.
func (o *MessageOptions) AddCredentials(r *Robot) {
	o.credentials = append(o.credentials, r.credentials()...)
}

const ownCredential = "a credential of this plugin"

// credentialIn returns what kind of credential a text holds, or "". It finds one in
// any case and with percent escapes, but not one that is cut in pieces.
func (o *MessageOptions) credentialIn(text string) string {
	if o.RefuseSensitive && (strings.Contains(text, "PRIVATE KEY-----") || strings.Contains(text, "PRIVATE KEY BLOCK-----")) {
		return "a private key"
	}
	for at := minCredential - 1; at < len(text); at += minCredential { // one byte of each run that is long enough
		from, to := at, at
		for to < len(text) && isVisible(text[to]) {
			to++
		}
		if to == at {
			continue
		}
		for from > 0 && isVisible(text[from-1]) {
			from--
		}
		if at = to; to-from < minCredential {
			continue
		}
		run := text[from:to]
		kind := o.credentialInRun(run)
		if decoded := unescape(run); kind == "" && len(decoded) < len(run) { // a % may also stand before a credential
			kind = o.credentialInRun(decoded)
		}
		if kind != "" {
			return kind
		}
	}
	return ""
}

// credentialInRun is credentialIn for a run of visible characters.
func (o *MessageOptions) credentialInRun(run string) string {
	lower := asciiLower(run)
	for _, credential := range o.credentials {
		if strings.Contains(lower, credential) {
			return ownCredential
		}
	}
	if o.RefuseSensitive {
		return sensitive(run)
	}
	return ""
}

// isVisible reports whether c is an ASCII character that shows.
func isVisible(c byte) bool { return ' ' < c && c < 0x7f }

// A credentialForm is what credentials of one kind look like.
type credentialForm struct {
	kind, prefix string // ? is any letter
	run          int    // letters and digits in a row behind the prefix, not all of them small letters
	signed       bool   // it may be in an address, which then is signed and meant to be shared
	then         string // what follows the letters, digits, - and _
}

// credentialForms are well-known forms. Sources:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html,
// https://github.blog/engineering/behind-githubs-new-authentication-token-formats,
// https://docs.slack.dev/authentication/tokens,
// https://www.rfc-editor.org/rfc/rfc7519#section-3.1; for sk- and AIza
// https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml.
var credentialForms = [...]credentialForm{
	{"an AWS access key", "AKIA", 16, true, ""},
	{"a GitHub token", "gh?_", 30, false, ""},
	{"a GitHub token", "github_pat_", 22, false, ""},
	{"an API key", "sk-", 16, false, ""},
	{"a Slack token", "xox?-", 10, false, ""},
	{"a Google API key", "AIzaSy", 8, false, ""},
	{"a JSON Web Token", "eyJ", 16, true, ".eyJ"},
	{"a robot's secret", "SEC", 64, false, ""},
	{"a robot's token", "access_token=", 32, false, ""},
}

// sensitive returns the kind of the first credential in a run of visible
// characters, or "".
func sensitive(run string) string {
	end := 0 // of the last address
	for i := range len(run) {
		if i >= end {
			if _, e := addressAt(run, i); e > i+1 {
				end = e
			}
		}
		if i > 0 && isTokenByte(run[i-1]) {
			continue
		}
		for k := range credentialForms {
			if f := &credentialForms[k]; f.matches(run[i:]) && !(f.signed && i < end) {
				return f.kind
			}
		}
	}
	return ""
}

// matches reports whether s begins with a credential of this form.
func (f *credentialForm) matches(s string) bool {
	for i := range len(f.prefix) {
		if i >= len(s) || s[i] != f.prefix[i] && (f.prefix[i] != '?' || !isLetter(s[i])) {
			return false
		}
	}
	i, run, longest, word := len(f.prefix), 0, 0, true
	for ; i < len(s) && isTokenByte(s[i]); i++ {
		if s[i] == '-' || s[i] == '_' {
			run = -1
		} else if s[i] < 'a' {
			word = false
		}
		run++
		longest = max(longest, run)
	}
	return !word && longest >= f.run && strings.HasPrefix(s[i:], f.then)
}
