package jsonschema

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"
)

// inputSchemas returns every tool's input schema, and the trial schema, whose
// keywords go beyond theirs.
func inputSchemas() []string {
	schemas := []string{trial}
	for _, tool := range schema.Tools {
		schemas = append(schemas, gjson.Get(tool, "inputSchema").Raw)
	}
	return schemas
}

// A schema may only use keywords that Check enforces or that constrain nothing.
func TestKeywords(t *testing.T) {
	var walk func(s gjson.Result)
	walk = func(s gjson.Result) {
		s.ForEach(func(key, value gjson.Result) bool {
			keyword := key.String()
			if !slices.Contains(Keywords, keyword) && !slices.Contains(Annotations, keyword) {
				t.Errorf("keyword %q is not known to the validator", keyword)
			}
			switch keyword {
			case "properties":
				value.ForEach(func(_, property gjson.Result) bool { walk(property); return true })
			case "items":
				walk(value)
			case "enum":
				for _, choice := range value.Array() {
					if choice.Type != gjson.String {
						t.Error("an enum may only be of strings")
					}
				}
			case "additionalProperties":
				if value.Type != gjson.False {
					t.Error("additionalProperties may only be false")
				}
			}
			return true
		})
	}
	for _, s := range append(inputSchemas(), schema.Output) {
		walk(gjson.Parse(s))
	}
}

// Check and a real validator agree on a hundred thousand near-misses.
func TestDifferential(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range inputSchemas() {
		oracle := compile(t, s)
		agreed := map[bool]int{}
		for range 20000 {
			value, _ := json.Marshal(nearly(random, gjson.Parse(s)))
			agreed[compare(t, oracle, s, value)]++
		}
		if agreed[true] < 500 || agreed[false] < 500 {
			t.Errorf("lopsided sample: %v", agreed)
		}
	}
}

func FuzzCheck(f *testing.F) {
	oracle := compile(f, trial)
	f.Add([]byte(`{"text":"a","links":[{"a/b":1}],"atAll":null}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if _, fault := strictjson.Parse(value); fault == "" {
			compare(t, oracle, trial, value)
		}
	})
}

func compile(t testing.TB, s string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("schema.json")
}

// compare fails the test when Check and the oracle disagree on value, less the
// two kindnesses and rigours that are ours: null for an absent option, and
// members given twice. It returns whether the value is valid.
func compare(t *testing.T, oracle *jsonschema.Schema, s string, value []byte) bool {
	t.Helper()
	fault := Compile(gjson.Parse(s)).Check(gjson.ParseBytes(value))
	if fault != nil && fault.Text == "given twice" {
		return false
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(value)))
	if err != nil {
		return false
	}
	err = oracle.Validate(dropNulls(gjson.Parse(s), document))
	if (err == nil) != (fault == nil) {
		t.Fatalf("%s: we say %v, the oracle says %v", value, fault, err)
	}
	return err == nil
}

// dropNulls removes null for members that the schema knows and does not require.
func dropNulls(s gjson.Result, value any) any {
	switch value := value.(type) {
	case map[string]any:
		required := strictjson.Strings(s.Get("required"))
		for name, member := range value {
			property := strictjson.Get(s.Get("properties"), name)
			if member == nil && property.Exists() && !slices.Contains(required, name) {
				delete(value, name)
				continue
			}
			value[name] = dropNulls(property, member)
		}
	case []any:
		for i := range value {
			value[i] = dropNulls(s.Get("items"), value[i])
		}
	}
	return value
}

// nearly makes a value that mostly fits the schema.
func nearly(random *rand.Rand, s gjson.Result) any {
	if random.IntN(12) == 0 {
		strays := []any{nil, true, 1, 1.5, "x", "", []any{}, map[string]any{}, "ops"}
		return strays[random.IntN(len(strays))]
	}
	if enum := s.Get("enum").Array(); len(enum) > 0 {
		return enum[random.IntN(len(enum))].Value()
	}
	switch s.Get("type").Str {
	case "object":
		return nearlyObject(random, s)
	case "array":
		list := make([]any, random.IntN(4))
		for i := range list {
			list[i] = nearly(random, s.Get("items"))
		}
		return list
	case "string":
		return strings.Repeat("中", random.IntN(5))
	case "boolean":
		return random.IntN(2) == 0
	}
	return random.IntN(9)
}

func nearlyObject(random *rand.Rand, s gjson.Result) any {
	object := map[string]any{}
	required := strictjson.Strings(s.Get("required"))
	s.Get("properties").ForEach(func(key, property gjson.Result) bool {
		if slices.Contains(required, key.String()) && random.IntN(20) > 0 || random.IntN(3) == 0 {
			object[key.String()] = nearly(random, property)
		}
		return true
	})
	if random.IntN(20) == 0 {
		object["stray"] = 1
	}
	return object
}
