package webui

import (
	"html/template"
	"regexp"
	"strings"
	"unicode/utf8"
)

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
