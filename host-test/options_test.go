package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// baseline is the SHA-256 of what describe prints when nothing but the robot is
// configured. Whoever changes a description changes it, on purpose.
const baseline = "024fa6b7c419ab6dcef1ddf342def7bbae7956d1a714789e776b2427358fda9e"

// With none of the optional keys, describe is byte for byte what it was before
// there were any.
func TestDescribeBaseline(t *testing.T) {
	for build := range builds {
		// The version is of the module, not of the configuration.
		output := regexp.MustCompile(`,"_meta":\{"dingtalk-plugin/version":\{[^}]*\} *\}`).ReplaceAll(rawDescribe(t, build, nil), nil)
		sum := sha256.Sum256(output)
		if got := hex.EncodeToString(sum[:]); got != baseline {
			t.Errorf("%s: describe has the sum %s, want %s", builds[build].name, got, baseline)
		}
	}
}

// A dry run answers with what its own output schema, as described, promises;
// and that schema still takes every other answer.
func TestDryRun(t *testing.T) {
	run, s := start(t, 0, &scenario.Scenario{Config: map[string]string{"DRY_RUN": "true", "KEYWORDS": "k"}})
	promised := compile(t, string(describedTools(t, s.Plugin)[0].OutputSchema))
	for _, arguments := range []string{`{"text":"hello"}`, `{"text":"k","atMobiles":["13800000001"]}`, `{"tex":"hello"}`} {
		result, err := s.Plugin.Call(t.Context(), "send_text_message", json.RawMessage(arguments))
		if err != nil {
			t.Fatal(err)
		}
		if err := promised.Validate(result.StructuredContent); err != nil {
			t.Errorf("%s: %v", arguments, err)
		}
	}
	long, _ := json.Marshal(map[string]string{"text": strings.Repeat("word ", 9000)})
	result, err := s.Plugin.Call(t.Context(), "send_text_message", long)
	if err != nil {
		t.Fatal(err)
	}
	bodies := gjson.GetBytes(structured(t, result), "dryRun.bodies.#").Int()
	if sizes := gjson.GetBytes(structured(t, result), "dryRun.sizes").Array(); bodies != 3 || len(sizes) != 3 || sizes[0].Int() > 20000 {
		t.Errorf("a long message: %d bodies of %v bytes", bodies, sizes)
	}
	if got := run.Recorder.Drain(); got != nil {
		t.Errorf("a dry run sent %v", got)
	}
}

func structured(t *testing.T, result *mcp.CallToolResult) []byte {
	t.Helper()
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every tool that can be switched on is as good as the two that always are.
func TestDescribeAll(t *testing.T) {
	_, s := start(t, 0, &scenario.Scenario{Config: map[string]string{"TOOLS": "all", "AT_USER_IDS": "true"}})
	tools := describedTools(t, s.Plugin)
	if len(tools) != len(schema.Tools) {
		t.Errorf("%d tools, want %d", len(tools), len(schema.Tools))
	}
	for i := range tools {
		checkTool(t, &tools[i])
	}
}
