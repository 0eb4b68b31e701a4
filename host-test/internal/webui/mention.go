package webui

import (
	"html/template"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dingtalk-plugin/host-test/dingtalktest"
)

// everyone is how DingTalk shows dingtalktest.Everyone.
const everyone = "所有人"

// mention is a name in a message.
type mention struct {
	Who      string // without the @
	Notified bool
	Reason   string // why not
}

// mentionIndex has the mentions of one message: those listed in its at and, as the text is rendered, unlisted ones.
type mentionIndex struct {
	lang      *language
	all       bool // everyone is notified
	lookahead int  // how many bytes after an @ decide who it is
	listed    []mention
	unlisted  []mention
}

func newMentionIndex(m *dingtalktest.Message, lang *language) *mentionIndex {
	x := &mentionIndex{lang: lang, all: slices.Contains(m.Mentions, dingtalktest.Everyone)}
	for _, who := range m.Mentions {
		x.listed = append(x.listed, mention{Who: displayName(who), Notified: true})
	}
	for _, missed := range m.Unnotified {
		x.listed = append(x.listed, mention{Who: displayName(missed.Who), Reason: lang.explain(missed.Reason)})
	}
	x.lookahead = maxName + utf8.UTFMax
	for _, m := range x.listed {
		x.lookahead = max(x.lookahead, len(m.Who)+utf8.UTFMax)
	}
	return x
}

func displayName(who string) string {
	if who == dingtalktest.Everyone {
		return everyone
	}
	return escapeInvisible(who)
}

// maxNotes bounds the notes on one message. DingTalk mentions at most 50 people.
const maxNotes = 60

// notes are shown under the message: everyone who is mentioned, and whether they are notified.
func (x *mentionIndex) notes() []mention {
	all := slices.Concat(x.listed, x.unlisted)
	return all[:min(len(all), maxNotes)]
}

// lookup returns the mention at an @ between before and rest. The longest listed name wins.
func (x *mentionIndex) lookup(before rune, rest string) (found mention, ok bool) {
	for _, m := range x.listed {
		if len(m.Who) > len(found.Who) && strings.HasPrefix(rest, m.Who) && endsName(rest[len(m.Who):]) {
			found, ok = m, true
		}
	}
	if ok || isNameRune(before) { // as in an e-mail address
		return found, ok
	}
	n := nameLength(rest)
	if n == 0 {
		return mention{}, false
	}
	found = x.unlistedMention(rest[:n])
	if !found.Notified && len(x.unlisted) < maxNotes && !slices.Contains(x.unlisted, found) {
		x.unlisted = append(x.unlisted, found)
	}
	return found, true
}

// unlistedMention is a name in the text but not in at: to DingTalk that is plain text.
func (x *mentionIndex) unlistedMention(who string) mention {
	switch {
	case who != "all" && who != everyone:
		return mention{Who: who, Reason: x.lang.t("not in the message's at")}
	case x.all:
		return mention{Who: who, Notified: true}
	}
	return mention{Who: who, Reason: x.lang.t("isAtAll is not set")}
}

// maxName is in bytes; longer ones are text that happens to follow an @.
const maxName = 64

func endsName(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !isNameRune(next)
}

// nameLength returns the length in bytes of the name that text begins with. The fake server ends names at the same runes.
func nameLength(text string) int {
	text = text[:min(len(text), maxName)]
	name := strings.TrimPrefix(text, "+")
	after := strings.TrimLeftFunc(name, isNameRune)
	if after == name {
		return 0
	}
	return len(text) - len(after)
}

func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
}

// segment is a piece of a text message: a mention, a link, or plain text.
type segment struct {
	Text    string
	Mention *mention
	URL     template.URL
}

// tokenRE finds what may be a mention or a link. DingTalk makes links of addresses in a text.
var tokenRE = regexp.MustCompile(`@|https?://[!-~]+`)

// segments splits a text, and adds unlisted mentions in it to the index.
func segments(text string, index *mentionIndex) (list []segment) {
	text = escapeInvisible(text)
	plain, at := 0, 0
	for {
		found := tokenRE.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		start := at + found[0]
		s, length := index.segment(text[:start], text[start:at+found[1]], text[start:])
		if at = start + max(length, 1); length > 0 {
			list = append(list, segment{Text: text[plain:start]}, s)
			plain = at
		}
	}
	return append(list, segment{Text: text[plain:]})
}

// segment returns the mention or link that rest begins with, and its length; 0 means neither.
func (x *mentionIndex) segment(before, token, rest string) (s segment, length int) {
	if token == "@" {
		last, _ := utf8.DecodeLastRuneInString(before)
		m, ok := x.lookup(last, rest[1:])
		if !ok {
			return segment{}, 0
		}
		return segment{Text: "@" + m.Who, Mention: &m}, 1 + len(m.Who)
	}
	address := strings.TrimRight(token, `.,;:!?)]}>'"`)
	return segment{Text: address, URL: safeURL(address)}, len(address)
}
