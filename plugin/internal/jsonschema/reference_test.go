package jsonschema

import (
	"bytes"
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

// inputSchemas returns every tool's input schema, and testSchema, which uses more
// keywords.
func inputSchemas() []string {
	schemas := []string{testSchema}
	for _, tool := range schema.Tools {
		schemas = append(schemas, gjson.Get(tool, "inputSchema").Raw)
	}
	return schemas
}

// Our schemas use only keywords that Check enforces or that constrain nothing.
func TestKeywords(t *testing.T) {
	for _, s := range append(inputSchemas(), schema.Output) {
		checkKeywords(t, gjson.Parse(s))
	}
}

func checkKeywords(t *testing.T, s gjson.Result) {
	s.ForEach(func(key, value gjson.Result) bool {
		keyword := key.String()
		if !slices.Contains(Keywords, keyword) && !slices.Contains(Annotations, keyword) {
			t.Errorf("keyword %q is not supported", keyword)
		}
		switch keyword {
		case "properties":
			value.ForEach(func(_, property gjson.Result) bool { checkKeywords(t, property); return true })
		case "items":
			checkKeywords(t, value)
		case "enum":
			for _, choice := range value.Array() {
				if choice.Type != gjson.String {
					t.Errorf("%s in an enum is not a string", choice.Raw)
				}
			}
		case "additionalProperties":
			if value.Type != gjson.False {
				t.Error("additionalProperties is not false")
			}
		}
		return true
	})
}

// Check agrees with a full implementation on a hundred thousand values, most of
// them almost valid.
func TestReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range inputSchemas() {
		c := newComparison(t, s)
		count := map[bool]int{}
		for range 20000 {
			value, _ := json.Marshal(randomValue(random, c.source))
			count[c.compare(t, value)]++
		}
		if count[true] < 500 || count[false] < 500 {
			t.Errorf("too few valid or invalid values: %v", count)
		}
	}
}

func FuzzCheck(f *testing.F) {
	c := newComparison(f, testSchema)
	f.Add([]byte(`{"text":"a","links":[{"a/b":1}],"atAll":null}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if _, reason := strictjson.Parse(value); reason == "" {
			c.compare(t, value)
		}
	})
}

// A comparison is a schema compiled by this package and by the reference
// implementation.
type comparison struct {
	source    gjson.Result
	ours      *Schema
	reference *jsonschema.Schema
}

func newComparison(t testing.TB, source string) *comparison {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	allowNull(document)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	parsed := gjson.Parse(source)
	return &comparison{parsed, Compile(parsed), compiler.MustCompile("schema.json")}
}

// allowNull makes a schema accept null for members that are not required, as Check
// does.
func allowNull(schema any) {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)
	for name, property := range properties {
		allowNull(property)
		if !slices.Contains(required, any(name)) {
			properties[name] = map[string]any{"anyOf": []any{map[string]any{"type": "null"}, property}}
		}
	}
	if items := object["items"]; items != nil {
		allowNull(items)
	}
}

// compare fails the test if the two disagree on value, unless a member is given
// twice, which only Check rejects. It returns whether the value is valid.
func (c *comparison) compare(t *testing.T, value []byte) bool {
	t.Helper()
	violation := c.ours.Check(gjson.ParseBytes(value))
	if violation != nil && violation.Message == " is given twice" {
		return false
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return false
	}
	err = c.reference.Validate(document)
	if (err == nil) != (violation == nil) {
		t.Fatalf("%s: got %v, the reference has %v", value, violation, err)
	}
	return err == nil
}

// randomValue returns a value that mostly fits the schema.
func randomValue(random *rand.Rand, s gjson.Result) any {
	if random.IntN(12) == 0 {
		misfits := []any{nil, true, 1, 1.5, "x", "", []any{}, map[string]any{}, "ops"}
		return misfits[random.IntN(len(misfits))]
	}
	if enum := s.Get("enum").Array(); len(enum) > 0 {
		return enum[random.IntN(len(enum))].Value()
	}
	switch s.Get("type").Str {
	case "object":
		return randomObject(random, s)
	case "array":
		list := make([]any, random.IntN(4))
		for i := range list {
			list[i] = randomValue(random, s.Get("items"))
		}
		return list
	case "string":
		return strings.Repeat("中", random.IntN(5))
	case "boolean":
		return random.IntN(2) == 0
	}
	return random.IntN(9)
}

func randomObject(random *rand.Rand, s gjson.Result) any {
	object := map[string]any{}
	required := strictjson.Strings(s.Get("required"))
	s.Get("properties").ForEach(func(key, property gjson.Result) bool {
		if slices.Contains(required, key.String()) && random.IntN(20) > 0 || random.IntN(3) == 0 {
			object[key.String()] = randomValue(random, property)
		}
		return true
	})
	if random.IntN(20) == 0 {
		object["unknown"] = 1
	}
	return object
}
