package dingtalk

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Person can be mentioned by name; the number or user id stays with the
// operator.
type Person struct {
	Name     string
	ID       string // mobile number or user id
	IsUserID bool   // ID is a user id
}

// Valid reports whether the person can be mentioned at all.
func (p *Person) Valid() bool {
	if p.IsUserID {
		return validUser(p.ID)
	}
	return validMobile(p.ID)
}

// mention mentions the person; hidden, without the number or id, but as long.
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

// maxText is the longest text that any configuration sends, in bytes: ten parts.
const maxText = 10 * MaxBody

// mentionNames mentions those who are listed by name, and those whom the text
// names as @name; there the name becomes the token that DingTalk needs.
func (m *Message) mentionNames(style *MessageOptions, listed []string) *Error {
	index := style.index()
	for _, name := range listed {
		person := index.longest(name, func(p *Person, rest string) bool { return rest == "" && m.Kind.mentions(p) })
		if person != nil {
			m.Mentions.add(person.mention(style.HidePeople))
		}
	}
	if len(index) == 0 {
		return nil
	}
	var text strings.Builder
	done := 0 // so much of the message's text is in text
	scanner := newMentionScanner(m.Text, m.Kind.Markdown)
	for i := scanner.next(); i >= 0; i = scanner.next() {
		person := index.longest(m.Text[i+1:], func(p *Person, rest string) bool {
			return m.Kind.mentions(p) && endsName(p.Name, rest, listed)
		})
		if person == nil {
			continue
		}
		mention := m.Mentions.add(person.mention(style.HidePeople))
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
		if goesOn(m.Text[done:]) {
			text.WriteByte(' ')
		}
		if text.Len() > maxText {
			return argumentError("with the number or id of each person that it mentions it takes more than "+
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
// must end where the word ends. Where another letter follows, of any script, it
// may be the beginning of somebody else's name, unless the caller listed it.
func endsName(name, rest string, listed []string) bool {
	if inToken(name[len(name)-1]) && wordGoesOn(rest) {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest); rest == "" || !letter(r) {
		return true
	}
	for i := range listed {
		if listed[i] == name {
			return true
		}
	}
	return false
}

// A nameIndex is people in the order of their names, so that the names a text
// begins with are found in as many steps as they have bytes.
type nameIndex []*Person

// index returns the index of the people, which is sorted once.
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
// that is accepted in view of what follows it, or nil.
func (x nameIndex) longest(text string, accept func(p *Person, rest string) bool) (found *Person) {
	for n := 0; len(x) > 0; n++ { // x are those whose first n bytes are the text's
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
