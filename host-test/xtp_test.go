package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// xtpForm is what a document of XTP's version v1-draft may look like, as far as
// ours goes (https://docs.xtp.dylibso.com/docs/concepts/xtp-schema): names are
// identifiers, references stay in the document, and each schema is an object
// with properties or an enumeration of strings.
const xtpForm = `{
	"type": "object", "required": ["version", "exports", "components"], "additionalProperties": false,
	"properties": {
		"version": {"const": "v1-draft"},
		"exports": {"type": "object", "propertyNames": {"$ref": "#/$defs/name"}, "additionalProperties": {
			"type": "object", "required": ["description"], "additionalProperties": false,
			"properties": {"description": {"type": "string"}, "input": {"$ref": "#/$defs/parameter"}, "output": {"$ref": "#/$defs/parameter"}}}},
		"components": {"type": "object", "additionalProperties": false, "properties": {
			"schemas": {"type": "object", "propertyNames": {"$ref": "#/$defs/name"}, "additionalProperties": {
				"oneOf": [{"$ref": "#/$defs/object"}, {"$ref": "#/$defs/enumeration"}]}}}}
	},
	"$defs": {
		"name": {"pattern": "^[a-zA-Z_$][a-zA-Z0-9_$]*$"},
		"reference": {"type": "string", "pattern": "^#/components/schemas/[^/]+$"},
		"parameter": {"type": "object", "required": ["contentType", "$ref"], "additionalProperties": false, "properties": {
			"contentType": {"enum": ["application/json", "application/x-binary", "text/plain; charset=utf-8"]},
			"$ref": {"$ref": "#/$defs/reference"}, "description": {"type": "string"}}},
		"object": {"type": "object", "required": ["type", "properties", "description"], "additionalProperties": false, "properties": {
			"type": {"const": "object"}, "description": {"type": "string"}, "required": {"type": "array", "items": {"type": "string"}},
			"properties": {"type": "object", "propertyNames": {"$ref": "#/$defs/name"}, "additionalProperties": {
				"oneOf": [{"$ref": "#/$defs/value"}, {"$ref": "#/$defs/link"}]}}}},
		"enumeration": {"type": "object", "required": ["type", "enum"], "additionalProperties": false, "properties": {
			"type": {"const": "string"}, "description": {"type": "string"}, "enum": {"type": "array", "items": {"type": "string"}}}},
		"link": {"type": "object", "required": ["$ref"], "additionalProperties": false, "properties": {
			"$ref": {"$ref": "#/$defs/reference"}, "description": {"type": "string"}}},
		"value": {"type": "object", "required": ["type"], "additionalProperties": false, "properties": {
			"type": {"enum": ["integer", "string", "number", "boolean", "object", "array", "buffer"]},
			"nullable": {"type": "boolean"}, "description": {"type": "string"},
			"items": {"oneOf": [{"$ref": "#/$defs/value"}, {"$ref": "#/$defs/link"}]}}}
	}
}`

// An xtp is the document, with its schemas compiled as JSON Schema. Where all
// members must be described, others than those described do not fit.
type xtp struct {
	compiler *jsonschema.Compiler
}

func readXTP(t *testing.T, strict bool) *xtp {
	t.Helper()
	data, err := os.ReadFile("../schema/xtp.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compile(t, xtpForm).Validate(document); err != nil {
		t.Fatalf("xtp.json is no XTP document: %v", err)
	}
	adapt(document, strict)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("xtp.json", document); err != nil {
		t.Fatal(err)
	}
	return &xtp{compiler}
}

// adapt says in the words of JSON Schema what XTP says in its own: nullable.
func adapt(node any, strict bool) {
	fields, _ := node.(map[string]any)
	for _, child := range fields {
		adapt(child, strict)
	}
	if fields["nullable"] == true {
		fields["type"] = []any{fields["type"], "null"}
	}
	if _, is := fields["properties"].(map[string]any); is && strict && fields["type"] == "object" {
		fields["additionalProperties"] = false
	}
}

func (x *xtp) check(name string, data []byte) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	return x.compiler.MustCompile("xtp.json#/components/schemas/" + name).Validate(value)
}

// The exports are those of the module, their schemas exist, and what an object
// requires it has.
func TestXTPDocument(t *testing.T) {
	data, err := os.ReadFile("../schema/xtp.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Exports    map[string]struct{ Input, Output map[string]string }
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]any
			}
		}
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	exported := compiled(t, 0).ExportedFunctions()
	for name := range document.Exports {
		if exported[name] == nil {
			t.Errorf("the module does not export %s", name)
		}
	}
	if len(document.Exports) != 2 || document.Exports["describe"].Input != nil {
		t.Errorf("exports %v", document.Exports)
	}
	x := readXTP(t, true)
	for name, schema := range document.Components.Schemas {
		x.compiler.MustCompile("xtp.json#/components/schemas/" + name)
		for _, required := range schema.Required {
			if schema.Properties[required] == nil {
				t.Errorf("%s requires %s, which it does not have", name, required)
			}
		}
	}
}

