package dingtalk

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// MaxMentions is how many people one message may mention
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
const MaxMentions = 50

// Mentions are those whom a message shall notify. DingTalk notifies a person
// only who stands both here and, as @ID, in the text
// (https://open.dingtalk.com/document/development/robot-message-type); All
// needs nothing in the text.
type Mentions struct {
	People []Mention
	All    bool
}

// A Mention names one person.
type Mention struct {
	ID   string // mobile number or user id, as it follows the @ in the text
	User bool   // ID is a user id
	Name string // under which the caller knows the person; "" for the ID itself
}

// Label is what the caller calls the person.
func (m *Mention) Label() string {
	if m.Name != "" {
		return m.Name
	}
	return m.ID
}

// AddMobiles adds people by mobile number: digits, or +country-digits. A
// number that is there already counts once.
func (m *Mentions) AddMobiles(mobiles []string) *Error {
	for i, mobile := range mobiles {
		mobile = strings.TrimSpace(mobile)
		if !validMobile(mobile) {
			return argumentError("argument /atMobiles/"+strconv.Itoa(i)+": not a mobile number",
				"Give 5 to 15 digits without blanks, as in 13800000001, or with a country code as in +86-13800000001.")
		}
		m.add(Mention{ID: mobile})
	}
	return nil
}

// AddUsers adds people by user id. DingTalk makes them of letters, digits, -
// and _, as a token in the text must be.
func (m *Mentions) AddUsers(ids []string) *Error {
	for i, id := range ids {
		id = strings.TrimSpace(id)
		if !allInToken(id) {
			return argumentError("argument /atUserIds/"+strconv.Itoa(i)+": not a user id",
				"Give the id alone, of letters, digits, - and _, without an @ before it.")
		}
		m.add(Mention{ID: id, User: true})
	}
	return nil
}

func (m *Mentions) add(mention Mention) {
	for _, known := range m.People {
		if known.ID == mention.ID && known.User == mention.User {
			return
		}
	}
	m.People = append(m.People, mention)
}

func (m *Mentions) check() *Error {
	if n := len(m.People); n > MaxMentions {
		return argumentError("it mentions "+strconv.Itoa(n)+" people, and DingTalk takes at most 50",
			"Mention fewer people, or everybody with atAll.")
	}
	return nil
}

func validMobile(s string) bool {
	if strings.HasPrefix(s, "+") {
		country, rest, found := strings.Cut(s[1:], "-")
		return found && len(country) <= 4 && allDigits(country) && allDigits(rest) && 4 <= len(rest) && len(rest) <= 15
	}
	return allDigits(s) && 5 <= len(s) && len(s) <= 15
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// missing returns those whose token does not stand in text.
func (m *Mentions) missing(text string) (people []Mention) {
	for _, mention := range m.People {
		if !mentioned(text, mention.ID) {
			people = append(people, mention)
		}
	}
	return people
}

// mentioned reports whether text holds @id as a token of its own:
// @138000000012 is no mention of 13800000001. What follows must be a blank or
// punctuation; whether DingTalk would see a token that a letter follows is not
// documented, and one mention too many rings while one too few does not.
func mentioned(text, id string) bool {
	token := "@" + id
	for {
		i := strings.Index(text, token)
		if i < 0 {
			return false
		}
		text = text[i+len(token):]
		if r, _ := utf8.DecodeRuneInString(text); text == "" || !joins(r) {
			return true
		}
	}
}

// joins reports whether r, behind a token, makes it another token.
func joins(r rune) bool {
	if r < utf8.RuneSelf {
		return inToken(byte(r))
	}
	return !punctuation(r)
}

// punctuation reports whether r is a blank or a sign of Chinese or general
// typography, by Unicode's blocks; package unicode's tables are many kilobytes.
func punctuation(r rune) bool {
	for _, block := range [...][2]rune{
		{0x2000, 0x206F}, {0x3000, 0x3004}, {0x3008, 0x3020},
		{0xFF01, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65},
	} {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}

// tokenEnd returns where the token at from ends.
func tokenEnd(text string, from int) int {
	if from < len(text) && text[from] == '+' {
		from++
	}
	for from < len(text) && inToken(text[from]) {
		from++
	}
	return from
}

// inToken reports whether c may be a part of a mobile number or user id.
func inToken(c byte) bool {
	return isDigit(c) || isLetter(c) || c == '-' || c == '_'
}

func allInToken(s string) bool {
	for i := range len(s) {
		if !inToken(s[i]) {
			return false
		}
	}
	return true
}

// writeTokens writes the tokens of people, with a blank between two.
func writeTokens(w *jsontext.Writer, people []Mention) {
	for i := range people {
		if i > 0 {
			w.Raw(" ")
		}
		w.Raw("@")
		w.Piece(people[i].ID)
	}
}

// write writes the value of the body's "at" as the reference server sends it:
// atMobiles and isAtAll are always there.
func (m *Mentions) write(w *jsontext.Writer) {
	w.Raw("{")
	w.Member("atMobiles")
	w.Strings(m.ids(false))
	if users := m.ids(true); users != nil {
		w.Member("atUserIds")
		w.Strings(users)
	}
	w.Member("isAtAll")
	w.Bool(m.All)
	w.Raw("}")
}

func (m *Mentions) ids(user bool) (list []string) {
	for _, mention := range m.People {
		if mention.User == user {
			list = append(list, mention.ID)
		}
	}
	return list
}
