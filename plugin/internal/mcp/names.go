package mcp

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// maxName bounds the name of a person or robot, in characters: describe lists it
// with each tool.
const maxName = 64

// names reads a value that is a JSON object with names as keys, each of a person
// or robot as what says. After a fault it returns none.
func (r *reader) names(key, what, value string, limit int) strictjson.Object {
	parsed, fault := strictjson.ParseText(value)
	switch {
	case fault != "":
		r.fail(key, "is not a JSON object: "+fault)
		return nil
	case !parsed.IsObject():
		r.fail(key, "is not a JSON object")
		return nil
	}
	fields := strictjson.Members(parsed, limit+1)
	switch {
	case len(fields) == 0:
		r.fail(key, "is empty")
	case len(fields) > limit:
		r.fail(key, "holds more than "+strconv.Itoa(limit)+" names")
	}
	before := make(map[string]bool, len(fields))
	for i, field := range fields {
		if fault := nameFault(field.Name); fault != "" {
			r.failIn(key, what, i, fault)
		}
		if before[field.Name] {
			r.failIn(key, what, i, "it has the name of another")
		}
		before[field.Name] = true
	}
	if r.fault != nil {
		return nil
	}
	return fields
}

// nameFault says what is wrong with a name, which the model reads: it must not
// be a credential that was written in the place of a name.
func nameFault(name string) string {
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

// looksSecret reports whether a text that the model reads holds what looks like
// a token: 32 letters and digits on end, or the parameter of an address.
func looksSecret(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z':
			if run++; run == 32 {
				return true
			}
		default:
			run = 0
		}
	}
	return strings.Contains(s, "access_token")
}

// looksNumber reports whether a person's name may be a number or an id: it has
// five digits or more, of any width.
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

// failIn notes a fault in the i-th person or robot. It says where, and not the
// name: what stands in its place may be a number or a credential.
func (r *reader) failIn(key, what string, i int, fault string) {
	where := what + " " + strconv.Itoa(i+1)
	if i < len(ordinals) {
		where = "the " + ordinals[i] + " " + what
	}
	r.fail(key, "has a fault in "+where+": "+fault)
}

// settingFault words a fault in the settings of a person or robot. One of an
// unknown name has no path, for the same reason.
func settingFault(fault *jsonschema.Violation) string {
	switch {
	case fault.Unknown:
		return "a setting is " + fault.Message
	case fault.Path == "":
		return fault.Message
	}
	return fault.Path[1:] + " " + fault.Message
}

// maxPeople bounds what a configuration may hold.
const maxPeople = 1000

// people reads who can be mentioned by name: an object from name to a mobile
// number, or to an object with mobile or userId.
func (r *reader) people() (list []dingtalk.Person) {
	value := r.text(schema.KeyPeople)
	if value == "" {
		return nil
	}
	settings := jsonschema.Compile(strictjson.Get(gjson.Parse(schema.Configuration), "person"))
	fields := r.names(schema.KeyPeople, "person", value, maxPeople)
	list = make([]dingtalk.Person, 0, len(fields))
	for i, field := range fields {
		person, fault := readPerson(field, settings)
		if fault != "" {
			r.failIn(schema.KeyPeople, "person", i, fault)
			return nil
		}
		list = append(list, person)
	}
	return list
}

func readPerson(field strictjson.Member, settings *jsonschema.Schema) (p dingtalk.Person, fault string) {
	if looksNumber(field.Name) {
		return p, "its name looks like a number; the name comes first, then the number"
	}
	p = dingtalk.Person{Name: field.Name, ID: strictjson.String(field.Value)}
	if field.Value.IsObject() {
		if fault := settings.Check(field.Value); fault != nil {
			return p, settingFault(fault)
		}
		p.ID = strictjson.String(strictjson.Get(field.Value, "mobile"))
		if p.ID == "" {
			p.IsUserID, p.ID = true, strictjson.String(strictjson.Get(field.Value, "userId"))
		}
	}
	if !p.Valid() {
		return p, "it has neither a mobile number nor a user id"
	}
	return p, ""
}