// What describe gives fits, with everything switched on and off.
func TestXTPDescribe(t *testing.T) {
	x := readXTP(t, true)
	for _, values := range []map[string]string{nil, {
		"DINGTALK_BOT_TOOLS": "all", "DINGTALK_BOT_DRY_RUN": "true", "DINGTALK_BOT_AT_USER_IDS": "true",
		"DINGTALK_BOT_PEOPLE": `{"a":"13800000001"}`, config.Robots: `{"a":{"accessToken":"a"},"b":{"accessToken":"b"}}`,
	}} {
		if err := x.check("ListToolsResult", rawDescribe(t, 0, values)); err != nil {
			t.Errorf("%v: %v", values, err)
		}
	}
}

// Every result of every scenario fits, whatever was asked; and whatever was
// asked and succeeded, fits too.
func TestXTPScenarios(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	inputs, results := readXTP(t, false), readXTP(t, true)
	var checked, asked int
	for _, file := range files {
		s, _, err := scenario.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Steps {
			step := &s.Steps[i]
			if step.Call == "describe" || !json.Valid([]byte(step.Result)) {
				continue // the tools in words, or the host's error
			}
			checked++
			if err := results.check("CallToolResult", []byte(step.Result)); err != nil {
				t.Errorf("%s, result %d: %v", file, i+1, err)
			}
			if _, input, err := step.Input(); err != nil {
				t.Error(err)
			} else if strings.Contains(step.Result, `"reason": "sent"`) {
				asked++
				if err := inputs.check("CallToolRequest", input); err != nil {
					t.Errorf("%s, call %d: %v", file, i+1, err)
				}
			}
		}
	}
	if checked < 50 || asked < 20 {
		t.Errorf("only %d results and %d calls were checked", checked, asked)
	}
}

// The schemas refuse what is not of the interface.
func TestXTPRefuses(t *testing.T) {
	x := readXTP(t, false)
	for _, tt := range []struct{ name, data string }{
		{"CallToolRequest", `{}`},
		{"CallToolRequest", `{"params":{}}`},
		{"CallToolRequest", `{"params":{"name":7}}`},
		{"CallToolRequest", `{"params":{"name":"a","arguments":[]}}`},
		{"CallToolResult", `{"content":[{"type":"image","text":""}]}`},
		{"CallToolResult", `{"content":[{"type":"text"}]}`},
		{"CallToolResult", `{"content":[],"isError":"yes"}`},
		{"ListToolsResult", `{"tools":[{"name":"a","description":"b"}]}`},
	} {
		if x.check(tt.name, []byte(tt.data)) == nil {
			t.Errorf("%s takes %s", tt.name, tt.data)
		}
	}
	for _, document := range []string{
		`{"version":"v0","exports":{},"components":{}}`,
		`{"version":"v1-draft","exports":[],"components":{}}`,
		`{"version":"v1-draft","exports":{"a b":{"description":""}},"components":{}}`,
		`{"version":"v1-draft","exports":{"a":{"description":"","input":{"$ref":"#/components/schemas/A"}}},"components":{}}`,
		`{"version":"v1-draft","exports":{},"components":{"schemas":{"A":{"type":"object"}}}}`,
		`{"version":"v1-draft","exports":{},"components":{"schemas":{"A":{"type":"object","description":"","properties":{"a":{"$ref":"#/$defs/a"}}}}}}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
		if err != nil || compile(t, xtpForm).Validate(value) == nil {
			t.Errorf("%s passes for an XTP document, %v", document, err)
		}
	}
}

// Names that mcp.run's own interface has, so that bindings made for it fit.
func TestXTPNames(t *testing.T) {
	x := readXTP(t, true)
	for _, name := range []string{"ListToolsResult", "ToolDescription", "CallToolRequest", "Params", "CallToolResult", "Content", "ContentType"} {
		if _, err := x.compiler.Compile("xtp.json#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The smallest tool and result that mcp.run defined fit.
	if err := x.check("ListToolsResult", []byte(`{"tools":[{"name":"a","description":"b","inputSchema":{}}]}`)); err != nil {
		t.Error(err)
	}
	if err := x.check("CallToolResult", []byte(`{"content":[{"type":"text","text":"a"}]}`)); err != nil {
		t.Error(err)
	}
}
