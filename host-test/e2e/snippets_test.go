package e2e

import (
	"bytes"
	"encoding/json"
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
	return snippets(t, heading, language, 1)[0]
}

// snippets returns the snippets of the language under the heading.
func snippets(t *testing.T, heading, language string, want int) (list []string) {
	t.Helper()
	for _, s := range readme.Snippets(readDoc(t, english)) {
		if s.Heading == heading && s.Language == language {
			list = append(list, s.Text)
		}
	}
	if len(list) != want {
		t.Fatalf("README has %d snippets of %s under %q, want %d", len(list), language, heading, want)
	}
	return list
}

// Each snippet posts one message, and signs it. Tests replace the host, the address
// and the paths, and add the credentials.
func TestDocsSnippetsRun(t *testing.T) {
	for name, run := range map[string]func(t *testing.T, webhook string) (output string){
		"go": runGoSnippet, "hyper-mcp": runHyperMCPSnippet,
		"client": func(t *testing.T, webhook string) string {
			return runServe(t, clientSnippet(t, english, clientEntry), webhook)
		},
		"client, zh": func(t *testing.T, webhook string) string {
			return runServe(t, clientSnippet(t, chinese, clientEntry), webhook)
		},
		"VS Code": func(t *testing.T, webhook string) string {
			return runServe(t, clientSnippet(t, english, `"servers"`), webhook)
		},
		"Claude Code": func(t *testing.T, webhook string) string { return runServe(t, claudeSnippet(t), webhook) },
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
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", file)
	command.Dir = root
	command.Env = append(os.Environ(), schema.KeyAccessToken+"="+dingtalktest.DefaultToken, schema.KeySecret+"="+canarySecret)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, output, program)
	}
	return string(output)
}

// fakeUser surrounds the snippet with the fake, and has the sender that it tests.
const fakeUser = `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

type sender struct{ secret string }

func NewSender(secret string) sender { return sender{secret} }

func (s sender) Send(address, text string) {
	timestamp := fmt.Sprint(time.Now().UnixMilli())
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte(timestamp + "\n" + s.secret))
	address += "&timestamp=" + timestamp + "&sign=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	body := fmt.Sprintf("{\"msgtype\":\"text\",\"text\":{\"content\":%q},\"at\":{\"atMobiles\":[\"13800000001\"]}}", text)
	response, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	response.Body.Close()
}

func main() {
SNIPPET
}
`

// The snippet with the fake shows the message that a signing sender posts.
func TestDocsFakeInGo(t *testing.T) {
	output := runGo(t, strings.Replace(fakeUser, "SNIPPET", snippet(t, underFake, "go"), 1))
	if !strings.Contains(output, "deploy finished") || !strings.Contains(output, "notifies 13800000001 · signature verified") {
		t.Errorf("it shows %s", output)
	}
}

// The versions that README's commands install are those that are tested, and the
// files to download are those of a release.
func TestDocsInstall(t *testing.T) {
	text := readDoc(t, english)
	var node struct{ Dependencies map[string]string }
	decodeStrict(t, strings.Replace(readDoc(t, "host-test/conformance/drivers/node/package.json"), `"private": true,
  "type": "module",
`, "", 1), &node)
	requirements := readDoc(t, "host-test/conformance/drivers/python/requirements.txt")
	want := []string{"`npm install " + strings.TrimPrefix(node.Dependencies["extism-1"], "npm:") + "`"}
	want = append(want, "`pip install "+strings.Join(regexp.MustCompile(`(?m)^extism.*$`).FindAllString(requirements, -1), " ")+"`")
	modules := regexp.MustCompile(`(?m)^\s(github\.com/(?:extism/go-sdk|tetratelabs/wazero)) (\S+)`).FindAllStringSubmatch(readDoc(t, "go.mod"), -1)
	command := "`go get"
	for _, module := range modules {
		command += " " + module[1] + "@" + module[2]
	}
	for _, line := range append(want, command+"`") {
		if !strings.Contains(text, line) {
			t.Errorf("README lacks %s", line)
		}
	}
	for _, match := range regexp.MustCompile(`dingtalk-mcp_(\w+)_(\w+)\.(tar\.gz|zip|mcpb)`).FindAllStringSubmatch(text, -1) {
		platform := release.Platform{OS: match[1], Arch: match[2]}
		if !slices.Contains(release.Platforms, platform) || (match[3] == "zip") != (platform.OS == "windows") && match[3] != "mcpb" {
			t.Errorf("a release has no %s", match[0])
		}
	}
}

