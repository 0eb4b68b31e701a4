package dingtalk

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
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
	ID       string // mobile number or user id, as it follows the @ in the text
	IsUserID bool   // ID is a user id
	Name     string // under which the caller knows the person; "" for the ID itself
	hidden   bool   // ID only stands for the person's
	end      int    // where the first token of the person ends in the text, or 0
}

// Label is what the caller calls the person.
func (m *Mention) Label() string {
	if m.Name != "" {
		return m.Name
	}
	return m.ID
}

// same reports whether both name one person. A number without a country code is
// a Chinese one.
func (m *Mention) same(other *Mention) bool {
	if m.hidden || other.hidden {
		return m.Name == other.Name
	}
	return m.IsUserID == other.IsUserID && strings.TrimPrefix(m.ID, "+86-") == strings.TrimPrefix(other.ID, "+86-")
}

// AddMobiles adds people by mobile number: digits, or +country-digits. A
// number that is there already counts once, in the form that it had first.
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
		if !validUser(id) {
			return argumentError("argument /atUserIds/"+strconv.Itoa(i)+": not a user id",
				"Give the id alone, of letters, digits, - and _, without an @ before it.")
		}
		m.add(Mention{ID: id, IsUserID: true})
	}
	return nil
}

// add adds a mention, or returns the one that names the same person already.
// Beyond one more than DingTalk takes, which check refuses, it returns nil.
func (m *Mentions) add(mention Mention) *Mention {
	for i := range m.People {
		if m.People[i].same(&mention) {
			return &m.People[i]
		}
	}
	if len(m.People) > MaxMentions {
		return nil
	}
	m.People = append(m.People, mention)
	return &m.People[len(m.People)-1]
}

func (m *Mentions) check() *Error {
	if len(m.People) > MaxMentions {
		return argumentError("it mentions more than the 50 people that DingTalk takes",
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

func validUser(s string) bool {
	for i := range len(s) {
		if !inToken(s[i]) {
			return false
		}
	}
	return s != ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// locate finds the tokens that the caller wrote. guess: DingTalk matches a token
// with the very entry of the list, so that @13800000001 does not mention
// +86-13800000001.
func (m *Mentions) locate(text string, markdown bool) {
	if len(m.People) == 0 {
		return
	}
	scanner := newMentionScanner(text, markdown)
	for i := scanner.next(); i >= 0; i = scanner.next() {
		end := tokenEnd(text, i+1)
		if end == i+1 || goesOn(text[end:]) {
			continue
		}
		for k := range m.People {
			if mention := &m.People[k]; mention.end == 0 && mention.ID == text[i+1:end] {
				mention.end = end
			}
		}
	}
}

// missing returns those whose token does not stand in text, which is how the
// text begins that was searched.
func (m *Mentions) missing(text string) (people []Mention) {
	for _, mention := range m.People {
		if mention.end == 0 || mention.end > len(text) {
			people = append(people, mention)
		}
	}
	return people
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

// goesOn reports whether rest, which follows a token, makes it another one or
// may do so: @138000000012 is no mention of 13800000001. Whether DingTalk would
// see a token that a Chinese character follows is not documented, and one
// mention too many rings while one too few does not.
func goesOn(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest != "" && (wordGoesOn(rest) || r >= utf8.RuneSelf && !punctuation(r))
}

// wordGoesOn reports whether rest goes on with a Latin word, a number, or a
// host's or user's name with dots in it.
func wordGoesOn(rest string) bool {
	if len(rest) > 1 && rest[0] == '.' {
		return isLetter(rest[1]) || isDigit(rest[1])
	}
	return rest != "" && inToken(rest[0])
}

// inToken reports whether c may be a part of a mobile number or user id.
func inToken(c byte) bool {
	return isDigit(c) || isLetter(c) || c == '-' || c == '_'
}

// writeTokens writes the tokens of people, with a blank between two.
func writeTokens(w *strictjson.Writer, people []Mention) {
	for i := range people {
		if i > 0 {
			w.Raw(" ")
		}
		w.Raw("@")
		w.Fragment(people[i].ID)
	}
}

// write writes the value of the body's "at" as the reference server sends it:
// atMobiles and isAtAll are always there.
func (m *Mentions) write(w *strictjson.Writer) {
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
		if mention.IsUserID == user {
			list = append(list, mention.ID)
		}
	}
	return list
}

// A mentionScanner finds each @ of a text that may begin a mention: not one in
// code, in an address, or behind a letter or digit as in an e-mail address.
type mentionScanner struct {
	text     string
	markdown bool
	at       int // where the search goes on
	codes    codeScanner
	code     code // the first that ends behind at
	run      int  // where the characters that an address may have end
	address  int  // where the address among them begins
}

func newMentionScanner(text string, markdown bool) mentionScanner {
	return mentionScanner{text: text, markdown: markdown, codes: codeScanner{text: text}}
}

// next returns where the next one stands, or -1.
func (s *mentionScanner) next() int {
	for {
		i := indexFrom(s.text, "@", s.at)
		switch s.at = i + 1; {
		case i == len(s.text):
			s.at = i
			return -1
		case s.inCode(i):
			s.at = s.code.to
		case !inWord(s.text[:i]) && !s.inAddress(i):
			return i
		}
	}
}

// inCode reports whether i stands in code, which plain text does not have.
func (s *mentionScanner) inCode(i int) bool {
	for s.markdown && s.code.to <= i {
		s.code = s.codes.next()
	}
	return s.code.from <= i && i < s.code.to
}

// inAddress reports whether i stands in an address or the target of a link.
func (s *mentionScanner) inAddress(i int) bool {
	if i >= s.run {
		from := i
		for from > 0 && inAddress(s.text[from-1]) {
			from--
		}
		s.run = addressEnd(s.text, i)
		s.address = from + addressIn(s.text[from:s.run])
		if s.markdown && strings.HasSuffix(s.text[:from], "](") {
			s.address = from
		}
	}
	return i >= s.address
}

// addressIn returns where the address begins that run ends with, or len(run):
// one with a scheme, or a host's name and a path, as people write it.
func addressIn(run string) int {
	path := strings.IndexByte(run, '/')
	if path <= 0 {
		return len(run)
	}
	if scheme := strings.Index(run, "://"); scheme >= 0 {
		begin, _ := addressAt(run, scheme)
		return begin
	}
	host := path
	for host > 0 && (inToken(run[host-1]) || run[host-1] == '.') {
		host--
	}
	dot := strings.LastIndexByte(run[:path], '.')
	if dot <= host || dot+1 == path || !isLetter(run[dot+1]) || host > 0 && run[host-1] == '@' {
		return len(run)
	}
	return host
}

// inWord reports whether what follows before is in the middle of a word. In
// Chinese, which has no blanks between words, it never is.
func inWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	if r < utf8.RuneSelf {
		return before != "" && inToken(byte(r))
	}
	return in(r, alphabets)
}
