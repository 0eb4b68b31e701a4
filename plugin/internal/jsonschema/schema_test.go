package jsonschema

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// testSchema uses every keyword.
const testSchema = `{
  "type": "object",
  "properties": {
    "text": {"type": "string", "minLength": 1, "maxLength": 3},
    "atMobiles": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 2},
    "atAll": {"type": "boolean"},
    "robot": {"type": "string", "enum": ["ops", "dev"]},
    "picUrl": {"type": "string"},
    "links": {"type": "array", "minItems": 1, "items": {
      "type": "object", "properties": {"a/b": {"type": "integer"}}, "required": ["a/b"], "additionalProperties": false}}
  },
  "required": ["text"],
  "additionalProperties": false
}`

func TestCheck(t *testing.T) {
	for _, test := range []struct{ name, value, path, message string }{
		{"good", `{"text":"hi","atMobiles":["1"],"atAll":true,"robot":"ops"}`, "", ""},
		{"null option", `{"text":"hi","atMobiles":null,"atAll":null}`, "", ""},
		{"escaped name", `{"te\u0078t":"hi"}`, "", ""},
		{"characters, not bytes", `{"text":"中文字"}`, "", ""},
		{"the other spelling", `{"text":"hi","picURL":"a"}`, "", ""},
		{"the other spelling, checked", `{"text":"hi","picURL":1}`, "picUrl", ": expected a string, got an integer"},
		{"both spellings", `{"text":"hi","picURL":"a","picUrl":"b"}`, "picUrl", " is given twice"},
		{"no object", `[]`, "", ": expected an object, got an array"},
		{"missing", `{}`, "text", " is required"},
		{"null for what is required", `{"text":null}`, "text", ": expected a string, got null"},
		{"wrong type", `{"text":7}`, "text", ": expected a string, got an integer"},
		{"fraction", `{"text":7.5}`, "text", ": expected a string, got a number"},
		{"too short", `{"text":""}`, "text", ": expected at least 1 character, got 0"},
		{"too long", `{"text":"中文字符"}`, "text", ": expected at most 3 characters, got 4"},
		{"string for a list", `{"text":"a","atMobiles":"1"}`, "atMobiles", ": expected an array, got a string"},
		{"element", `{"text":"a","atMobiles":["1",2]}`, "atMobiles[1]", ": expected a string, got an integer"},
		{"too many", `{"text":"a","atMobiles":["1","2","3"]}`, "atMobiles", ": expected at most 2 elements, got 3"},
		{"too few", `{"text":"a","links":[]}`, "links", ": expected at least 1 element, got 0"},
		{"null element", `{"text":"a","atMobiles":[null]}`, "atMobiles[0]", ": expected a string, got null"},
		{"string for a boolean", `{"text":"a","atAll":"true"}`, "atAll", ": expected a boolean, got a string"},
		{"no choice", `{"text":"a","robot":"op"}`, "robot", ": expected one of ops, dev (did you mean ops?)"},
		{"unknown, near", `{"text":"a","at_mobiles":[]}`, "at_mobiles", " is unknown (did you mean atMobiles?)"},
		{"unknown, typo", `{"text":"a","atMobile":[]}`, "atMobile", " is unknown (did you mean atMobiles?)"},
		{"unknown, far", `{"text":"a","content":"b"}`, "content", " is unknown; known are text, atMobiles, atAll, robot, picUrl, links"},
		{"unknown null", `{"text":"a","x":null}`, "x", " is unknown; known are text, atMobiles, atAll, robot, picUrl, links"},
		{"twice", `{"text":"a","text":"b"}`, "text", " is given twice"},
		{"deep path", `{"text":"a","links":[{"a/b":"1"}]}`, "links[0].a/b", ": expected an integer, got a string"},
		{"unknown before missing", `{"content":"b"}`, "content", " is unknown; known are text, atMobiles, atAll, robot, picUrl, links"},
	} {
		var path, message string
		unknown := strings.HasPrefix(test.message, " is unknown")
		if violation := Compile(gjson.Parse(testSchema)).Check(gjson.Parse(test.value)); violation != nil {
			path, message = violation.Path, violation.Message
			if violation.Unknown != unknown {
				t.Errorf("%s: unknown is %t", test.name, violation.Unknown)
			}
		}
		if path != test.path || message != test.message {
			t.Errorf("%s: got %q %q, want %q %q", test.name, path, message, test.path, test.message)
		}
	}
}

func TestLevenshtein(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"text", "txt", 1},
	} {
		if got, reverse := levenshtein(test.a, test.b), levenshtein(test.b, test.a); got != test.want || reverse != test.want {
			t.Errorf("levenshtein(%q, %q) = %d, reversed %d, want %d", test.a, test.b, got, reverse, test.want)
		}
	}
}