// hyperMCPFile is hyper-mcp's configuration file, with all that its version 0.8.3
// knows: hyper-mcp ignores other members, and the test does not.
type hyperMCPFile struct {
	Auths          json.RawMessage           `json:"auths"`
	DynamicLoading bool                      `json:"dynamic_loading"`
	OCI            json.RawMessage           `json:"oci"`
	Plugins        map[string]hyperMCPPlugin `json:"plugins"`
}

type hyperMCPPlugin struct {
	URL         string `json:"url"`
	Description string `json:"description"`
	Runtime     struct {
		SkipPrompts           []string          `json:"skip_prompts"`
		SkipResourceTemplates []string          `json:"skip_resource_templates"`
		SkipResources         []string          `json:"skip_resources"`
		SkipTools             []string          `json:"skip_tools"`
		AllowedHosts          []string          `json:"allowed_hosts"`
		AllowedPaths          []string          `json:"allowed_paths"`
		AllowedSecrets        []json.RawMessage `json:"allowed_secrets"`
		EnvVars               map[string]string `json:"env_vars"`
		MemoryLimit           string            `json:"memory_limit"`
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
	var file hyperMCPFile
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
	output, _ := json.Marshal(sendText(t, plugin, "hello"))
	return string(output)
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
	Type    string            `json:"type"`
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
}

// clientSnippet returns the entry of the only snippet in JSON that contains the member.
func clientSnippet(t *testing.T, name, member string) serverEntry {
	t.Helper()
	var found []string
	for _, s := range readme.Snippets(readDoc(t, name)) {
		if s.Language == "json" && strings.Contains(s.Text, member) {
			found = append(found, s.Text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d configurations with %s, want one", name, len(found), member)
	}
	var file struct {
		MCPServers map[string]serverEntry `json:"mcpServers"`
		Servers    map[string]serverEntry `json:"servers"`
	}
	decodeStrict(t, found[0], &file)
	if file.Servers != nil {
		return file.Servers["dingtalk"]
	}
	return file.MCPServers["dingtalk"]
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
	if entry.Command != placeholder || !strings.Contains(readDoc(t, english), build) {
		t.Fatalf("README starts %s %v; want %s, and %s", entry.Command, entry.Args, placeholder, build)
	}
	program := filepath.Join(t.TempDir(), "dingtalk-mcp")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if plugin := slices.Index(entry.Args, "/opt/mcp/plugin.wasm"); plugin >= 0 {
		entry.Args[plugin] = builds[0].file
	} else {
		entry.Env["DINGTALK_PLUGIN"] = builds[0].file
	}
	command := exec.CommandContext(t.Context(), program, entry.Args...)
	entry.Env[schema.KeyAccessToken], entry.Env[schema.KeySecret], entry.Env[schema.KeyWebhookURL] = dingtalktest.DefaultToken, canarySecret, webhook
	for key, value := range entry.Env {
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
	output, _ := json.Marshal(result)
	return string(output)
}

// The plugin accepts README's robots and people, and offers the tools an argument
// with their names. The ellipsis is replaced: no token contains one.
func TestDocsNames(t *testing.T) {
	robots := snippets(t, underRobots, "json", 2)
	var escaped map[string]string
	decodeStrict(t, robots[1], &escaped)
	for _, tt := range []struct{ key, value, argument string }{
		{schema.KeyRobots, robots[0], "`robot?`"},
		{schema.KeyRobots, escaped[schema.KeyRobots], "`robot?`"},
		{schema.KeyPeople, snippet(t, underPeople, "json"), "`atNames?`"},
	} {
		values := map[string]string{schema.KeyAccessToken: dingtalktest.DefaultToken, tt.key: strings.ReplaceAll(tt.value, "…", "0123")}
		var names map[string]any
		decodeStrict(t, values[tt.key], &names)
		for _, tool := range listTools(t, values) {
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
