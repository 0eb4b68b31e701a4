package dingtalk

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// MaxMentions is how many people a message may mention
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
const MaxMentions = 50

// maxText is the longest text that any configuration sends, in bytes: ten parts.
const maxText = 10 * MaxBody

// Mentions are those whom a message notifies. DingTalk notifies a person only
// if listed here and, as @ID, in the text
// (https://open.dingtalk.com/document/development/robot-message-type); All
// needs no text.
type Mentions struct {
	People   []Mention
	All      bool
	Unlisted string // if People is empty, the first @name in the text, or ""
}

// A Mention names one person.
type Mention struct {
	ID       string // mobile number or user id, as it follows the @ in the text
	IsUserID bool   // ID is a user id
	Name     string // under which the caller knows the person, or ""
	hidden   bool   // ID is a placeholder
	end      int    // where the person's first token ends in the text, or 0
}

// Label returns what the caller calls the person.
func (m *Mention) Label() string { return cmp.Or(m.Name, m.ID) }

// same reports whether both name one person. A number without a country code is
// a Chinese one.
func (m *Mention) same(other *Mention) bool {
	if m.hidden || other.hidden {
		return m.Name == other.Name
	}
	return m.IsUserID == other.IsUserID && strings.TrimPrefix(m.ID, "+86-") == strings.TrimPrefix(other.ID, "+86-")
}

// addMobiles adds people by mobile number: digits, or +country-digits. A
// number counts once, in the form that was added first.
func (m *Mentions) addMobiles(mobiles []string) *Error {
	return m.addAll(mobiles, false, "atMobiles", "not a mobile number",
		"Give 5 to 15 digits, as in 13800000001 or +86-13800000001.")
}

func (m *Mentions) addUserIDs(ids []string) *Error {
	return m.addAll(ids, true, "atUserIds", "not a user id",
		"Give the id alone, of letters, digits, - and _, without an @ before it.")
}

func (m *Mentions) addAll(ids []string, isUserID bool, name, fault, advice string) *Error {
	for i, id := range ids {
		id = strings.TrimSpace(id)
		if !validID(id, isUserID) {
			return argumentError(name+"["+strconv.Itoa(i)+"]: "+fault, advice)
		}
		m.add(Mention{ID: id, IsUserID: isUserID})
	}
	return nil
}

// add adds a mention, or returns the one of the same person. It keeps one more
// than the limit, which check refuses, and then returns nil.
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
		return argumentError("it mentions more than 50 people",
			"Mention fewer people, or everybody with atAll.")
	}
	return nil
}

// validID reports whether s is a user id, or else a mobile number.
func validID(s string, isUserID bool) bool {
	if isUserID {
		return all(s, isTokenByte)
	}
	if strings.HasPrefix(s, "+") {
		country, rest, found := strings.Cut(s[1:], "-")
		return found && len(country) <= 4 && all(country, isDigit) && all(rest, isDigit) && 4 <= len(rest) && len(rest) <= 15
	}
	return all(s, isDigit) && 5 <= len(s) && len(s) <= 15
}

