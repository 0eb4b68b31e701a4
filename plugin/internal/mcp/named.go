package mcp

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
)

// maxPeople limits the people in a configuration.
const maxPeople = 1000

// people reads those who can be mentioned by name: an object of names, each with
// a mobile number, or with an object that has mobile or userId.
func (r *configReader) people() (people []dingtalk.Person) {
	value := r.text(schema.KeyPeople)
	if value == "" {
		return nil
	}
	settings := jsonschema.Compile(find(schema.Configuration, "person"))
	members := r.namedObjects(schema.KeyPeople, "person", value, maxPeople)
	people = make([]dingtalk.Person, 0, len(members))
	for i, member := range members {
		person, reason := readPerson(member, settings)
		if reason != "" {
			r.failAt(schema.KeyPeople, "person", i, reason)
			return nil
		}
		people = append(people, person)
	}
	return people
}

func readPerson(member strictjson.Member, settings *jsonschema.Schema) (p dingtalk.Person, reason string) {
	if looksNumber(member.Name) {
		return p, "its name looks like a number; the name comes first, then the number"
	}
	p = dingtalk.Person{Name: member.Name, ID: strictjson.String(member.Value)}
	if member.Value.IsObject() {
		if v := settings.Check(member.Value); v != nil {
			return p, settingReason(v)
		}
		p.ID = strictjson.String(strictjson.Get(member.Value, "mobile"))
		if p.ID == "" {
			p.IsUserID, p.ID = true, strictjson.String(strictjson.Get(member.Value, "userId"))
		}
	}
	if !p.Valid() {
		return p, "it has neither a mobile number nor a user id"
	}
	return p, ""
}

// namedObjects reads a JSON object with at most limit members, named after what:
// a person or a robot. After an error it returns none.
func (r *configReader) namedObjects(key, what, value string, limit int) strictjson.Object {
	parsed, reason := strictjson.ParseText(value)
	switch {
	case reason != "":
		r.fail(key, "is not a JSON object: "+reason)
		return nil
	case !parsed.IsObject():
		r.fail(key, "is not a JSON object")
		return nil
	}
	members := strictjson.Members(parsed, limit+1)
	switch {
	case len(members) == 0:
		r.fail(key, "is empty")
	case len(members) > limit:
		r.fail(key, "holds more than "+strconv.Itoa(limit)+" names")
	}
	seen := make([]string, 0, len(members)) // sorted; a map takes two kilobytes of code
	for i, member := range members {
		if reason := checkName(member.Name); reason != "" {
			r.failAt(key, what, i, reason)
		}
		at, twice := slices.BinarySearch(seen, member.Name)
		if twice {
			r.failAt(key, what, i, "it has the name of another")
		}
		seen = append(seen, "")
		copy(seen[at+1:], seen[at:])
		seen[at] = member.Name
	}
	if r.err != nil {
		return nil
	}
	return members
}

// checkName tells what is wrong with a name, or returns "". The model reads
// names, so that a credential in the wrong place must not pass as one.
func checkName(name string) (reason string) {
	const maxName = 64 // characters; describe repeats names for each tool
	switch {
	case strings.TrimSpace(name) == "":
		return "it has no name"
	case utf8.RuneCountInString(name) > maxName:
		return "its name has more than " + strconv.Itoa(maxName) + " characters"
	case looksSecret(name) || strings.Contains(name, "://") || len(name) >= 16 && strings.HasPrefix(name, "SEC"):
		return "its name looks like a credential"
	}
	return ""
}

// looksSecret reports whether a text may contain a credential: 32 letters and
// digits in a row, 16 that begin with SEC, or the parameter of an address.
func looksSecret(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z':
			if run++; run == 32 || run == 16 && strings.HasPrefix(s[i-15:], "SEC") {
				return true
			}
		default:
			run = 0
		}
	}
	return strings.Contains(s, "access_token")
}

// looksNumber reports whether a person's name may be a mobile number or user id:
// it has five digits or more, in ASCII, full width or Arabic.
func looksNumber(name string) bool {
	digits := 0
	for _, c := range name {
		if '0' <= c && c <= '9' || '０' <= c && c <= '９' || '٠' <= c && c <= '٩' || '۰' <= c && c <= '۹' {
			digits++
		}
	}
	return digits >= 5
}

var ordinals = [...]string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}

// failAt reports an error in the i-th person or robot. It omits the name, which
// may be a number or a credential in the wrong place.
func (r *configReader) failAt(key, what string, i int, reason string) {
	where := what + " " + strconv.Itoa(i+1)
	if i < len(ordinals) {
		where = "the " + ordinals[i] + " " + what
	}
	r.fail(key, "has a fault in "+where+": "+reason)
}

// settingReason words a violation in the settings of a person or robot. It omits
// an unknown name for the same reason.
func settingReason(v *jsonschema.Violation) string {
	switch {
	case v.Unknown:
		return "a setting" + v.Message
	case v.Path == "":
		return strings.TrimPrefix(v.Message, ": ")
	}
	return v.Path + v.Message
}
