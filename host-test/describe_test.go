package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A described is a tool as describe lists it.
type described struct {
	Name, Title, Description  string
	InputSchema, OutputSchema json.RawMessage
	Annotations               map[string]bool
}

func describedTools(t *testing.T, plugin *host.Plugin) []described {
	t.Helper()
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Tools []described }
	if err := json.Unmarshal(output, &list); err != nil {
		t.Fatal(err)
	}
	return list.Tools
}

// rawDescribe returns what describe prints in a new instance of a build that is
// configured so.
func rawDescribe(t *testing.T, build int, values map[string]string) []byte {
	t.Helper()
	plugin, err := host.Load(t.Context(), module(t, build), &host.Options{Config: values, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// arguments names the arguments as README writes them.
func (d *described) arguments() []string { return scenario.Arguments(gjson.ParseBytes(d.InputSchema)) }

// What runners and the quality rubric want of every tool, and that describe
// prints the schema files themselves.
func TestDescribe(t *testing.T) {
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	tools := describedTools(t, plugin)
	var names []string
	for i, tool := range tools {
		names = append(names, tool.Name)
		file := gjson.Parse(schema.Tools[i])
		if string(tool.InputSchema) != file.Get("inputSchema").Raw || tool.Description != file.Get("description").String() {
			t.Errorf("%s is not as its file has it", tool.Name)
		}
		if string(tool.OutputSchema) != strings.TrimSpace(schema.Output) {
			t.Errorf("%s has another output schema", tool.Name)
		}
		checkTool(t, &tool)
	}
	if want := []string{"send_text_message", "send_markdown_message"}; !slices.Equal(names, want) {
		t.Errorf("tools %v, want %v", names, want)
	}
}

func checkTool(t *testing.T, tool *described) {
	t.Helper()
	if len(tool.Title) <= len(tool.Name) || tool.Title == tool.Name {
		t.Errorf("%s: the title says no more than the name", tool.Name)
	}
	words := len(strings.Fields(tool.Description))
	if words < 60 || words > 125 {
		t.Errorf("%s: the description has %d words", tool.Name, words)
	}
	if !namesSibling(tool) {
		t.Errorf("%s does not name its siblings", tool.Name)
	}
	want := map[string]bool{"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": true}
	for hint, value := range want {
		if got, there := tool.Annotations[hint]; !there || got != value {
			t.Errorf("%s: %s is %v", tool.Name, hint, got)
		}
	}
	input := gjson.ParseBytes(tool.InputSchema)
	if input.Get("type").String() != "object" || input.Get("additionalProperties").Raw != "false" {
		t.Errorf("%s: the input schema is no closed object", tool.Name)
	}
	input.Get("properties").ForEach(func(name, property gjson.Result) bool {
		if property.Get("type").String() == "" || property.Get("description").String() == "" {
			t.Errorf("%s: %s lacks a type or description", tool.Name, name)
		}
		return true
	})
}

// namesSibling reports whether the description says which other tool to take.
func namesSibling(tool *described) bool {
	for _, definition := range schema.Tools {
		other := gjson.Get(definition, "name").String()
		if other != tool.Name && strings.Contains(tool.Description, other) {
			return true
		}
	}
	return false
}
