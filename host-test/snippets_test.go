package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/readme"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What the snippets of README are under.
const (
	underHyper  = "hyper-mcp"
	underServe  = "No runner at all: `serve`"
	underHost   = "Your own host"
	underRobots = "Several robots"
	underPeople = "People by name"
)

// A snippet that is new in README needs a test of its own. JavaScript and Python
// are run by host-test/conformance.
func TestSnippetsKnown(t *testing.T) {
	want := []string{
		underHyper + " json", underServe + " json", underHost + " go", underHost + " js", underHost + " python",
		underRobots + " json", underPeople + " json",
	}
	_, rest, _ := strings.Cut(readREADME(t), "\n## Configure a runner\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	var got []string
	for _, s := range readme.Snippets(section) {
		got = append(got, s.Heading+" "+s.Language)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("README's snippets are not those that are run: %s", d)
	}
}

func snippet(t *testing.T, heading, language string) string {
	t.Helper()
	text, err := readme.Find(readREADME(t), heading, language)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// goHost stands around the snippet, which ends with plugin and err.
const goHost = `package main

import (
	"context"
	"log"
	"net/http"
	"os"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"
)

func main() {
	ctx := context.Background()
SNIPPET
	if err != nil {
		log.Fatal(err)
	}
	_, output, err := plugin.Call("call", []byte(` + "`" + `{"params":{"name":"send_text_message","arguments":{"text":"hello"}}}` + "`" + `))
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(output)
}
`

// The host in Go posts one message, and signs it, which needs the clock that the
// snippet is there to show. Host and address are replaced, and the secret is added;
// the program lies outside the tree, and is run from the module's root.
func TestSnippetGo(t *testing.T) {
	recorder := record(t, dingtalktest.New(&dingtalktest.Options{Secret: canarySecret}))
	text, err := readme.Redirect(snippet(t, underHost, "go"), recorder.URL)
	if err != nil {
		t.Fatal(err)
	}
	const entry = `"` + config.Webhook + `":`
	text = strings.Replace(text, entry, `"`+config.Secret+`": os.Getenv("`+config.Secret+`"), `+entry, 1)
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(strings.Replace(goHost, "SNIPPET", text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", file)
	command.Dir = ".."
	command.Env = append(os.Environ(), config.Token+"="+dingtalktest.DefaultToken, config.Secret+"="+canarySecret)
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("Message sent successfully")) {
		t.Fatalf("%v: %s\n%s", err, out, text)
	}
	checkHello(t, recorder.Robot)
}

// checkHello demands that the group got one message, and signed.
func checkHello(t *testing.T, fake *dingtalktest.Server) {
	t.Helper()
	messages := fake.Messages()
	if len(messages) != 1 || messages[0].Text != "hello" || !messages[0].Signed {
		t.Errorf("the group got %+v, want one hello, signed", messages)
	}
}

// hyperFile is a configuration file of hyper-mcp, with all that its version 0.8.3
// takes; it passes over what it does not know, and this does not.
type hyperFile struct {
	Auths          json.RawMessage        `json:"auths"`
	DynamicLoading bool                   `json:"dynamic_loading"`
	OCI            json.RawMessage        `json:"oci"`
	Plugins        map[string]hyperPlugin `json:"plugins"`
}

type hyperPlugin struct {
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

// The file of hyper-mcp has members that hyper-mcp knows, configures keys that the
// plugin knows, and allows the host that they lead to. hyper-mcp itself is started
// with it by `make conformance-hyper-mcp`.
func TestSnippetHyper(t *testing.T) {
	plugin := readHyper(t, snippet(t, underHyper, "json"))
	if address, err := url.Parse(plugin.URL); err != nil || address.Scheme != "file" || !filepath.IsAbs(address.Path) {
		t.Errorf("url %q, %v", plugin.URL, err)
	}
	checkKeys(t, plugin.Runtime.EnvVars)
	if want := config.AllowedHosts(plugin.Runtime.EnvVars); !slices.Equal(plugin.Runtime.AllowedHosts, want) {
		t.Errorf("allowed_hosts %v, want %v", plugin.Runtime.AllowedHosts, want)
	}
}

// The same file, read and expanded as hyper-mcp does, makes the plugin post.
func TestSnippetHyperPosts(t *testing.T) {
	recorder := record(t, dingtalktest.New(&dingtalktest.Options{Secret: canarySecret}))
	text, err := readme.Redirect(snippet(t, underHyper, "json"), recorder.URL)
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{config.Token: dingtalktest.DefaultToken, config.Secret: canarySecret}
	runtime := readHyper(t, os.Expand(text, func(name string) string { return environment[name] })).Runtime
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Config: runtime.EnvVars, AllowedHosts: runtime.AllowedHosts, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	if result, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"hello"}`)); err != nil || result.IsError {
		t.Fatalf("%v, %+v", err, result)
	}
	checkHello(t, recorder.Robot)
}

func readHyper(t *testing.T, text string) hyperPlugin {
	t.Helper()
	var file hyperFile
	strictly(t, text, &file)
	plugin, ok := file.Plugins["dingtalk"]
	if !ok || len(file.Plugins) != 1 {
		t.Fatalf("README configures %v", slices.Collect(maps.Keys(file.Plugins)))
	}
	return plugin
}

// strictly takes no member that the value has no place for.
func strictly(t *testing.T, text string, value any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// checkKeys holds keys against README's table, which is held against the plugin.
func checkKeys(t *testing.T, values map[string]string) {
	t.Helper()
	for key := range values {
		if !strings.HasPrefix(key, config.Prefix) || !strings.Contains(readREADME(t), "| `"+key+"` |") {
			t.Errorf("the plugin has no key %s", key)
		}
	}
}

// A serverEntry is how MCP clients are told of a server that is a command.
type serverEntry struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
}

// What README gives MCP clients starts a server that posts. Replaced are the two
// paths and the two credentials, for which README has an ellipsis, and the address.
func TestSnippetServe(t *testing.T) {
	recorder := record(t, dingtalktest.New(&dingtalktest.Options{Secret: canarySecret}))
	text, err := readme.AddWebhook(snippet(t, underServe, "json"), recorder.URL)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Servers map[string]serverEntry `json:"mcpServers"`
	}
	strictly(t, text, &file)
	entry := file.Servers["dingtalk"]
	checkKeys(t, entry.Env)
	entry.Env[config.Token], entry.Env[config.Secret] = dingtalktest.DefaultToken, canarySecret
	session := entry.connect(t)
	defer session.Close()
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 2 {
		t.Errorf("tools %v, %v", list, err)
	}
	if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); result.IsError {
		t.Errorf("%s", textOf(result))
	}
	checkHello(t, recorder.Robot)
}

// connect starts the server as a client does, after README's own way to build it.
func (e *serverEntry) connect(t *testing.T) *mcp.ClientSession {
	t.Helper()
	const placeholder, build = "/opt/mcp/dingtalk-mcp", "`go build -o dingtalk-mcp ./host-test`"
	if e.Command != placeholder || !strings.Contains(readREADME(t), build) {
		t.Fatalf("README starts %s and misses how to build it, %s", e.Command, build)
	}
	program := filepath.Join(t.TempDir(), "dingtalk-mcp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command := exec.CommandContext(t.Context(), program, replacedPlugin(t, e.Args)...)
	for key, value := range e.Env {
		command.Env = append(command.Env, key+"="+value)
	}
	var log bytes.Buffer
	command.Stderr = &log
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	return session
}

// replacedPlugin returns the arguments with the plugin that was built here.
func replacedPlugin(t *testing.T, arguments []string) []string {
	t.Helper()
	i := slices.Index(arguments, "/opt/mcp/plugin.wasm")
	if i < 0 {
		t.Fatalf("no plugin is among %v", arguments)
	}
	replaced := slices.Clone(arguments)
	replaced[i] = builds[0].file
	return replaced
}

// The plugin takes README's robots and people, and gives the tools the argument
// with their names. Replaced is the ellipsis, which no token holds.
func TestSnippetNames(t *testing.T) {
	for _, one := range []struct{ heading, key, argument string }{
		{underRobots, config.Robots, "`robot?`"},
		{underPeople, config.Prefix + "PEOPLE", "`atNames?`"},
	} {
		values := map[string]string{config.Token: dingtalktest.DefaultToken, one.key: strings.ReplaceAll(snippet(t, one.heading, "json"), "…", "0123")}
		plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Cache: cache, Config: values})
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Close(t.Context())
		var names map[string]any
		strictly(t, values[one.key], &names)
		for _, tool := range describedTools(t, plugin) {
			checkNames(t, &tool, one.argument, names)
		}
	}
}

func checkNames(t *testing.T, tool *described, argument string, names map[string]any) {
	t.Helper()
	if !slices.Contains(tool.arguments(), argument) {
		t.Errorf("%s has %v, and misses %s", tool.Name, tool.arguments(), argument)
	}
	for name := range names {
		if !bytes.Contains(tool.InputSchema, []byte(`"`+name+`"`)) {
			t.Errorf("%s does not offer %s", tool.Name, name)
		}
	}
}
