package tool

import (
	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
	"dingtalk-plugin/plugin/internal/validate"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// maxPeople bounds what a configuration may hold.
const maxPeople = 1000

// people reads who can be mentioned by name: an object from name to a mobile
// number, or to an object with mobile or userId. No fault repeats a number.
func (r *reader) people() (list []dingtalk.Person) {
	value := r.text(keyPeople)
	if value == "" {
		return nil
	}
	settings := validate.Compile(jsontext.Member(gjson.Parse(schema.Configuration), "person"))
	for _, field := range r.object(keyPeople, value) {
		person := dingtalk.Person{Name: field.Name, ID: jsontext.Text(field.Value)}
		if field.Value.IsObject() {
			if fault := settings.Check(field.Value); fault != nil {
				r.fail(keyPeople, "has a fault in "+field.Name+": "+fault.Path+" "+fault.Text)
				return nil
			}
			person.ID = jsontext.Text(jsontext.Member(field.Value, "mobile"))
			if person.ID == "" {
				person.User, person.ID = true, jsontext.Text(jsontext.Member(field.Value, "userId"))
			}
		}
		if !person.Valid() {
			r.fail(keyPeople, "has neither a mobile number nor a user id for "+field.Name)
			return nil
		}
		list = append(list, person)
	}
	return list
}

// object reads a value that is a JSON object with names as keys.
func (r *reader) object(key, value string) jsontext.Object {
	parsed, fault := jsontext.Parse([]byte(value))
	switch {
	case fault != "":
		r.fail(key, "is not a JSON object: "+fault)
	case !parsed.IsObject():
		r.fail(key, "is not a JSON object")
	}
	fields := jsontext.Fields(parsed, maxPeople)
	if parsed.IsObject() && len(fields) == 0 {
		r.fail(key, "names nobody")
	}
	for i, field := range fields {
		if dingtalk.Blank(field.Name) {
			r.fail(key, "holds a blank name")
		}
		for _, before := range fields[:i] {
			if before.Name == field.Name {
				r.fail(key, "holds the name "+field.Name+" twice")
			}
		}
	}
	return fields
}
