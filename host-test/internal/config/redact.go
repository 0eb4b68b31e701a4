package config

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A Redactor keeps credentials out of what is printed: the configured ones, and
// what looks like one wherever it was pasted. Use NewRedactor.
type Redactor struct {
	known    []string            // in the forms in which they are replaced
	windows  map[string]struct{} // parts of them, folded
	replacer *strings.Replacer   // of known; nil when they have changed
}

const redacted = "***"

// NewRedactor returns one that knows the credentials of a configuration.
func NewRedactor(values map[string]string) *Redactor {
	r := &Redactor{windows: map[string]struct{}{}}
	robots := append(ReadRobots(values), Robot{Webhook: values[Webhook], Token: values[Token], Secret: values[Secret]})
	for _, robot := range robots {
		r.Add(robot.Secret)
		for _, address := range []string{robot.Webhook, robot.Token} {
			r.addAddress(address)
		}
	}
	return r
}

// addAddress hides what an address may hold of credentials, or a token.
func (r *Redactor) addAddress(address string) {
	if !strings.Contains(address, "://") {
		r.Add(address)
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		r.replace(address)
		return
	}
	if password, ok := u.User.Password(); ok {
		r.Add(password)
	}
	for _, values := range u.Query() {
		for _, value := range values {
			r.Add(value)
		}
	}
}

// minCredential is how long a credential is at least: hiding every "t" would
// hide the text.
const minCredential = 8

// Add adds a credential.
func (r *Redactor) Add(credential string) {
	if len(credential) < minCredential {
		return
	}
	r.replace(credential)
	bytes := []byte(credential)
	for _, form := range []string{credential, hex.EncodeToString(bytes), base64.StdEncoding.EncodeToString(bytes)} {
		form = fold(form)
		backwards := []byte(form)
		slices.Reverse(backwards)
		r.addWindows(form)
		r.addWindows(string(backwards))
	}
}

func (r *Redactor) replace(credential string) {
	if len(credential) >= minCredential {
		r.known = append(r.known, credential, url.QueryEscape(credential), url.PathEscape(credential))
		r.replacer = nil
	}
}

// window is how many letters and digits of a credential, one after the other,
// are too many. Fewer would often occur by chance.
const window = 12

func (r *Redactor) addWindows(folded string) {
	for i := window; i <= len(folded); i++ {
		r.windows[folded[i-window:i]] = struct{}{}
	}
}

// fold leaves letters and digits, in lower case: separators and case hide
// nothing from a reader.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			return c
		}
		return -1
	}, text)
}

// Redact returns the text without credentials and control characters, on one
// line. A text with a known credential in an unusual form is withheld whole.
func (r *Redactor) Redact(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsGraphic(c) {
			return c
		}
		return ' '
	}, r.replaced(text))
	text = run.ReplaceAllStringFunc(text, func(word string) string {
		if looksSecret(word) {
			return redacted
		}
		return word
	})
	folded := fold(text)
	for i := window; i <= len(folded); i++ {
		if _, found := r.windows[folded[i-window:i]]; found {
			return "(withheld, because it holds a credential)"
		}
	}
	return text
}

// replaced has the longest credentials replaced first: one may begin another.
func (r *Redactor) replaced(text string) string {
	if r.replacer == nil {
		slices.SortFunc(r.known, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		var pairs []string
		for _, credential := range r.known {
			pairs = append(pairs, credential, redacted)
		}
		r.replacer = strings.NewReplacer(pairs...)
	}
	return r.replacer.Replace(text)
}

var (
	run    = regexp.MustCompile(`[A-Za-z0-9_+=%*-]+`)
	number = regexp.MustCompile(`[0-9]{7}`)
)

// looksSecret judges by the look what may be a credential: DingTalk's tokens are
// 64 hexadecimal digits, its secrets the same after SEC, and a person's number
// has eleven digits. What adjoins a replaced credential may be the rest of a
// longer one. Names and keys do not look like that, and a few that do are lost to
// the reader.
func looksSecret(word string) bool {
	digits := 0
	for _, c := range word {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return strings.Contains(word, redacted) || len(word) >= 20 && digits >= 4 || len(word) >= 40 || strings.HasPrefix(word, "SEC") && len(word) >= 15 || number.MatchString(word)
}

// ShownHosts returns the hosts of AllowedHosts for people and logs, one after
// the other, without what was pasted there by mistake.
func ShownHosts(values map[string]string) string {
	return NewRedactor(values).Redact(strings.Join(AllowedHosts(values), ","))
}
