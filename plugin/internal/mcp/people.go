package mcp

import (
	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
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
	settings := jsonschema.Compile(strictjson.Get(gjson.Parse(schema.Configuration), "person"))
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
