package jsonschema

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

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
