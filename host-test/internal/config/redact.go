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

	"dingtalk-plugin/schema"
)

// A Redactor removes credentials from text: those it knows, and whatever looks
// like one. Use NewRedactor.
type Redactor struct {
	known    []string            // credentials, unescaped and escaped
	windows  map[string]struct{} // substrings of them, folded
	replacer *strings.Replacer   // of known; nil after a change
}

const (
	redacted      = "***"
	minCredential = 8  // bytes; replacing every "t" would make the text unreadable
	window        = 12 // letters and digits; fewer match by chance
)

// NewRedactor returns a Redactor that knows the credentials of a configuration.
func NewRedactor(values map[string]string) *Redactor {
	r := &Redactor{windows: map[string]struct{}{}}
	robots := append(ReadRobots(values), Robot{Webhook: values[schema.KeyWebhookURL], Token: values[schema.KeyAccessToken], Secret: values[schema.KeySecret]})
	for _, robot := range robots {
		r.Add(robot.Secret)
		r.addToken(robot.Webhook)
		r.addToken(robot.Token)
	}
	return r
}

// addToken adds a token, or the credentials in an address.
func (r *Redactor) addToken(token string) {
	if !strings.Contains(token, "://") {
		r.Add(token)
		return
	}
	u, err := url.Parse(token)
	if err != nil {
		r.replace(token)
		return
	}
	password, _ := u.User.Password()
	r.Add(password)
	for _, values := range u.Query() {
		for _, value := range values {
			r.Add(value)
		}
	}
}

// Add adds a credential. It ignores those shorter than 8 bytes.
func (r *Redactor) Add(credential string) {
	if len(credential) < minCredential {
		return
	}
	r.replace(credential)
	bytes := []byte(credential)
	for _, form := range []string{credential, hex.EncodeToString(bytes), base64.StdEncoding.EncodeToString(bytes)} {
		form = fold(form)
		backward := []byte(form)
		slices.Reverse(backward)
		for i := window; i <= len(form); i++ {
			r.windows[form[i-window:i]] = struct{}{}
			r.windows[string(backward[i-window:i])] = struct{}{}
		}
	}
}

func (r *Redactor) replace(credential string) {
	if len(credential) >= minCredential {
		r.known = append(r.known, credential, url.QueryEscape(credential), url.PathEscape(credential))
		r.replacer = nil
	}
}

// fold keeps ASCII letters, in lower case, and digits: separators and case do not
// hide a credential from a reader.
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

// Redact returns the text on one line, without credentials and control
// characters. It withholds a text with a known credential in an unusual form.
func (r *Redactor) Redact(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsGraphic(c) {
			return c
		}
		return ' '
	}, r.replaceKnown(text))
	text = word.ReplaceAllStringFunc(text, func(word string) string {
		if looksSecret(word) {
			return redacted
		}
		return word
	})
	folded := fold(text)
	for i := window; i <= len(folded); i++ {
		if _, found := r.windows[folded[i-window:i]]; found {
			return "(withheld, because it contains a credential)"
		}
	}
	return text
}

func (r *Redactor) replaceKnown(text string) string {
	if r.replacer == nil {
		// The longest first, because one credential may begin another.
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
	word        = regexp.MustCompile(`[A-Za-z0-9_+=%*-]+`)
	digit       = regexp.MustCompile(`[0-9]`)
	phoneNumber = regexp.MustCompile(`[0-9]{7}`)
)

// looksSecret reports whether a word may be a credential. DingTalk's tokens are
// 64 hexadecimal digits, its secrets the same after SEC, and a phone number has
// eleven digits. Next to a replaced credential may be the rest of a longer one.
// Names and keys rarely look like that.
func looksSecret(word string) bool {
	switch {
	case strings.Contains(word, redacted), len(word) >= 40, phoneNumber.MatchString(word):
		return true
	case strings.HasPrefix(word, "SEC"):
		return len(word) >= 15
	}
	return len(word) >= 20 && len(digit.FindAllString(word, 4)) == 4
}
