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

// everybody is how DingTalk writes dingtalktest.Everyone.
const everybody = "所有人"

// mention is somebody whom a message names.
type mention struct {
	Who      string // without the @
	Notified bool
	Reason   string // why not
}

// roll is everybody whom one message names: those in its at, and while the text is drawn also those who are only in there.
type roll struct {
	all      bool // everyone is notified
	reach    int  // how many bytes after an @ decide who it is
	listed   []mention
	unlisted []mention
}

func newRoll(m *dingtalktest.Message) *roll {
	r := &roll{all: slices.Contains(m.Mentions, dingtalktest.Everyone)}
	for _, who := range m.Mentions {
		r.listed = append(r.listed, mention{Who: shownName(who), Notified: true})
	}
	for _, missed := range m.Unnotified {
		r.listed = append(r.listed, mention{Who: shownName(missed.Who), Reason: visible(missed.Reason)})
	}
	r.reach = longestName + utf8.UTFMax
	for _, m := range r.listed {
		r.reach = max(r.reach, len(m.Who)+utf8.UTFMax)
	}
	return r
}

func shownName(who string) string {
	if who == dingtalktest.Everyone {
		return everybody
	}
	return visible(who)
}

// mostNotes bounds what is told of one message. DingTalk mentions at most 50 people.
const mostNotes = 60

// notes are for the foot of the message: everybody, and whether the phone rings.
func (r *roll) notes() []mention {
	all := slices.Concat(r.listed, r.unlisted)
	return all[:min(len(all), mostNotes)]
}

// find returns whom the text mentions that stands between before and rest, where rest follows an @. The longest name counts.
func (r *roll) find(before rune, rest string) (found mention, ok bool) {
	for _, m := range r.listed {
		if len(m.Who) > len(found.Who) && strings.HasPrefix(rest, m.Who) && endsName(rest[len(m.Who):]) {
			found, ok = m, true
		}
	}
	if ok || inName(before) { // as in an e-mail address
		return found, ok
	}
	n := nameLength(rest)
	if n == 0 {
		return mention{}, false
	}
	found = r.stranger(rest[:n])
	if !found.Notified && len(r.unlisted) < mostNotes && !slices.Contains(r.unlisted, found) {
		r.unlisted = append(r.unlisted, found)
	}
	return found, true
}

// stranger is somebody in the text who is not in at: to DingTalk that is plain text.
func (r *roll) stranger(who string) mention {
	switch {
	case who != "all" && who != everybody:
		return mention{Who: who, Reason: "not in the message's at"}
	case r.all:
		return mention{Who: who, Notified: true}
	}
	return mention{Who: who, Reason: "isAtAll is not set"}
}

// longestName is in bytes; what is longer is a text that happens to follow an @.
const longestName = 64

func endsName(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !inName(next)
}

// nameLength is how many bytes of a text go on a name. The robot ends names at the same characters.
func nameLength(text string) (n int) {
	if strings.HasPrefix(text, "+") {
		n = 1
	}
	start := n
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !inName(r) || n+size > longestName {
			break
		}
		n += size
	}
	if n == start {
		return 0
	}
	return n
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }

// piece is a stretch of a text message: a mention, a link, or neither.
type piece struct {
	Text    string
	Mention *mention
	URL     template.URL
}

// landmark is what interrupts plain text. DingTalk makes links of addresses in a text.
var landmark = regexp.MustCompile(`@|https?://[!-~]+`)

// pieces takes a text apart, and adds to the roll who is mentioned in it and not listed.
func pieces(text string, r *roll) (list []piece) {
	text = visible(text)
	plain, at := 0, 0
	for {
		found := landmark.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		start := at + found[0]
		p, length := r.landmark(text[:start], text[start:at+found[1]], text[start:])
		if at = start + max(length, 1); length > 0 {
			list = append(list, piece{Text: text[plain:start]}, p)
			plain = at
		}
	}
	return append(list, piece{Text: text[plain:]})
}

// landmark reads the mention or the link with which rest begins, and how long it is; 0 is neither.
func (r *roll) landmark(before, found, rest string) (p piece, length int) {
	if found == "@" {
		last, _ := utf8.DecodeLastRuneInString(before)
		who, ok := r.find(last, rest[1:])
		if !ok {
			return piece{}, 0
		}
		return piece{Text: "@" + who.Who, Mention: &who}, 1 + len(who.Who)
	}
	address := strings.TrimRight(found, `.,;:!?)]}>'"`)
	return piece{Text: address, URL: openable(address)}, len(address)
}
