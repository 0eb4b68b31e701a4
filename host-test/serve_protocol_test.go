package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/host-test/internal/pluginversion"
	"dingtalk-plugin/schema"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"
)

// Results of serve are valid in each version of MCP that a client may speak,
// according to its official schema (testdata/mcp/README.md). The two oldest lack
// much of what a tool has, and allow it all the same.
func TestServeProtocol(t *testing.T) {
	lists := map[string]string{}
	for _, version := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"} {
		results := serveVersion(t, version)
		lists[version] = results[1].Get("tools").Raw
		checkIdentity(t, version, results)
		if slices.Contains([]string{"2024-11-05", "2025-03-26"}, version) {
			continue
		}
		definitions := []string{"InitializeResult", "ListToolsResult", "CallToolResult", "CallToolResult", "CallToolResult"}
		if version == "2026-07-28" {
			definitions[0] = "DiscoverResult"
		}
		for i, name := range definitions {
			checkDefinition(t, version, name, results[i].Raw)
		}
	}
	for version, list := range lists {
		if list != lists["2026-07-28"] {
			t.Errorf("%s lists other tools than the newest version: %s", version, list)
		}
	}
}

// serveVersion returns the results of the first request that a client of a
// version makes, of tools/list, and of three calls: one that the host ends, one
// with invalid arguments, and one that is sent.
func serveVersion(t *testing.T, version string) []gjson.Result {
	t.Helper()
	s := newServed(t)
	s.config[schema.KeyTools] = "all"
	first := fmt.Sprintf(`"method":"initialize","params":{"protocolVersion":"%s","capabilities":{},"clientInfo":{"name":"x","version":"1"}`, version)
	meta := ""
	if version >= "2026-07-28" {
		meta = fmt.Sprintf(`"_meta":{"io.modelcontextprotocol/protocolVersion":"%s","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"}}`, version)
		first = `"method":"server/discover","params":{` + meta
		meta = "," + meta
	}
	const call = `"method":"tools/call","params":{"name":"send_text_message","arguments":`
	var in, out bytes.Buffer
	for i, request := range []string{first, `"method":"tools/list","params":{"cursor":""` + meta, call + `{"text":"lost"}` + meta, call + `{}` + meta, call + `{"text":"hello"}` + meta} {
		fmt.Fprintf(&in, `{"jsonrpc":"2.0","id":%d,%s}}`+"\n", i, request)
	}
	inject(s.robot, "drop-after")
	if err := s.server(t, 0).Run(t.Context(), &mcpserver.StdioTransport{Reader: &in, Writer: &out}); err != nil {
		t.Fatal(err)
	}
	results := make([]gjson.Result, 5)
	for line := range strings.Lines(out.String()) {
		if result := gjson.Get(line, "result"); result.Exists() {
			results[gjson.Get(line, "id").Int()] = result
		}
	}
	for i, want := range []string{"unknown_outcome", "invalid_arguments", "sent"} {
		if got := results[2+i].Get("structuredContent.reason").String(); got != want {
			t.Fatalf("%s: the call has the reason %q, want %q: %s", version, got, want, &out)
		}
	}
	return results
}

// checkIdentity checks what a client reads about the server and its tools.
func checkIdentity(t *testing.T, version string, results []gjson.Result) {
	t.Helper()
	info := results[0].Get("serverInfo")
	if !info.Exists() {
		info = results[0].Get(`_meta.io\.modelcontextprotocol/serverInfo`)
	}
	if icons := info.Get("icons").Raw; info.Get("version").String() != "v1.2.3" || info.Get("websiteUrl").String() != "https://example.org/" ||
		info.Get("description").String() == "" || icons != results[1].Get("tools.0.icons").Raw || icons == "" {
		t.Errorf("%s: the server is %s", version, info.Raw)
	}
	if words := len(strings.Fields(results[0].Get("instructions").String())); words < 30 || words > 120 {
		t.Errorf("%s: the instructions have %d words", version, words)
	}
	for i, tool := range results[1].Get("tools").Array() {
		if want := gjson.Get(schema.Tools[i], "name").String(); tool.Get("name").String() != want {
			t.Errorf("%s: tool %d is %s, want %s as describe has it", version, i, tool.Get("name"), want)
		}
	}
	for i, result := range results[:2] {
		if version >= "2026-07-28" && (result.Get("ttlMs").Int() <= 0 || result.Get("cacheScope").String() != "private") {
			t.Errorf("%s: result %d may not be kept: %.200s", version, i, result.Raw)
		}
	}
}

// checkDefinition validates a result, and the same without each of the members
// that its definition requires, which must be invalid.
func checkDefinition(t *testing.T, version, name, result string) {
	t.Helper()
	file := "testdata/mcp/" + version + ".json"
	key := "$defs"
	if version <= "2025-06-18" {
		key = "definitions"
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	definition := compiler.MustCompile(file + "#/" + key + "/" + name)
	var value map[string]any
	if err := json.Unmarshal([]byte(result), &value); err != nil {
		t.Fatalf("%s: %s: %v: %s", version, name, err, result)
	}
	if err := definition.Validate(value); err != nil {
		t.Errorf("%s: %s: %v\n%s", version, name, err, result)
	}
	for _, member := range definition.Required {
		saved := value[member]
		delete(value, member)
		if definition.Validate(value) == nil {
			t.Errorf("%s: %s is valid without %s", version, name, member)
		}
		value[member] = saved
	}
	if len(definition.Required) == 0 {
		t.Errorf("%s: %s requires nothing", version, name)
	}
}

// Clients read a version that tells something, and a website only where there is
// one.
func TestServeVersion(t *testing.T) {
	for want, versions := range map[string][]string{
		"v1.2.3":    {"v1.2.3", "v0.0.0-20261125000000-0123456789ab"},
		"v1.2.4":    {pluginversion.Unknown, "v1.2.4"},
		"v1.2.5":    {"", "v1.2.5"},
		"0.0.0-dev": {pluginversion.Unknown, "(devel)"},
	} {
		if got := firstKnown(versions...); got != want {
			t.Errorf("firstKnown(%q) = %s, want %s", versions, got, want)
		}
	}
	for module, want := range map[string]string{"": "", "dingtalk-plugin": "", "github.com/some-one/dingtalk": "https://github.com/some-one/dingtalk"} {
		if got := websiteOf(module); got != want {
			t.Errorf("websiteOf(%q) = %q, want %q", module, got, want)
		}
	}
}
