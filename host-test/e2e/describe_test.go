package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A toolListing is a tool as describe lists it.
type toolListing struct {
	Name, Title, Description  string
	InputSchema, OutputSchema json.RawMessage
	Annotations               map[string]bool
	Icons                     []struct{ Src, MimeType string }
}

func describe(t testing.TB, plugin *host.Plugin) []byte {
	t.Helper()
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func listTools(t testing.TB, values map[string]string) []toolListing {
	t.Helper()
	var list struct{ Tools []toolListing }
	if err := json.Unmarshal(describe(t, load(t, 0, host.Options{Config: values})), &list); err != nil {
		t.Fatal(err)
	}
	return list.Tools
}

// arguments names the arguments as README writes them.
func (l *toolListing) arguments() []string {
	return scenario.Arguments(gjson.ParseBytes(l.InputSchema))
}

// By default describe prints the schema files themselves, with a few sentences added to
// the descriptions.
func TestDescribe(t *testing.T) {
	for i, tool := range listTools(t, nil) {
		file := gjson.Parse(schema.Tools[i])
		if string(tool.InputSchema) != file.Get("inputSchema").Raw || !strings.HasPrefix(tool.Description, file.Get("description").String()) {
			t.Errorf("%s differs from its file", tool.Name)
		}
	}
}

// Each tool has what runners and models need, with few keys and with all.
func TestDescribedTools(t *testing.T) {
	all := map[string]string{
		schema.KeyTools: "all", schema.KeyAtUserIDs: "true",
		schema.KeyPeople: `{"Zhang San":{"mobile":"13800000001"}}`, schema.KeyRobots: `{"ops":{"accessToken":"a"},"sales":{"accessToken":"b"}}`,
	}
	tools := listTools(t, all)
	if len(tools) != len(schema.Tools) {
		t.Errorf("%d tools, want %d", len(tools), len(schema.Tools))
	}
	for _, tool := range append(tools, listTools(t, nil)...) {
		checkTool(t, &tool)
		checkIcon(t, &tool)
	}
}

func checkTool(t *testing.T, tool *toolListing) {
	t.Helper()
	if len(tool.Title) <= len(tool.Name) {
		t.Errorf("%s: the title %q adds nothing to the name", tool.Name, tool.Title)
	}
	if words := len(strings.Fields(tool.Description)); words < 50 || words > 110 {
		t.Errorf("%s: the description has %d words", tool.Name, words)
	}
	if n := len(compact(t, tool.OutputSchema)); n > 900 {
		t.Errorf("%s: the output schema has %d bytes, want at most 900", tool.Name, n)
	}
	preview := tool.Name == "preview_message"
	want := map[string]bool{"readOnlyHint": preview, "destructiveHint": false, "idempotentHint": preview, "openWorldHint": !preview}
	for hint, value := range want {
		if got, found := tool.Annotations[hint]; !found || got != value {
			t.Errorf("%s: %s is %v", tool.Name, hint, got)
		}
	}
	input := gjson.ParseBytes(tool.InputSchema)
	if input.Get("type").String() != "object" || input.Get("additionalProperties").Raw != "false" {
		t.Errorf("%s: the input schema allows more than its properties", tool.Name)
	}
	checkPortable(t, tool.Name, input)
}

// portable are the keywords of draft 7 that all runners know.
var portable = []string{
	"type", "description", "properties", "required", "additionalProperties", "items", "enum", "default",
	"minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
}

// checkPortable checks what mcp.run required of an input schema before it
// published a tool: keywords of draft 7, and a type and a description for each
// property.
func checkPortable(t *testing.T, path string, s gjson.Result) {
	t.Helper()
	for keyword := range s.Map() {
		if !slices.Contains(portable, keyword) {
			t.Errorf("%s has the keyword %s", path, keyword)
		}
	}
	for name, property := range s.Get("properties").Map() {
		if property.Get("type").Type != gjson.String || strings.TrimSpace(property.Get("description").String()) == "" {
			t.Errorf("%s: %s lacks a type or description", path, name)
		}
		checkPortable(t, path+"."+name, property)
	}
	if items := s.Get("items"); items.Exists() {
		checkPortable(t, path+"[]", items)
	}
}

// A model reads all of a tool's definition on every turn. With -v, this prints how
// long each is.
func TestToolSizes(t *testing.T) {
	output := describe(t, load(t, 0, host.Options{Config: map[string]string{schema.KeyTools: "all"}}))
	t.Logf("%-26s %22s %21s %21s %21s", "", "description", "definition", "with output schema", "with icon, too")
	for _, tool := range gjson.GetBytes(output, "tools").Array() {
		all := compact(t, []byte(tool.Raw))
		without := func(text, name string) string {
			member := gjson.Get(text, name)
			return strings.Replace(text, `,"`+name+`":`+member.Raw, "", 1)
		}
		all = without(all, "_meta") // which only a release has
		plain := without(all, "icons")
		t.Logf("%-26s %s%s%s%s", tool.Get("name"), size(tool.Get("description").String()), size(without(plain, "outputSchema")), size(plain), size(all))
		if len(all) > 3600 {
			t.Errorf("%s has %d bytes", tool.Get("name"), len(all))
		}
	}
}

func size(text string) string {
	return fmt.Sprintf("%6d bytes %3d words", len(text), len(strings.Fields(text)))
}

// checkIcon checks that the icon is an image of a type that every client must show.
func checkIcon(t *testing.T, tool *toolListing) {
	t.Helper()
	if len(tool.Icons) != 1 || tool.Icons[0].MimeType != "image/png" {
		t.Fatalf("%s: icons %v", tool.Name, tool.Icons)
	}
	encoded, found := strings.CutPrefix(tool.Icons[0].Src, "data:image/png;base64,")
	image, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded)))
	if !found || err != nil || image.Bounds().Dx() != 48 || image.Bounds().Dy() != 48 {
		t.Errorf("%s: icon %s: %v", tool.Name, tool.Icons[0].Src, err)
	}
}

