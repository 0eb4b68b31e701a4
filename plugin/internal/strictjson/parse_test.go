package strictjson

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Taken apart, a document means what encoding/json reads in it.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,"\u00e9\n",null,{}],"b":{"c":-1.5e3,"d":[]}}`, ` [ "\ud83d\ude00" , true,false ] `,
		"{\t\"\\\"\\\\\\/\\b\\f\\r\\t\":\"中文\"\r\n}", `{"a":"}","b":"]","c":"{[,:"}`, `[[[]],[{}]]`, `"\u0000"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, fault := Parse(data)
		var want any
		if fault != "" || json.Unmarshal(data, &want) != nil {
			return
		}
		if got := decoded(t, value, data); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", data, got, want)
		}
	})
}

// decoded makes of a value what encoding/json makes of it.
func decoded(t *testing.T, value gjson.Result, data []byte) any {
	switch {
	case value.IsObject():
		members := map[string]any{}
		for _, field := range Members(value, 1000) {
			members[field.Name] = decoded(t, field.Value, data)
		}
		return members
	case value.IsArray():
		elements := []any{}
		Each(value, func(element gjson.Result) bool {
			elements = append(elements, decoded(t, element, data))
			return true
		})
		return elements
	case value.Type == gjson.String:
		text := String(value)
		bytes, characters := StringSize(value)
		if bytes != len(text) || characters != utf8.RuneCountInString(text) {
			t.Errorf("TextSize(%s) = %d, %d for %q", value.Raw, bytes, characters, text)
		}
		return text
	}
	return value.Value()
}
