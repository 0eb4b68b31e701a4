// Package jsonschema checks JSON values against a JSON Schema.
//
// It supports the keywords in Keywords, which mean the same in draft-07 and
// 2020-12 (https://json-schema.org/draft/2020-12/json-schema-validation). A test
// rejects schemas with other keywords, so that none is silently ignored.
package jsonschema

import (
	"slices"
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// Keywords are the keywords that Check enforces. An enum is of strings, and
// additionalProperties can only be false.
var Keywords = []string{
	"type", "enum", "properties", "required", "additionalProperties",
	"items", "minItems", "maxItems", "minLength", "maxLength",
}

// Annotations are the keywords that constrain nothing.
var Annotations = []string{"title", "description", "default", "examples"}

// maxMembers is how many members of an object are read. No schema has as many
// properties, so a larger object has one that is unknown or given twice.
const maxMembers = 256

// A Schema is a compiled JSON Schema.
type Schema struct {
	typ          string // or "" for any
	enum         []string
	names        []string // of the properties
	properties   []*Schema
	required     []string
	noAdditional bool // no other properties
	items        *Schema
	length       bounds // of a string, in characters
	count        bounds // of an array, in elements
}

type bounds struct {
	min, max int // max is -1 for none
}

// Compile compiles a schema. It ignores keywords that are not in Keywords.
func Compile(schema gjson.Result) *Schema {
	object := strictjson.Members(schema, maxMembers)
	s := &Schema{
		typ:          strictjson.String(object.Get("type")),
		enum:         strictjson.Strings(object.Get("enum")),
		required:     strictjson.Strings(object.Get("required")),
		noAdditional: object.Get("additionalProperties").Type == gjson.False,
		length:       compileBounds(object, "Length"),
		count:        compileBounds(object, "Items"),
	}
	for _, member := range strictjson.Members(object.Get("properties"), maxMembers) {
		s.Add(member.Name, Compile(member.Value), false)
	}
	if items := object.Get("items"); items.Exists() {
		s.items = Compile(items)
	}
	return s
}

func compileBounds(object strictjson.Object, what string) bounds {
	b := bounds{min: int(object.Get("min" + what).Int()), max: -1}
	if limit := object.Get("max" + what); limit.Exists() {
		b.max = int(limit.Int())
	}
	return b
}

// Add adds a property to the schema of an object.
func (s *Schema) Add(name string, value *Schema, required bool) {
	s.names = append(s.names, name)
	s.properties = append(s.properties, value)
	if required {
		s.required = append(s.required, name)
	}
}

// FillEnum sets the enum of a schema, or of an array's elements.
func (s *Schema) FillEnum(names []string) {
	if s.items != nil {
		s = s.items
	}
	s.enum = names
}

// A Violation tells where a value first violates its schema.
type Violation struct {
	Path    string // as in links[0].title; "" for the value itself
	Message string // what was expected and what was found, to follow the path, without names from the value
	Unknown bool   // Path ends in a name that the schema does not have
}

// Check returns the first violation in value, or nil. It looks for unknown
// members, then for missing ones, then at each member in the schema's order.
//
// Unlike JSON Schema, it accepts null for a member that is not required, because
// agents send that for an absent one. And a name may end in URL for Url and the
// reverse (strictjson.OtherURL).
func (s *Schema) Check(value gjson.Result) *Violation { return s.check(value, "") }

// CheckObject is Check for an object that Members returned, in which it corrects
// the ends of names.
func (s *Schema) CheckObject(object strictjson.Object) *Violation { return s.checkObject(object, "") }

func (s *Schema) check(value gjson.Result, path string) *Violation {
	got := typeOf(value)
	if ok := s.typ == "" || got == s.typ || s.typ == "number" && got == "integer"; !ok {
		return &Violation{Path: path, Message: ": expected " + withArticle(s.typ) + ", got " + withArticle(got)}
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

// typeOf returns the type of a value as a schema names it.
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

func withArticle(typ string) string {
	switch typ {
	case "null":
		return typ
	case "array", "object", "integer":
		return "an " + typ
	}
	return "a " + typ
}

func (s *Schema) checkObject(object strictjson.Object, path string) *Violation {
	for i := range object {
		if other := strictjson.OtherURL(object[i].Name); slices.Contains(s.names, other) {
			object[i].Name = other
		}
	}
	if v := s.checkMembers(object, path); v != nil {
		return v
	}
	for _, name := range s.required {
		if !object.Get(name).Exists() {
			message := " is required"
			if choices := s.property(name).enum; choices != nil {
				message += ": choose one of " + joinMax(choices)
			}
			return &Violation{Path: memberPath(path, name), Message: message}
		}
	}
	for i, name := range s.names {
		value := object.Get(name)
		if !value.Exists() || value.Type == gjson.Null && !slices.Contains(s.required, name) {
			continue
		}
		if v := s.properties[i].check(value, memberPath(path, name)); v != nil {
			return v
		}
	}
	return nil
}

// property returns the schema of a property, which the schema has.
func (s *Schema) property(name string) *Schema { return s.properties[slices.Index(s.names, name)] }

// checkMembers finds a member that is unknown or given twice: JSON does not
// define which of the two counts.
func (s *Schema) checkMembers(object strictjson.Object, path string) *Violation {
	for i, member := range object {
		if s.noAdditional && !slices.Contains(s.names, member.Name) {
			return &Violation{Path: memberPath(path, member.Name), Message: unknownMember(member.Name, s.names), Unknown: true}
		}
		for _, before := range object[:i] {
			if before.Name == member.Name {
				return &Violation{Path: memberPath(path, member.Name), Message: " is given twice"}
			}
		}
	}
	return nil
}

func unknownMember(name string, known []string) string {
	if suggestion := suggest(name, known); suggestion != "" {
		return " is unknown" + suggestion
	}
	return " is unknown; known are " + joinMax(known)
}

func (s *Schema) checkString(value gjson.Result, path string) *Violation {
	if s.enum != nil {
		if text := strictjson.String(value); !slices.Contains(s.enum, text) {
			return &Violation{Path: path, Message: ": expected one of " + joinMax(s.enum) + suggest(text, s.enum)}
		}
	}
	_, n := strictjson.StringSize(value)
	return s.length.check(n, "character", path)
}

func (s *Schema) checkArray(array gjson.Result, path string) (v *Violation) {
	n := 0
	strictjson.Each(array, func(gjson.Result) bool { n++; return true })
	if v := s.count.check(n, "element", path); v != nil || s.items == nil {
		return v
	}
	i := 0
	strictjson.Each(array, func(element gjson.Result) bool {
		v = s.items.check(element, path+"["+strconv.Itoa(i)+"]")
		i++
		return v == nil
	})
	return v
}

func (b bounds) check(n int, unit, path string) *Violation {
	limit, bound := b.min, "at least "
	switch {
	case n < b.min:
	case b.max >= 0 && n > b.max:
		limit, bound = b.max, "at most "
	default:
		return nil
	}
	if limit != 1 {
		unit += "s"
	}
	return &Violation{Path: path, Message: ": expected " + bound + strconv.Itoa(limit) + " " + unit + ", got " + strconv.Itoa(n)}
}

// maxName limits what a name from the value adds to a path, in bytes.
const maxName = 64

// memberPath appends the name of a member to a path.
func memberPath(path, name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	if path != "" {
		path += "."
	}
	return path + name
}

// joinMax joins the first dozen of names.
func joinMax(names []string) string {
	const maxNames = 12
	if len(names) > maxNames {
		return strings.Join(names[:maxNames], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// suggest returns " (did you mean X?)" for the known name closest to name, or ""
// if none is close. Names are close if they differ only in case and separators,
// or by at most a third of their letters.
func suggest(name string, known []string) string {
	if len(name) > maxName {
		return ""
	}
	best, bestDistance := "", 0
	name = normalize(name)
	for _, candidate := range known {
		d := levenshtein(name, normalize(candidate))
		if d <= len(candidate)/3 && (best == "" || d < bestDistance) {
			best, bestDistance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// normalize drops separators and the case of ASCII letters.
func normalize(name string) string {
	normalized := make([]byte, 0, len(name))
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if strings.IndexByte("_- ", c) < 0 {
			normalized = append(normalized, c)
		}
	}
	return string(normalized)
}

// levenshtein returns the edit distance of two short names, in bytes.
func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
