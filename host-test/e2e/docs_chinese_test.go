package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/host-test/internal/readme"
	"dingtalk-plugin/schema"
)

// underClients is the heading of what the Chinese README says about MCP clients.
const underClients = "MCP 客户端"

// The Chinese README shows a part of what the demo prints, but for the time.
func TestDocsChineseDemo(t *testing.T) {
	want, err := readme.Find(readDoc(t, chinese), "一分钟试一试", "text")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", "./host-test", "demo")
	command.Dir = root
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	got := regexp.MustCompile(`\d\d:\d\d:\d\d`).ReplaceAllString(string(output), "15:04:05")
	if !strings.Contains(got, want) {
		t.Errorf("the demo prints\n%s\nwhich lacks\n%s", got, want)
	}
}

// Each configuration of an MCP client starts serve with keys that the plugin knows,
// and asks for those that are inputs.
func TestDocsChineseClients(t *testing.T) {
	checked := 0
	for _, s := range readme.Snippets(readDoc(t, chinese)) {
		if s.Heading != underClients || !strings.Contains(strings.ToLower(s.Text), `servers": {`) {
			continue
		}
		checked++
		type server struct {
			Type, Command string
			Args          []string
			Env           map[string]string
		}
		var file struct {
			MCPServers map[string]server
			Servers    map[string]server
			Inputs     []struct {
				Type, ID, Description string
				Password              bool
			}
		}
		decodeStrict(t, s.Text, &file)
		entry, found := file.MCPServers["dingtalk"]
		if !found {
			entry = file.Servers["dingtalk"]
		}
		if entry.Command != "/opt/mcp/dingtalk-mcp" || !slices.Equal(entry.Args, []string{"serve"}) || len(entry.Env) != 2 {
			t.Errorf("it starts %s %v with %d values", entry.Command, entry.Args, len(entry.Env))
		}
		checkKeys(t, entry.Env)
		inputs := 0
		for _, value := range entry.Env {
			if strings.HasPrefix(value, "${input:") {
				inputs++
			}
		}
		for _, input := range file.Inputs {
			if inputs--; !input.Password || !strings.Contains(s.Text, `"${input:`+input.ID+`}"`) {
				t.Errorf("the input %s is shown, or not used", input.ID)
			}
		}
		if inputs != 0 {
			t.Errorf("the file lacks %d inputs", inputs)
		}
	}
	if checked != 2 {
		t.Errorf("%s has %d such configurations, want 2", chinese, checked)
	}
}

// The plugin accepts the robots that are escaped for a client's configuration.
func TestDocsChineseEscapedRobots(t *testing.T) {
	for _, s := range readme.Snippets(readDoc(t, chinese)) {
		if s.Heading != underClients || !strings.Contains(s.Text, schema.KeyRobots) {
			continue
		}
		var values map[string]string
		decodeStrict(t, strings.ReplaceAll(s.Text, "…", "0123"), &values)
		values[schema.KeyAccessToken] = dingtalktest.DefaultToken
		for _, tool := range listTools(t, values) {
			if !slices.Contains(tool.arguments(), "`robot?`") || !strings.Contains(string(tool.InputSchema), `"sales"`) {
				t.Errorf("%s does not offer the robots: %s", tool.Name, tool.InputSchema)
			}
		}
		return
	}
	t.Errorf("%s escapes no robots", chinese)
}

// The doctor finds a configuration in each place that the table of clients names for
// this system.
func TestDocsChineseClientFiles(t *testing.T) {
	text, home := readDoc(t, chinese), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(t.TempDir())
	const macOS, linux = 2, 4
	column := linux
	if runtime.GOOS == "darwin" {
		column = macOS
	}
	var want []string
	for _, client := range []string{"Claude Desktop", "Claude Code", "Cursor", "VS Code"} {
		row := regexp.MustCompile(`(?m)^ *\| ` + client + ` \| .*/.*$`).FindString(text)
		cells := strings.Split(row, "|")
		if len(cells) != 6 {
			t.Fatalf("%s has the row %q for %s", chinese, row, client)
		}
		path := regexp.MustCompile("`~/([^`]+)`")
		match := path.FindStringSubmatch(cells[column])
		if match == nil && strings.TrimSpace(cells[column]) == "同 macOS" {
			match = path.FindStringSubmatch(cells[macOS])
		}
		if match == nil {
			t.Fatalf("no path in %q", row)
		}
		want = append(want, filepath.Join("~", match[1]))
		file := filepath.Join(home, match[1])
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		entry := `{"mcpServers":{"dingtalk":{"command":"dingtalk-mcp","env":{"` + schema.KeyAccessToken + `":"t"}}}}`
		if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var sources []string
	for _, target := range doctor.FindConfigs("") {
		sources = append(sources, target.Source.String())
	}
	for _, file := range want {
		if !slices.ContainsFunc(sources, func(source string) bool { return strings.HasPrefix(source, file+",") }) {
			t.Errorf("the doctor does not read %s, only %q", file, sources)
		}
	}
}
