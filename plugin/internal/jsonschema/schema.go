// Package validate checks a JSON value against a JSON Schema, by interpreting
// the schema's own bytes.
//
// It knows the keywords in Keywords and no others, and those mean the same in
// draft-07 and 2020-12 (https://json-schema.org/draft/2020-12/json-schema-validation).
// A test of the schema folder refuses a keyword that is not listed, so none is
// ignored in silence. It knows nothing of DingTalk or MCP.
package jsonschema

import (
	"strconv"
	"strings"

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

// A Violation is the first place where a value breaks its schema.
type Violation struct {
	Path    string // JSON Pointer, "" for the value itself
	Text    string // what was expected and what was found, never a name of the value's own
	Unknown bool   // Path ends in a name that the schema does not know
}

// maxMembers is how many members of an object are looked at. No schema has as
// many properties, so the first ones of more hold one that is unknown or given
// twice.
const maxMembers = 256

// CheckObject returns the first fault of an object, or nil, as Check does.
func (s *Schema) CheckObject(object strictjson.Object) *Violation { return s.checkObject(object, "") }

// Check returns the first fault of value, or nil. Unknown members come first,
// then missing ones, then each member in the schema's order.
//
// One thing it does more kindly than JSON Schema: null for a member that is
// not required counts as absent, because agents write it so.
func (s *Schema) Check(value gjson.Result) *Violation { return s.check(value, "") }

func (s *Schema) check(value gjson.Result, path string) *Violation {
	got := typeOf(value)
	if fits := s.kind == "" || got == s.kind || s.kind == "number" && got == "integer"; !fits {
		return &Violation{Path: path, Text: "expected " + article(s.kind) + ", got " + article(got)}
	}
	switch got {
	case "object":
		return s.checkObject(strictjson.Members(value, maxMembers), path)
	case "array":
		return s.checkArray(value, path)
	case "string":
		return s.checkString(value, path)
	}
	return nil
}

// typeOf names a value's type in the schema's words.
func typeOf(value gjson.Result) string {
	switch value.Type {
	case gjson.String:
		return "string"
	case gjson.True, gjson.False:
		return "boolean"
	case gjson.Number:
		if value.Num == float64(int64(value.Num)) {
			return "integer"
		}
		return "number"
	case gjson.JSON:
		if value.IsArray() {
			return "array"
		}
		return "object"
	}
	return "null"
}

func article(name string) string {
	switch name {
	case "null":
		return name
	case "array", "object", "integer":
		return "an " + name
	}
	return "a " + name
}

func (s *Schema) checkString(value gjson.Result, path string) *Violation {
	if s.enum != nil {
		if text := strictjson.String(value); !contains(s.enum, text) {
			return &Violation{Path: path, Text: "expected one of " + list(s.enum) + suggestion(text, s.enum)}
		}
	}
	_, n := strictjson.StringSize(value)
	return s.length.check(n, "character", path)
}

func (s *Schema) checkArray(array gjson.Result, path string) (fault *Violation) {
	n := 0
	strictjson.Each(array, func(gjson.Result) bool { n++; return true })
	if fault := s.count.check(n, "element", path); fault != nil || s.items == nil {
		return fault
	}
	i := 0
	strictjson.Each(array, func(element gjson.Result) bool {
		fault = s.items.check(element, path+"/"+strconv.Itoa(i))
		i++
		return fault == nil
	})
	return fault
}

func (s size) check(n int, unit, path string) *Violation {
	if n < s.least {
		return &Violation{Path: path, Text: "expected at least " + count(s.least, unit) + ", got " + strconv.Itoa(n)}
	}
	if s.most >= 0 && n > s.most {
		return &Violation{Path: path, Text: "expected at most " + count(s.most, unit) + ", got " + strconv.Itoa(n)}
	}
	return nil
}

func count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

func (s *Schema) checkObject(object strictjson.Object, path string) *Violation {
	if fault := s.checkNames(object, path); fault != nil {
		return fault
	}
	for _, name := range s.required {
		if !object.Get(name).Exists() {
			return &Violation{Path: pointer(path, name), Text: "missing, but required"}
		}
	}
	for _, p := range s.properties {
		value := object.Get(p.name)
		absent := !value.Exists() || value.Type == gjson.Null && !contains(s.required, p.name)
		if absent {
			continue
		}
		if fault := p.schema.check(value, pointer(path, p.name)); fault != nil {
			return fault
		}
	}
	return nil
}

// checkNames finds a member that the schema does not know, and one that stands
// there twice: JSON leaves open which of two counts.
func (s *Schema) checkNames(object strictjson.Object, path string) *Violation {
	for i, field := range object {
		if s.closed && s.find(field.Name) == nil {
			return &Violation{Path: pointer(path, field.Name), Text: s.unknown(field.Name), Unknown: true}
		}
		for _, before := range object[:i] {
			if before.Name == field.Name {
				return &Violation{Path: pointer(path, field.Name), Text: "given twice"}
			}
		}
	}
	return nil
}

func (s *Schema) unknown(name string) string {
	if near := suggestion(name, s.known()); near != "" {
		return "unknown" + near
	}
	return "unknown; known are " + list(s.known())
}

func contains(list []string, s string) bool {
	for _, each := range list {
		if each == s {
			return true
		}
	}
	return false
}

// maxName bounds what a foreign name may add to a fault, in bytes.
const maxName = 64

// pointer appends a reference token to a JSON Pointer
// (https://www.rfc-editor.org/rfc/rfc6901#section-3).
func pointer(path, name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	name = strings.ReplaceAll(name, "~", "~0")
	name = strings.ReplaceAll(name, "/", "~1")
	return path + "/" + name
}

// list joins names for a sentence, the first dozen of them.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
