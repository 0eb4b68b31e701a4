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
// number, or to an object with mobile or userId.
func (r *reader) people() (list []dingtalk.Person) {
	value := r.text(keyPeople)
	if value == "" {
		return nil
	}
	settings := validate.Compile(jsontext.Member(gjson.Parse(schema.Configuration), "person"))
	fields := r.names(keyPeople, "person", value, maxPeople)
	list = make([]dingtalk.Person, 0, len(fields))
	for i, field := range fields {
		person, fault := readPerson(field, settings)
		if fault != "" {
			r.failIn(keyPeople, "person", i, fault)
			return nil
		}
		list = append(list, person)
	}
	return list
}

func readPerson(field jsontext.Field, settings *validate.Schema) (p dingtalk.Person, fault string) {
	if looksNumber(field.Name) {
		return p, "its name looks like a number; the name comes first, then the number"
	}
	p = dingtalk.Person{Name: field.Name, ID: jsontext.Text(field.Value)}
	if field.Value.IsObject() {
		if fault := settings.Check(field.Value); fault != nil {
			return p, settingFault(fault)
		}
		p.ID = jsontext.Text(jsontext.Member(field.Value, "mobile"))
		if p.ID == "" {
			p.User, p.ID = true, jsontext.Text(jsontext.Member(field.Value, "userId"))
		}
	}
	if !p.Valid() {
		return p, "it has neither a mobile number nor a user id"
	}
	return p, ""
}
