package dingtalk

import (
	"strings"
	"unicode/utf8"
)

// A Person can be mentioned by name; the number or user id stays with the
// operator.
type Person struct {
	Name string
	ID   string // mobile number or user id
	User bool   // ID is a user id
}

// Valid reports whether the person can be mentioned at all.
func (p *Person) Valid() bool {
	if !p.User {
		return validMobile(p.ID)
	}
	return p.ID != "" && allInToken(p.ID)
}

// mentionNames mentions those who are listed by name, and those whom the text
// names as @name; there the name becomes the token that DingTalk wants.
func (m *Message) mentionNames(people []Person, names []string) {
	for _, name := range names {
		for i := range people {
			if people[i].Name == name {
				m.Mentions.add(people[i].mention())
			}
		}
	}
	if len(people) == 0 || !strings.Contains(m.Text, "@") {
		return
	}
	var text strings.Builder
	rest := m.Text
	for {
		before, after, found := strings.Cut(rest, "@")
		text.WriteString(before)
		if !found {
			break
		}
		rest = after
		person := named(people, before, after)
		text.WriteByte('@')
		if person == nil {
			continue
		}
		m.Mentions.add(person.mention())
		rest = after[len(person.Name):]
		text.WriteString(person.ID)
		if r, _ := utf8.DecodeRuneInString(rest); rest != "" && joins(r) {
			text.WriteByte(' ')
		}
	}
	m.Text = text.String()
}

func (p *Person) mention() Mention { return Mention{ID: p.ID, User: p.User, Name: p.Name} }

// named returns the person with the longest name that after begins with, or
// nil. A Latin name must end where the word ends, and the @ must not stand in
// a word, as in an e-mail address.
func named(people []Person, before, after string) (found *Person) {
	if before != "" && inToken(before[len(before)-1]) {
		return nil
	}
	for i := range people {
		name := people[i].Name
		if !strings.HasPrefix(after, name) || found != nil && len(found.Name) >= len(name) {
			continue
		}
		rest := after[len(name):]
		if rest != "" && inToken(rest[0]) && inToken(name[len(name)-1]) {
			continue
		}
		found = &people[i]
	}
	return found
}
