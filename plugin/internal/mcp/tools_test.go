package mcp

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// expectedTools makes the tools with encoding/json, for a person and a robot of
// that name and a robot called other.
func expectedTools(t *testing.T, name string, byDefault bool) (tools []any) {
	arguments := parse[object](t, []byte(schema.Arguments))
	names := arguments["atNames"].(object)
	names["items"].(object)["enum"] = []any{name}
	robot := arguments["robot"].(object)
	robot["enum"] = []any{name, "other"}
	description := " " + name + " (" + name + "); other."
	if byDefault {
		description = " " + name + " (" + name + "), the default; other."
	}
	robot["description"] = robot["description"].(string) + description
	for i, definition := range schema.Tools {
		tool := parse[object](t, []byte(definition))
		inputSchema := tool["inputSchema"].(object)
		if tool["name"] == previewTool {
			tool = parse[object](t, []byte(schema.Tools[1]))
			addPreview(t, tool, parse[object](t, []byte(definition)))
			inputSchema = tool["inputSchema"].(object)
		}
		if !byDefault {
			inputSchema["required"] = append(inputSchema["required"].([]any), "robot")
		}
		input := inputSchema["properties"].(object)
		if _, mentions := input["atMobiles"]; mentions {
			input["atUserIds"] = arguments["atUserIds"]
		}
		if !messageTypes[i].NoMentions {
			input["atNames"] = names
		}
		input["robot"] = robot
		tool["description"] = tool["description"].(string) + expectedNote(i)
		tool["icons"] = parse[any](t, []byte(schema.Icons))
		tool["outputSchema"] = expectedOutput(t, i)
		tools = append(tools, tool)
	}
	return tools
}

// addPreview makes a tool with the arguments of send_markdown_message one that
// previews.
func addPreview(t *testing.T, tool, preview object) {
	t.Helper()
	input, own := tool["inputSchema"].(object), preview["inputSchema"].(object)
	maps.Copy(input["properties"].(object), own["properties"].(object))
	input["required"] = append(own["required"].([]any), "text")
	for name, value := range preview {
		if name != "inputSchema" {
			tool[name] = value
		}
	}
}

// expectedNote is the end of the description of the i-th of all tools, where
// several robots and a person are configured.
func expectedNote(i int) string {
	uses := []string{"plain text", "formatted text", "one page", "buttons", "pages with pictures", "a preview"}
	note, separator := "", " For %s, use this plugin's %s"
	for other, use := range uses {
		if other != i {
			note += fmt.Sprintf(separator, use, gjson.Get(schema.Tools[other], "name"))
			separator = "; for %s, %s"
		}
	}
	return note + "."
}

// expectedOutput is the output schema of the i-th tool's results in a dry run.
func expectedOutput(t *testing.T, i int) object {
	k := messageTypes[i]
	if i == len(messageTypes)-1 {
		return parse[object](t, []byte(schema.OutputPreview))
	}
	output, members := parse[object](t, []byte(schema.Output)), parse[object](t, []byte(schema.OutputMembers))
	properties := output["properties"].(object)
	for name, has := range map[string]bool{"parts": !k.NoSplit, "notified": !k.NoMentions, "dryRun": true} {
		if has {
			properties[name] = members[name]
		}
	}
	reason := properties["reason"].(object)
	reason["enum"] = append(reason["enum"].([]any), "dry_run")
	return output
}

// specialNames occur in a tool's definition, or may end a part of it.
var specialNames = []string{
	"text", "title", "name", "]", "[]", `"`, `\`, `\"`, "}", "{}", `"}`, `":{`, "atNames", "atUserIds", "robot", "properties", "enum", "required",
	"inputSchema", "description", `"properties"`, "a/b", "张三", "😀", "<b>", "a\u2028b", "tab\tbed", "$1", "%s", "null", "reason", "sent",
}

// Names of people and robots are escaped in the tools, and calls with them work.
func TestDescribeNames(t *testing.T) {
	for _, name := range specialNames {
		for _, byDefault := range []bool{true, false} {
			testDescribeName(t, name, byDefault)
		}
	}
}

func testDescribeName(t *testing.T, name string, byDefault bool) {
	t.Helper()
	robots := `{` + marshal(t, name) + `:` + marshal(t, object{"accessToken": "a", "default": byDefault, "description": name}) + `,"other":{"accessToken":"b"}}`
	config := map[string]string{
		schema.KeyTools: "all", schema.KeyAtUserIDs: "true", schema.KeyDryRun: "true", schema.KeyRobots: robots, schema.KeyPeople: marshal(t, object{name: object{"userId": "u1"}}),
	}
	s, _ := newServer(config)
	tools := parse[object](t, s.Describe())["tools"].([]any)
	for i, want := range expectedTools(t, name, byDefault) {
		if i >= len(tools) || !reflect.DeepEqual(tools[i], want) {
			t.Errorf("%s: got the tools %s", name, marshal(t, tools))
			break
		}
	}
	delete(config, schema.KeyDryRun)
	s, urls := newServer(config)
	got := call(t, s, `{"params":{"name":"send_text_message","arguments":`+
		marshal(t, object{"text": "hi", "atNames": []string{name}, "robot": name})+`}}`)
	if got.IsError || !strings.HasSuffix(strings.Join(*urls, " "), "access_token=a") {
		t.Errorf("%s: %v %+v", name, *urls, got)
	}
	if got := call(t, s, hello); got.IsError == byDefault {
		t.Errorf("%s, without a robot: %+v", name, got)
	}
}

// The largest configuration keeps describe within 1.25 megabytes.
func TestDescribeIsBounded(t *testing.T) {
	people, robots := object{}, object{}
	for i := range maxPeople {
		people[strings.Repeat("长", 60)+string(rune('a'+i/26%26))+string(rune('a'+i%26))+strings.Repeat("x", i/676)] = object{"userId": "u"}
	}
	for i := range maxRobots {
		robots[strings.Repeat("长", 60)+string(rune('A'+i))] = object{"accessToken": "a", "description": strings.Repeat("长", 200)}
	}
	s, _ := newServer(map[string]string{schema.KeyTools: "all", schema.KeyAtUserIDs: "true", schema.KeyPeople: marshal(t, people), schema.KeyRobots: marshal(t, robots)})
	got := s.Describe()
	if len(got) > 5<<18 || !json.Valid(got) {
		t.Errorf("%d bytes", len(got))
	}
	if cap(got) > len(got)+len(got)/8 {
		t.Errorf("%d bytes were allocated for %d", cap(got), len(got))
	}
	if s.config.err != nil || len(s.config.options.People) != maxPeople || len(s.config.robots) != maxRobots {
		t.Errorf("%+v", s.config.err)
	}
}
