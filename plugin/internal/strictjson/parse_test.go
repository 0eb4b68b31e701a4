package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", "it is empty"},
		{"cut", `{"a":`, "it is not JSON, or it was cut short"},
		{"cut in a string", `{"a":"b`, "it is not JSON, or it was cut short"},
		{"trailing", `{} {}`, "it is not JSON, or it was cut short"},
		{"not UTF-8", "\"\xff\"", "it is not UTF-8"},
		{"deep", strings.Repeat("[", 100000), "it is nested too deeply"},
		{"deepest", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), ""},
		{"brackets in a string", `"` + strings.Repeat("[", 1000) + `"`, ""},
		{"pair", `"\ud83d\ude00"`, ""},
		{"pair in capitals", `"\uD83D\uDE00"`, ""},
		{"high alone", `"\uD83D"`, "half of a surrogate pair"},
		{"high before another escape", `"\ud83d\u0041"`, "half of a surrogate pair"},
		{"low alone", `"\ude00"`, "half of a surrogate pair"},
		{"backslash before u", `"\\ud83d"`, ""},
	} {
		_, got := Parse([]byte(test.in))
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestGet(t *testing.T) {
	object := gjson.Parse(`{"a.b":1,"\u0061":2,"*":3,"#":4}`)
	for name, want := range map[string]string{"a.b": "1", "a": "2", "*": "3", "#": "4", "b": "", "@this": ""} {
		if got := Get(object, name).Raw; got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
		if got := Members(object, 9).Get(name).Raw; got != want {
			t.Errorf("Object.Get(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestOnce(t *testing.T) {
	many := strings.Repeat(`"x":[],`, 1000)
	for _, test := range []struct {
		in, want string
		twice    bool
	}{
		{`{"b":2,"a":1}`, "1", false},
		{`{` + many + `"b":2,` + many + `"a":1}`, "1", false},
		{`{"b":{"a":1}}`, "", false},
		{`{"a":1,` + many + `"\u0061":3}`, "1", true},
		{`{"a":null,"a":null,"a":1}`, "null", true},
		{`["a",1]`, "", false},
		{`1`, "", false},
	} {
		if got, twice := Once(gjson.Parse(test.in), "a"); got.Raw != test.want || twice != test.twice {
			t.Errorf("Once(%.40s) = %s, %t, want %s, %t", test.in, got.Raw, twice, test.want, test.twice)
		}
	}
}

// What Parse accepts means the same to encoding/json, whether it is read through
// gjson or through this package. What it rejects is invalid, too deep or has half
// a surrogate pair.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,"\u00e9\n",null,{}],"b":{"c":-1.5e3,"d":[]}}`, ` [ "\ud83d\ude00" , true,false ] `, `"\ud83d\uDE00"`, `1e5`,
		"{\t\"\\\"\\\\\\/\\b\\f\\r\\t\":\"中文\"\r\n}", `{"a":"}","b":"]","c":"{[,:"}`, `[[[]],[{}]]`, `[[[`, `"\u0000"`, "\"\x01\"",
		`["é中😀, eight bytes at once: éééé中中中中😀😀", "中文中文中文\n中文中文中文\ud83d\ude00abcdefgh"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, reason := Parse(data)
		if reason == "it is not JSON, or it was cut short" && json.Valid(data) {
			t.Errorf("rejected %q: %s", data, reason)
		}
		var want any
		if reason != "" || json.Unmarshal(data, &want) != nil {
			return // encoding/json also rejects numbers out of range
		}
		if s, ok := want.(string); ok && value.String() != s {
			t.Errorf("%q: gjson reads %q, want %q", data, value.String(), s)
		}
		if got := decode(t, value); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", data, got, want)
		}
	})
}

// decode returns what encoding/json makes of a value.
func decode(t *testing.T, value gjson.Result) any {
	switch {
	case value.IsObject():
		object := map[string]any{}
		for _, member := range Members(value, 1000) {
			object[member.Name] = decode(t, member.Value)
		}
		return object
	case value.IsArray():
		array := []any{}
		Each(value, func(element gjson.Result) bool {
			array = append(array, decode(t, element))
			return true
		})
		return array
	case value.Type == gjson.String:
		text := String(value)
		bytes, characters := StringSize(value)
		if bytes != len(text) || characters != utf8.RuneCountInString(text) {
			t.Errorf("StringSize(%s) = %d, %d for %q", value.Raw, bytes, characters, text)
		}
		return text
	}
	return value.Value()
}
