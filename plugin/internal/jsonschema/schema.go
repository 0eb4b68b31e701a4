// Package validate checks a JSON value against a JSON Schema, by interpreting
// the schema's own bytes.
//
// It knows the keywords in Keywords and no others, and those mean the same in
// draft-07 and 2020-12 (https://json-schema.org/draft/2020-12/json-schema-validation).
// A test of the schema folder refuses a keyword that is not listed, so none is
// ignored in silence. It knows nothing of DingTalk or MCP.
package jsonschema

import (
	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// Keywords are the schema keywords that Check enforces. An enum is of strings,
// and additionalProperties may only be false.
var Keywords = []string{
	"type", "enum", "properties", "required", "additionalProperties",
	"items", "minItems", "maxItems", "minLength", "maxLength",
}

// Annotations are the schema keywords that constrain nothing.
var Annotations = []string{"title", "description", "default", "examples"}

// A Schema is a JSON Schema ready to check values.
type Schema struct {
	kind       string // its type, or ""
	enum       []string
	properties []property
	required   []string
	closed     bool // no additional properties
	items      *Schema
	length     size // of a string, in characters
	count      size // of an array, in elements
}

type property struct {
	name   string
	schema *Schema
}

type size struct {
	least, most int // most is -1 for no bound
}

// Compile reads a schema. What it does not know it ignores; Keywords says what
// it knows.
func Compile(schema gjson.Result) *Schema {
	object := strictjson.Members(schema, maxMembers)
	s := &Schema{
		kind:     strictjson.String(object.Get("type")),
		enum:     strictjson.Strings(object.Get("enum")),
		required: strictjson.Strings(object.Get("required")),
		closed:   object.Get("additionalProperties").Type == gjson.False,
		length:   bounds(object, "Length"),
		count:    bounds(object, "Items"),
	}
	for _, field := range strictjson.Members(object.Get("properties"), maxMembers) {
		s.properties = append(s.properties, property{field.Name, Compile(field.Value)})
	}
	if items := object.Get("items"); items.Exists() {
		s.items = Compile(items)
	}
	return s
}

// Add adds a property to the schema of an object.
func (s *Schema) Add(name string, value *Schema, required bool) {
	s.properties = append(s.properties, property{name, value})
	if required {
		s.required = append(s.required, name)
	}
}

// FillEnum gives a schema, or that of an array's elements, its enumeration.
func (s *Schema) FillEnum(names []string) {
	if s.items != nil {
		s = s.items
	}
	s.enum = names
}

func bounds(object strictjson.Object, what string) size {
	s := size{most: -1}
	s.least = int(object.Get("min" + what).Int())
	if most := object.Get("max" + what); most.Exists() {
		s.most = int(most.Int())
	}
	return s
}

// find returns the property called name, or nil.
func (s *Schema) find(name string) *Schema {
	for i := range s.properties {
		if s.properties[i].name == name {
			return s.properties[i].schema
		}
	}
	return nil
}

// known lists the names of the properties.
func (s *Schema) known() (list []string) {
	for i := range s.properties {
		list = append(list, s.properties[i].name)
	}
	return list
}
