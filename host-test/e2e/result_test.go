package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkResult checks what holds for every result: it is short, and its structured
// content matches the output schema.
func checkResult(t testing.TB, tool *toolListing, output []byte) {
	t.Helper()
	var result struct {
		Content           []struct{ Type, Text string }
		StructuredContent any
		IsError           bool
	}
	if err := json.Unmarshal(output, &result); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if len(result.Content) != 1 || result.Content[0].Text == "" {
		t.Errorf("%d contents, want one with text", len(result.Content))
	}
	structured, _ := result.StructuredContent.(map[string]any)
	if structured["reason"] == "dry_run" {
		return // as long as the message; TestDryRun checks its schema
	}
	if len(output) >= 4096 {
		t.Errorf("the result has %d bytes, want under 4096", len(output))
	}
	// A call that reaches no tool has no tool's result.
	if reason := structured["reason"]; reason != "unknown_tool" && reason != "invalid_request" {
		if err := compile(t, closed(tool.OutputSchema)).Validate(result.StructuredContent); err != nil {
			t.Errorf("structuredContent of %s: %v", tool.Name, err)
		}
	}
	if structured["ok"] == result.IsError {
		t.Errorf("isError is %v and ok is %v", result.IsError, structured["ok"])
	}
}

// closed returns an output schema that allows no other members.
func closed(output json.RawMessage) string {
	return strings.Replace(string(output), "{", `{"additionalProperties":false,`, 1)
}

func compile(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("schema.json")
}
