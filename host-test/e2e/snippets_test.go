package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/readme"
	"dingtalk-plugin/host-test/internal/release"
	"dingtalk-plugin/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// The headings of README's snippets.
const (
	underClient = "I have an MCP client"
	underRunner = "I have a WASM runner"
	underRobots = "Several robots"
	underPeople = "People by name"
	underFake   = "See the group"
)

// Every snippet in README is run by a test.
func TestDocsSnippetsKnown(t *testing.T) {
	want := []string{
		"DingTalk plugin for MCP console",                                 // TestDocsSession
		underClient + " json", underClient + " json", underClient + " sh", // TestDocsSnippetsRun, as all that have no other
		underRunner + " json",                  // and in hyper-mcp itself: host-test/conformance
		"Go go", "Node.js js", "Python python", // the last two: host-test/conformance
		underRobots + " json", underRobots + " json", underPeople + " json", // TestDocsNames
		underFake + " python", underFake + " go", // TestFakeFromPython in host-test
	}
	var got []string
	for _, s := range readme.Snippets(readDoc(t, english)) {
		got = append(got, s.Heading+" "+s.Language)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("README's snippets (-tested +found):\n%s", d)
	}
}

func snippet(t *testing.T, heading, language string) string {
	t.Helper()
	text, err := readme.Find(readDoc(t, english), heading, language)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jsonWith returns the only snippet in JSON that contains the text.
func jsonWith(t *testing.T, document, text string) string {
	t.Helper()
	var found []string
	for _, s := range readme.Snippets(readDoc(t, document)) {
		if strings.HasPrefix(s.Language, "json") && strings.Contains(s.Text, text) {
			found = append(found, s.Text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d snippets with %s, want one", document, len(found), text)
	}
	return found[0]
}

// Each snippet posts one message, and signs it. Tests replace the host, the address
// and the paths, and add the credentials.
func TestDocsSnippetsRun(t *testing.T) {
	client := func(entry serverEntry) func(*testing.T, string) string {
		return func(t *testing.T, webhook string) string { return runServe(t, entry, webhook) }
	}
	for name, run := range map[string]func(t *testing.T, webhook string) (output string){
		"go": runGoSnippet, "hyper-mcp": runHyperMCPSnippet,
		"client": client(clientSnippet(t, english, clientEntry)), "client, zh": client(clientSnippet(t, chinese, clientEntry)),
		"VS Code": client(clientSnippet(t, english, `"servers"`)), "VS Code, zh": client(clientSnippet(t, chinese, `"servers"`)),
		"Claude Code": client(claudeSnippet(t)),
	} {
		t.Run(name, func(t *testing.T) {
			fake, values := newFake(t, &dingtalktest.Options{Secret: canarySecret}, nil)
			if output := run(t, values[schema.KeyWebhookURL]); !strings.Contains(output, "Message sent successfully") {
				t.Errorf("it shows %s", output)
			}
			if messages := fake.Messages(); len(messages) != 1 || messages[0].Text != "hello" || !messages[0].Signed {
				t.Errorf("the group got %+v, want one hello, signed", messages)
			}
		})
	}
}

// runGoSnippet compiles the program outside the tree, and runs it from the root.
func runGoSnippet(t *testing.T, webhook string) string {
	text, err := readme.Redirect(snippet(t, "Go", "go"), webhook)
	if err != nil {
		t.Fatal(err)
	}
	return runGo(t, text)
}

func runGo(t *testing.T, program string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	writeFile(t, file, program, 0o600)
	t.Setenv(schema.KeyAccessToken, dingtalktest.DefaultToken)
	t.Setenv(schema.KeySecret, canarySecret)
	return runCommand(t, "go", "run", file)
}

// The snippet with the fake shows the message that a signing sender posts: that of
// testdata/fake_user.go.txt, which surrounds it.
func TestDocsFakeInGo(t *testing.T) {
	program := readDoc(t, "host-test/e2e/testdata/fake_user.go.txt")
	output := runGo(t, strings.Replace(program, "SNIPPET", snippet(t, underFake, "go"), 1))
	if !strings.Contains(output, "deploy finished") || !strings.Contains(output, "notifies 13800000001 · signature verified") {
		t.Errorf("it shows %s", output)
	}
}

// The versions that README's commands install are those that are tested.
func TestDocsInstall(t *testing.T) {
	const drivers = "host-test/conformance/drivers/"
	node := gjson.Get(readDoc(t, drivers+"node/package.json"), "dependencies.extism-1").Str
	python := regexp.MustCompile(`(?m)^extism.*$`).FindAllString(readDoc(t, drivers+"python/requirements.txt"), -1)
	module := regexp.MustCompile(`(?m)^\s(github\.com/(?:extism/go-sdk|tetratelabs/wazero)) (\S+)`)
	get := "go get"
	for _, match := range module.FindAllStringSubmatch(readDoc(t, "go.mod"), -1) {
		get += " " + match[1] + "@" + match[2]
	}
	for _, command := range []string{"npm install " + strings.TrimPrefix(node, "npm:"), "pip install " + strings.Join(python, " "), get} {
		if !strings.Contains(readDoc(t, english), "`"+command+"`") {
			t.Errorf("README lacks %s", command)
		}
	}
}

// The files to download are those of a release.
func TestDocsDownloads(t *testing.T) {
	file := regexp.MustCompile(`dingtalk-mcp_(\w+)_(\w+)\.(tar\.gz|zip|mcpb)`)
	for _, match := range file.FindAllStringSubmatch(readDoc(t, english), -1) {
		platform := release.Platform{OS: match[1], Arch: match[2]}
		if !slices.Contains(release.Platforms, platform) || (match[3] == "zip") != (platform.OS == "windows") && match[3] != "mcpb" {
			t.Errorf("a release has no %s", match[0])
		}
	}
}

// A hyperMCPPlugin is a plugin in hyper-mcp's configuration file, with the members
// that README uses: hyper-mcp ignores those that it does not know, and the test does not.
type hyperMCPPlugin struct {
	URL     string `json:"url"`
	Runtime struct {
		AllowedHosts []string          `json:"allowed_hosts"`
		EnvVars      map[string]string `json:"env_vars"`
	} `json:"runtime_config"`
}

// The file configures keys that the plugin knows, and allows the host that they
// lead to. `make conformance-hyper-mcp` starts hyper-mcp itself with it.
func TestDocsHyperMCPFile(t *testing.T) {
	plugin := readHyperMCP(t, snippet(t, underRunner, "json"))
	if address, err := url.Parse(plugin.URL); err != nil || address.Scheme != "file" || !filepath.IsAbs(address.Path) {
		t.Errorf("url %q, %v", plugin.URL, err)
	}
	checkKeys(t, plugin.Runtime.EnvVars)
	if want := config.AllowedHosts(plugin.Runtime.EnvVars); !slices.Equal(plugin.Runtime.AllowedHosts, want) {
		t.Errorf("allowed_hosts %v, want %v", plugin.Runtime.AllowedHosts, want)
	}
}

// A robot without a secret needs no other file.
func TestDocsHyperMCPWithoutSecret(t *testing.T) {
	text := expandHyperMCP(t, snippet(t, underRunner, "json"), map[string]string{schema.KeyAccessToken: "t"})
	values := readHyperMCP(t, text).Runtime.EnvVars
	if values[schema.KeyAccessToken] != "t" || values[schema.KeySecret] != "" {
		t.Errorf("values %q", values)
	}
}

// expandHyperMCP expands ${NAME} and ${NAME:-default} as hyper-mcp does, which does
// not start without a value.
func expandHyperMCP(t *testing.T, text string, environment map[string]string) string {
	t.Helper()
	return os.Expand(text, func(name string) string {
		name, fallback, hasFallback := strings.Cut(name, ":-")
		switch {
		case environment[name] != "":
			return environment[name]
		case !hasFallback:
			t.Errorf("%s is not set: hyper-mcp does not start", name)
		}
		return fallback
	})
}

func readHyperMCP(t *testing.T, text string) hyperMCPPlugin {
	t.Helper()
	var file struct{ Plugins map[string]hyperMCPPlugin }
	decodeStrict(t, text, &file)
	plugin, ok := file.Plugins["dingtalk"]
	if !ok || len(file.Plugins) != 1 {
		t.Fatalf("README configures %v", file.Plugins)
	}
	return plugin
}

// runHyperMCPSnippet reads and expands the file as hyper-mcp does.
func runHyperMCPSnippet(t *testing.T, webhook string) string {
	text, err := readme.Redirect(snippet(t, underRunner, "json"), webhook)
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{schema.KeyAccessToken: dingtalktest.DefaultToken, schema.KeySecret: canarySecret}
	runtime := readHyperMCP(t, expandHyperMCP(t, text, environment)).Runtime
	plugin := load(t, 0, host.Options{Config: runtime.EnvVars, AllowedHosts: runtime.AllowedHosts})
	return toJSON(t, sendText(t, plugin, "hello"))
}

// decodeStrict fails on members that the value has no field for.
func decodeStrict(t *testing.T, text string, value any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// checkKeys compares keys with README's table, which another test compares with the
// plugin.
func checkKeys(t *testing.T, values map[string]string) {
	t.Helper()
	for key := range values {
		if !strings.HasPrefix(key, schema.KeyPrefix) || !strings.Contains(readDoc(t, english), "| `"+key+"` |") {
			t.Errorf("the plugin has no key %s", key)
		}
	}
}

// clientEntry is in the configuration of MCP clients other than VS Code.
const clientEntry = `"mcpServers"`

// A serverEntry is how an MCP client starts a server.
type serverEntry struct {
	Type, Command string
	Args          []string
	Env           map[string]string
}

// clientSnippet returns the entry of the snippet that contains the member. VS Code asks
// for the values that are inputs, and hides what is typed.
func clientSnippet(t *testing.T, document, member string) serverEntry {
	t.Helper()
	var file struct {
		MCPServers, Servers map[string]serverEntry
		Inputs              []struct {
			Type, ID, Description string
			Password              bool
		}
	}
	decodeStrict(t, jsonWith(t, document, member), &file)
	entry, found := file.Servers["dingtalk"]
	if !found {
		entry = file.MCPServers["dingtalk"]
	}
	var asked, used []string
	for _, input := range file.Inputs {
		if asked = append(asked, "${input:"+input.ID+"}"); !input.Password {
			t.Errorf("the input %s is shown", input.ID)
		}
	}
	for _, value := range entry.Env {
		if strings.HasPrefix(value, "${input:") {
			used = append(used, value)
		}
	}
	slices.Sort(asked)
	slices.Sort(used)
	if !slices.Equal(asked, used) {
		t.Errorf("%s asks for %v, and uses %v", document, asked, used)
	}
	return entry
}

// claudeSnippet returns what the command of Claude Code configures: -e NAME=VALUE,
// and the server's command behind two hyphens.
func claudeSnippet(t *testing.T) (entry serverEntry) {
	t.Helper()
	options, command, found := strings.Cut(strings.TrimSpace(snippet(t, underClient, "sh")), " -- ")
	options, prefixed := strings.CutPrefix(options, "claude mcp add dingtalk ")
	words := strings.Fields(options)
	if !found || !prefixed || len(words)%2 != 0 {
		t.Fatalf("README has the command %s -- %s", options, command)
	}
	entry.Env = map[string]string{}
	for i := 0; i < len(words); i += 2 {
		key, value, assigned := strings.Cut(words[i+1], "=")
		if words[i] != "-e" || !assigned {
			t.Errorf("%s %s", words[i], words[i+1])
		}
		entry.Env[key] = value
	}
	started := strings.Fields(command)
	entry.Command, entry.Args = started[0], started[1:]
	return entry
}

// runServe builds the server as README describes, starts it as the entry does, and
// calls it. The server of a release contains the plugin; this one is told where it is.
func runServe(t *testing.T, entry serverEntry, webhook string) string {
	checkKeys(t, entry.Env)
	const placeholder, build = "/opt/mcp/dingtalk-mcp", "`go build -o dingtalk-mcp ./host-test`"
	if entry.Command != placeholder || !slices.Equal(entry.Args, []string{"serve"}) || len(entry.Env) != 2 {
		t.Fatalf("README starts %s %v with %d values; want %s serve with 2", entry.Command, entry.Args, len(entry.Env), placeholder)
	}
	if !strings.Contains(readDoc(t, english), build) {
		t.Fatalf("README lacks %s", build)
	}
	command := exec.CommandContext(t.Context(), buildCommand(t), entry.Args...)
	env := maps.Clone(entry.Env)
	env[schema.KeyAccessToken], env[schema.KeySecret], env[schema.KeyWebhookURL] = dingtalktest.DefaultToken, canarySecret, webhook
	env["DINGTALK_PLUGIN"] = builds[0].file
	for key, value := range env {
		command.Env = append(command.Env, key+"="+value)
	}
	var log bytes.Buffer
	command.Stderr = &log
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	defer session.Close()
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 2 {
		t.Errorf("tools %v, %v", list, err)
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: map[string]string{"text": "hello"}})
	if err != nil {
		t.Fatal(err)
	}
	return toJSON(t, result)
}

// The plugin accepts the robots and people of both READMEs, and offers the tools an
// argument with their names. The ellipsis is replaced: no token contains one.
func TestDocsNames(t *testing.T) {
	escaped := func(document string) string {
		return gjson.Get(jsonWith(t, document, schema.KeyRobots), schema.KeyRobots).Str
	}
	for _, tt := range []struct{ key, value, argument string }{
		{schema.KeyRobots, jsonWith(t, english, `"ops": {`), "`robot?`"},
		{schema.KeyRobots, escaped(english), "`robot?`"}, {schema.KeyRobots, escaped(chinese), "`robot?`"},
		{schema.KeyPeople, snippet(t, underPeople, "json"), "`atNames?`"},
	} {
		value := strings.ReplaceAll(tt.value, "…", "0123")
		var names map[string]any
		decodeStrict(t, value, &names)
		for _, tool := range listTools(t, map[string]string{schema.KeyAccessToken: dingtalktest.DefaultToken, tt.key: value}) {
			if !slices.Contains(tool.arguments(), tt.argument) {
				t.Errorf("%s has %v, and lacks %s", tool.Name, tool.arguments(), tt.argument)
			}
			for name := range names {
				if !bytes.Contains(tool.InputSchema, []byte(`"`+name+`"`)) {
					t.Errorf("%s does not offer %s", tool.Name, name)
				}
			}
		}
	}
}