func compact(t *testing.T, data []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A description names the other tools that are listed, and no tool that is not.
func TestSiblings(t *testing.T) {
	var all []string
	for _, definition := range schema.Tools {
		all = append(all, gjson.Get(definition, "name").Str)
	}
	for subset := 1; subset < 1<<len(all); subset++ {
		var names []string
		for i, name := range all {
			if subset>>i&1 == 1 {
				names = append(names, name)
			}
		}
		for _, tool := range listTools(t, map[string]string{schema.KeyTools: strings.Join(names, ",")}) {
			for _, name := range all {
				want := name != tool.Name && slices.Contains(names, name)
				if got := strings.Contains(tool.Description, name); got != want {
					t.Errorf("of %v, %s names %s: %v", names, tool.Name, name, got)
				}
			}
		}
	}
}

// baseline is the SHA-256 of what describe prints by default. Whoever changes a
// description changes it, on purpose.
const baseline = "78d4e0a557479aeb903dd1816c48d7bb59df21e3e610997bff7aac5b57b59243"

// Without any optional key, describe prints the same bytes as ever.
func TestDescribeBaseline(t *testing.T) {
	for build := range builds {
		output := describe(t, load(t, build, host.Options{}))
		// make dist writes the version into the module.
		output = regexp.MustCompile(schema.Meta+`|,"_meta":\{"[^"]*":\{[^}]*\}\} *`).ReplaceAll(output, nil)
		if got := fmt.Sprintf("%x", sha256.Sum256(output)); got != baseline {
			t.Errorf("%s: describe has the sum %s, want %s", builds[build].name, got, baseline)
		}
	}
}

// The results of a dry run match the output schema that describe prints for it.
func TestDryRun(t *testing.T) {
	run, s := start(t, 0, &scenario.Scenario{Config: map[string]string{"DRY_RUN": "true", "KEYWORDS": "k"}})
	output := compile(t, gjson.GetBytes(describe(t, s.Plugin), "tools.0.outputSchema").Raw)
	long := `{"text":"` + strings.Repeat("word ", 9000) + `"}`
	for _, arguments := range []string{`{"text":"hello"}`, `{"text":"k","atMobiles":["13800000001"]}`, `{"tex":"hello"}`, long} {
		result, err := s.Plugin.Call(t.Context(), "send_text_message", json.RawMessage(arguments))
		if err != nil {
			t.Fatal(err)
		}
		if err := output.Validate(result.StructuredContent); err != nil {
			t.Errorf("%.50s: %v", arguments, err)
		}
		content := gjson.Parse(toJSON(t, result.StructuredContent)).Get("dryRun")
		bodies, sizes := content.Get("bodies").Array(), content.Get("sizes").Array()
		if arguments == long && (len(bodies) != 3 || len(sizes) != 3 || sizes[0].Int() > 20000) {
			t.Errorf("a long message has %d bodies of %v bytes", len(bodies), sizes)
		}
	}
	if got := run.Recorder.Drain(); got != nil {
		t.Errorf("a dry run sent %v", got)
	}
}
