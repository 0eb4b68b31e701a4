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
	"dingtalk-plugin/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const english, chinese = "README.md", "README.zh-CN.md"

func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The commands at README's top print what README shows.
func TestDocsSession(t *testing.T) {
	block := regexp.MustCompile("(?s)```console\n(.*?)```").FindStringSubmatch(readDoc(t, english))
	if block == nil {
		t.Fatal("README has no session")
	}
	for _, step := range strings.Split(block[1], "$ ")[1:] {
		command, want, _ := strings.Cut(step, "\n")
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Dir = root
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, stderr.String())
		}
		if !strings.HasPrefix(string(got), want) {
			t.Errorf("%s prints\n%s, want\n%s", command, got, want)
		}
	}
}

// Configurations and programs of the Chinese README are those of the English one.
// The entries of MCP clients differ: see TestDocsChineseClients.
func TestDocsCodeBlocks(t *testing.T) {
	languages := []string{"console", "json", "go", "js", "python"}
	ours := readme.Snippets(readDoc(t, english))
	checked := 0
	for _, theirs := range readme.Snippets(readDoc(t, chinese)) {
		if !slices.Contains(languages, theirs.Language) || strings.Contains(theirs.Text, `"mcpServers"`) {
			continue
		}
		checked++
		if !slices.ContainsFunc(ours, func(s readme.Snippet) bool { return s.Language == theirs.Language && s.Text == theirs.Text }) {
			t.Errorf("%s has a block that %s lacks:\n%s", chinese, english, theirs.Text)
		}
	}
	if checked < 3 {
		t.Errorf("%s has %d such blocks only", chinese, checked)
	}
}