// all reports whether s has bytes, all of which are ok.
func all(s string, ok func(c byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}

// locate finds the tokens that the caller wrote or, if nobody is listed, a name.
// guess: DingTalk compares a token with the entry as listed, so that @13800000001
// does not mention +86-13800000001.
func (m *Mentions) locate(text string, markdown bool) {
	scanner := newMentionScanner(text, markdown)
	for i := scanner.next(); i >= 0; i = scanner.next() {
		end := tokenEnd(text, i+1)
		if len(m.People) == 0 {
			for continuesToken(text[end:]) {
				_, n := utf8.DecodeRuneInString(text[end:])
				end += n
			}
			if end > i+3 { // @3 and @2x are no names
				m.Unlisted = shorten(text[i:end])
				return
			}
		}
		if end == i+1 || continuesToken(text[end:]) {
			continue
		}
		for k := range m.People {
			if mention := &m.People[k]; mention.end == 0 && mention.ID == text[i+1:end] {
				mention.end = end
			}
		}
	}
}

// missing returns those without a token in text, a prefix of the located text.
func (m *Mentions) missing(text string) (people []Mention) {
	for _, mention := range m.People {
		if mention.end == 0 || mention.end > len(text) {
			people = append(people, mention)
		}
	}
	return people
}

// writeTokens writes the tokens of people, separated by blanks.
func writeTokens(w *strictjson.Writer, people []Mention) {
	for i := range people {
		if i > 0 {
			w.Raw(" ")
		}
		w.Raw("@")
		w.Fragment(people[i].ID)
	}
}

// write writes the value of the body's "at" as the reference server does:
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

// ids returns the user ids, or else the mobile numbers.
func (m *Mentions) ids(areUserIDs bool) (list []string) {
	for _, mention := range m.People {
		if mention.IsUserID == areUserIDs {
			list = append(list, mention.ID)
		}
	}
	return list
}

// A Person can be mentioned by name. Only the operator knows the number or id.
type Person struct {
	Name     string
	ID       string // mobile number or user id
	IsUserID bool   // ID is a user id
}

// Valid reports whether the person can be mentioned at all.
func (p *Person) Valid() bool { return validID(p.ID, p.IsUserID) }

// mention mentions the person, with a placeholder of equal length to hide the ID.
func (p *Person) mention(hide bool) Mention {
	m := Mention{ID: p.ID, IsUserID: p.IsUserID, Name: p.Name, hidden: hide}
	if hide {
		stars := make([]byte, len(p.ID)) // strings.Repeat costs 400 bytes of code
		for i := range stars {
			stars[i] = '*'
		}
		m.ID = string(stars)
	}
	return m
}

// resolveNames mentions those who are listed by name, and those whom the text
// names as @name, which it replaces by the token that DingTalk needs.
func (m *Message) resolveNames(options *MessageOptions, listed []string) *Error {
	index := options.index()
	for _, name := range listed {
		person := index.longest(name, func(p *Person, rest string) bool { return rest == "" && m.Type.mentions(p) })
		if person != nil {
			m.Mentions.add(person.mention(options.HidePeople))
		}
	}
	if len(index) == 0 {
		return nil
	}
	var text strings.Builder
	done := 0 // so much of m.Text is in text
	scanner := newMentionScanner(m.Text, m.Type.Markdown)
	for i := scanner.next(); i >= 0; i = scanner.next() {
		person := index.longest(m.Text[i+1:], func(p *Person, rest string) bool {
			return m.Type.mentions(p) && endsName(p.Name, rest, listed)
		})
		if person == nil {
			continue
		}
		mention := m.Mentions.add(person.mention(options.HidePeople))
		if mention == nil {
			return m.Mentions.check()
		}
		text.WriteString(m.Text[done : i+1])
		text.WriteString(mention.ID)
		if mention.end == 0 {
			mention.end = text.Len()
		}
		done = i + 1 + len(person.Name)
		scanner.at = done
		if continuesToken(m.Text[done:]) {
			text.WriteByte(' ')
		}
		if text.Len() > maxText {
			return argumentError("with the number or id of each mention it takes more than "+
				strconv.Itoa(maxText)+" bytes", "Shorten it, or mention each person once.")
		}
	}
	if done > 0 {
		text.WriteString(m.Text[done:])
		m.Text = text.String()
	}
	return nil
}

// endsName reports whether a name that rest follows is a mention. A Latin name
// must be a whole word. If another letter follows, of any script, the name may
// be the beginning of somebody else's, unless the caller listed it.
func endsName(name, rest string, listed []string) bool {
	if isTokenByte(name[len(name)-1]) && continuesWord(rest) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !isLetterRune(r) || slices.Contains(listed, name)
}

// A nameIndex is people sorted by name. It finds the names that a text begins
// with in as many steps as they have bytes.
type nameIndex []*Person

// index returns the index of the people, which it sorts once.
func (s *MessageOptions) index() nameIndex {
	for n := len(s.byName); n < len(s.People); n++ {
		s.byName = append(s.byName, &s.People[n])
		x := s.byName
		for i := n; i > 0 && x[i].Name < x[i-1].Name; i-- {
			x[i], x[i-1] = x[i-1], x[i]
		}
	}
	return s.byName
}

// longest returns the person with the longest name that text begins with and
// accept allows, given the rest of the text; or nil.
func (x nameIndex) longest(text string, accept func(p *Person, rest string) bool) (found *Person) {
	for n := 0; len(x) > 0; n++ { // the names in x begin with text[:n]
		for len(x) > 0 && len(x[0].Name) == n {
			if n > 0 && accept(x[0], text[n:]) {
				found = x[0]
			}
			x = x[1:]
		}
		if n == len(text) {
			break
		}
		x = x[x.above(n, int(text[n])-1):]
		x = x[:x.above(n, int(text[n]))]
	}
	return found
}

// above returns how many come before the first whose byte n is greater than c.
func (x nameIndex) above(n, c int) int {
	first, end := 0, len(x)
	for first < end {
		if middle := (first + end) / 2; int(x[middle].Name[n]) <= c {
			first = middle + 1
		} else {
			end = middle
		}
	}
	return first
}

// A mentionScanner finds each @ that may begin a mention: not in code, in an
// address, or behind a letter or digit as in an e-mail address.
type mentionScanner struct {
	text     string
	markdown bool
	at       int // where the search continues
	codes    codeScanner
	code     code // the first that ends behind at
	run      int  // where the run of address bytes ends
	address  int  // where the address in it begins
	read     int  // continuesAddress has read so far
	opened   bool // what was read ends in an address or the target of a link
}

func newMentionScanner(text string, markdown bool) mentionScanner {
	return mentionScanner{text: text, markdown: markdown, codes: codeScanner{text: text}}
}

// next returns the index of the next @, or -1.
func (s *mentionScanner) next() int {
	for {
		i := indexFrom(s.text, "@", s.at)
		switch s.at = i + 1; {
		case i == len(s.text):
			s.at = i
			return -1
		case s.inCode(i):
			s.at = s.code.to
		case !endsInWord(s.text[:i]) && !s.inAddress(i):
			return i
		}
	}
}

// inCode reports whether i is in code, which plain text does not have.
func (s *mentionScanner) inCode(i int) bool {
	for s.markdown && s.code.to <= i {
		s.code = s.codes.next()
	}
	return s.code.from <= i && i < s.code.to
}

// inAddress reports whether i is in an address or the target of a link.
func (s *mentionScanner) inAddress(i int) bool {
	if i >= s.run {
		from := i
		for from > 0 && isAddressByte(s.text[from-1]) {
			from--
		}
		s.run = addressEnd(s.text, i)
		s.address = from + addressIn(s.text[from:s.run])
		if s.markdown && strings.HasSuffix(s.text[:from], "](") || s.continuesAddress(from) {
			s.address = from
		}
	}
	return i >= s.address
}

// continuesAddress reports whether the run at from continues an address that
// holds more than address bytes, such as https://a.b/文档/@li or /x_(y)/@li. It
// reads the text once.
func (s *mentionScanner) continuesAddress(from int) bool {
	if from == 0 || s.text[from] != '/' && s.text[from] != '.' {
		return false
	}
	for s.read < from {
		rest := s.text[s.read:]
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r <= ' ' || isPunct(r) || strings.IndexByte("\"<>", rest[0]) >= 0:
			s.opened = false
		case strings.HasPrefix(rest, "://") || s.markdown && strings.HasPrefix(rest, "]("):
			s.opened = true
		}
		s.read += n
	}
	return s.opened
}