// Both tables of tools name exactly the tools and arguments that describe lists,
// in their order, the optional arguments with a question mark.
func TestDocsTools(t *testing.T) {
	var want []string
	for _, tool := range listTools(t, map[string]string{schema.KeyTools: "all"}) {
		want = append(want, "| `"+tool.Name+"` | "+strings.Join(tool.arguments(), ", ")+" |")
	}
	row := regexp.MustCompile("(?m)^\\| `(?:send|preview)_[a-z_]+` \\| [^|]+ \\|")
	for _, name := range []string{english, chinese} {
		if got := row.FindAllString(readDoc(t, name), -1); !slices.Equal(got, want) {
			t.Errorf("%s has\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Both tables of limits have the numbers that no test of the guest's packages
// compares with the code.
func TestDocsLimits(t *testing.T) {
	for name, rows := range map[string][]string{
		english: {"| size of a message | 20000", "| people mentioned | 50"},
		chinese: {"| 每分钟条数 | 20，", "限流 10 分钟 |", "| 自定义关键词 | 10 个 |", "标准版 3000 次（2025-11-19 起"},
	} {
		for _, row := range rows {
			if !strings.Contains(readDoc(t, name), row) {
				t.Errorf("%s lacks %s", name, row)
			}
		}
	}
}

// Links within the repository lead to a file, and within a file to a heading.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, name := range []string{english, chinese, "CONTRIBUTING.md"} {
		text := readDoc(t, name)
		anchors := anchors(text)
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			path, anchor, _ := strings.Cut(match[1], "#")
			switch {
			case strings.Contains(path, "://"):
			case path == "" && !slices.Contains(anchors, anchor):
				t.Errorf("%s: no heading #%s", name, anchor)
			case path != "":
				if _, err := os.Stat(root + path); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if link := "[English](README.md)"; !strings.Contains(readDoc(t, chinese), link) {
		t.Errorf("%s lacks %s", chinese, link)
	}
}

// anchors returns the anchors that GitHub makes of headings: lower case, hyphens
// for spaces, no punctuation.
func anchors(text string) (list []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(anchor, " ", "-"))
	}
	return list
}

// The headings of README's snippets.
const (
	underHyperMCP = "hyper-mcp"
	underServe    = "No runner at all: `serve`"
	underHost     = "Your own host"
	underRobots   = "Several robots"
	underPeople   = "People by name"
)

// Every snippet in README has a test. host-test/conformance runs those in JavaScript
// and Python.
func TestDocsSnippetsKnown(t *testing.T) {
	want := []string{
		underHyperMCP + " json", underServe + " json", underHost + " go", underHost + " js", underHost + " python",
		underRobots + " json", underPeople + " json",
	}
	_, rest, _ := strings.Cut(readDoc(t, english), "\n## Configure a runner\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	var got []string
	for _, s := range readme.Snippets(section) {
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

// Each snippet posts one message, and signs it. Tests replace the host, the address
// and the paths, and add the credentials.
func TestDocsSnippetsRun(t *testing.T) {
	for name, run := range map[string]func(t *testing.T, webhook string) (output string){
		"go": runGoSnippet, "hyper-mcp": runHyperMCPSnippet, "serve": runServeSnippet,
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

// goHost surrounds the snippet in Go, which ends with plugin and err.
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

// runGoSnippet compiles the snippet outside the tree, and runs it from the root.
func runGoSnippet(t *testing.T, webhook string) string {
	text, err := readme.Redirect(snippet(t, underHost, "go"), webhook)
	if err != nil {
		t.Fatal(err)
	}
	const entry = `"` + schema.KeyWebhookURL + `":`
	text = strings.Replace(text, entry, `"`+schema.KeySecret+`": os.Getenv("`+schema.KeySecret+`"), `+entry, 1)
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(strings.Replace(goHost, "SNIPPET", text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", file)
	command.Dir = root
	command.Env = append(os.Environ(), schema.KeyAccessToken+"="+dingtalktest.DefaultToken, schema.KeySecret+"="+canarySecret)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, output, text)
	}
	return string(output)
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
	plugin := readHyperMCP(t, snippet(t, underHyperMCP, "json"))
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
	text := expandHyperMCP(t, snippet(t, underHyperMCP, "json"), map[string]string{schema.KeyAccessToken: "t"})
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
	text, err := readme.Redirect(snippet(t, underHyperMCP, "json"), webhook)
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

// runServeSnippet builds the server as README describes, and starts it with the
// configuration that README has for MCP clients.
func runServeSnippet(t *testing.T, webhook string) string {
	text, err := readme.AddWebhook(snippet(t, underServe, "json"), webhook)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Servers map[string]struct {
			Command string            `json:"command"`
			Args    []string          `json:"args"`
			Env     map[string]string `json:"env"`
		} `json:"mcpServers"`
	}
	decodeStrict(t, text, &file)
	entry := file.Servers["dingtalk"]
	checkKeys(t, entry.Env)
	const placeholder, build = "/opt/mcp/dingtalk-mcp", "`go build -o dingtalk-mcp ./host-test`"
	plugin := slices.Index(entry.Args, "/opt/mcp/plugin.wasm")
	if entry.Command != placeholder || plugin < 0 || !strings.Contains(readDoc(t, english), build) {
		t.Fatalf("README starts %s %v; want %s with /opt/mcp/plugin.wasm, and %s", entry.Command, entry.Args, placeholder, build)
	}
	program := filepath.Join(t.TempDir(), "dingtalk-mcp")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	entry.Args[plugin] = builds[0].file
	command := exec.CommandContext(t.Context(), program, entry.Args...)
	entry.Env[schema.KeyAccessToken], entry.Env[schema.KeySecret] = dingtalktest.DefaultToken, canarySecret
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
	for _, tt := range []struct{ heading, key, argument string }{
		{underRobots, schema.KeyRobots, "`robot?`"},
		{underPeople, schema.KeyPeople, "`atNames?`"},
	} {
		values := map[string]string{schema.KeyAccessToken: dingtalktest.DefaultToken, tt.key: strings.ReplaceAll(snippet(t, tt.heading, "json"), "…", "0123")}
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
