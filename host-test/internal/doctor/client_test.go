package doctor

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

var clientTests = []struct {
	name   string
	file   string // with its folder, if that counts
	text   string
	want   []string // each target's source, values, and the names of its problems
	advice string   // part of the report
}{
	{"Claude Desktop", "claude_desktop_config.json", `{"globalShortcut":"x","mcpServers":{
		"time":{"command":"uvx","env":{"PATH":"/bin"}},
		"dingtalk":{"command":"dingtalk-mcp","args":["serve"],"env":{"PATH":"/bin","DINGTALK_BOT_ACCESS_TOKEN":"CANARYtoken","DINGTALK_BOT_SECRET":"SECx"}}}}`,
		[]string{"server dingtalk map[DINGTALK_BOT_ACCESS_TOKEN:CANARYtoken DINGTALK_BOT_SECRET:SECx] []"}, ""},
	{"Claude Desktop, variable", "claude_desktop_config.json", `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_SET}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:${TEST_SET}] []"}, "Claude Desktop expands no variables"},
	{"several", "claude_desktop_config.json", `{"mcpServers":{"b":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"x"}},"a":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"y"}}}}`,
		[]string{"server a map[DINGTALK_BOT_ACCESS_TOKEN:y] []", "server b map[DINGTALK_BOT_ACCESS_TOKEN:x] []"}, ""},
	{"byte order mark", "claude_desktop_config.json", "\ufeff" + `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_SECRET":"x"}}}}`,
		[]string{"server d map[DINGTALK_BOT_SECRET:x] []"}, ""},
	{"mistyped prefix", "claude_desktop_config.json", `{"mcpServers":{"d":{"env":{"DINGTALK_ACCESS_TOKEN":"x","DINGTALK_MCP_TOKEN":"y"}}}}`,
		[]string{"server d map[DINGTALK_ACCESS_TOKEN:x] []"}, "Rename it to DINGTALK_BOT_ACCESS_TOKEN."},
	{"missing command", "claude_desktop_config.json", `{"mcpServers":{"d":{"command":"/none/dingtalk-mcp","disabled":true,"env":{"DINGTALK_BOT_ACCESS_TOKEN":7}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:7] [server command DINGTALK_BOT_ACCESS_TOKEN]"}, "Write the full path of the executable"},

	{"Claude Code", ".mcp.json", `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_SET}","DINGTALK_BOT_SECRET":"${TEST_UNSET:-}","DINGTALK_BOT_KEYWORDS":"${TEST_UNSET:-a:b}","DINGTALK_BOT_LINKS":"${env:TEST_SET}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:v DINGTALK_BOT_KEYWORDS:a:b DINGTALK_BOT_LINKS:${env:TEST_SET} DINGTALK_BOT_SECRET:] []"}, "which Claude Code expands"},
	{"Claude Code, unset", ".mcp.json", `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_UNSET}","DINGTALK_BOT_SECRET":"${TEST_OTHER}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:${TEST_UNSET} DINGTALK_BOT_SECRET:${TEST_OTHER}] [variables]"}, "not set here: TEST_OTHER, TEST_UNSET; Claude Code starts the server without"},
	{"projects", ".claude.json", `{"mcpServers":{},"projects":{
		"/home/x/shop":{"history":[1],"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"x"}}}},
		"/home/x/site":{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"x"}},"e":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"y"}}}},
		"/home/x/none":{}}}`,
		[]string{"server d, project shop, project site map[DINGTALK_BOT_ACCESS_TOKEN:x] []", "server e, project site map[DINGTALK_BOT_ACCESS_TOKEN:y] []"}, ""},

	{"Cursor", ".cursor/mcp.json", `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${env:TEST_SET}","DINGTALK_BOT_SECRET":"${TEST_SET}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:v DINGTALK_BOT_SECRET:${TEST_SET}] []"}, "Write ${env:NAME}, which Cursor expands"},

	{"VS Code", ".vscode/mcp.json", `{
		// the group of operations
		"inputs": [{"type":"promptString","id":"token","password":true}],
		"servers": {"d": {"type":"stdio","command":"${workspaceFolder}/dingtalk-mcp", /* "x": */ "env": {"DINGTALK_BOT_ACCESS_TOKEN":"${env:TEST_SET}","DINGTALK_BOT_KEYWORDS":"// no comment",},},},
	}`, []string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:v DINGTALK_BOT_KEYWORDS:// no comment] []"}, ""},
	{"VS Code, input", "mcp.json", `{"servers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${input:token}","DINGTALK_BOT_SECRET":"${input:secret}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:${input:token} DINGTALK_BOT_SECRET:SECtyped] [inputs]"}, "VS Code asks for DINGTALK_BOT_ACCESS_TOKEN, and"},

	{"another client", "mcp_config.json", `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_SET}","DINGTALK_BOT_SECRET":"${env:TEST_SET}"}}}}`,
		[]string{"server d map[DINGTALK_BOT_ACCESS_TOKEN:v DINGTALK_BOT_SECRET:v] []"}, ""},
	{"hyper-mcp, several", "config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_UNSET}"}}},"b":{"runtime_config":{"env_vars":{"DINGTALK_BOT_SECRET":7}}}}}`,
		[]string{"plugin a map[DINGTALK_BOT_ACCESS_TOKEN:${TEST_UNSET}] [variables]", "plugin b map[DINGTALK_BOT_SECRET:7] [variables DINGTALK_BOT_SECRET]"}, ""},
}

func TestReadConfig(t *testing.T) {
	t.Setenv("TEST_SET", "v")
	t.Setenv(schema.KeySecret, "SECtyped")
	for _, tt := range clientTests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			writeFiles(t, map[string]string{file: tt.text})
			targets, err := ReadConfig(file, "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, target := range targets {
				names := []string{}
				for _, p := range target.Problems {
					names = append(names, p.Name.String())
				}
				source, hasFile := strings.CutPrefix(target.Source.String(), filepath.Base(tt.file)+", ")
				if !hasFile {
					t.Errorf("source %q", target.Source)
				}
				got = append(got, fmt.Sprintf("%s %v %v", source, target.Values, names))
				target.Values = maps.Clone(target.Values)
				target.Values[schema.KeyWebhookURL] = "http://127.0.0.1:1" // nothing listens there
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("targets\n%q, want\n%q", got, tt.want)
			}
			if output := printed(Examine(t.Context(), &Options{}, targets...)); !strings.Contains(output, tt.advice) ||
				strings.Contains(output, "allowed host") != strings.HasPrefix(tt.name, "hyper-mcp") || strings.Contains(output, "CANARY") {
				t.Errorf("want %q:\n%s", tt.advice, output)
			}
		})
	}
}

// One of several is examined with --name, whatever keys it has.
func TestReadConfigByName(t *testing.T) {
	file := write(t, "mcp.json", `{"mcpServers":{"a":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"x"}},"b":{"env":{"OTHER":"y"}}}}`)
	target, err := readOne(file, "b")
	if err != nil || target.Source.String() != "mcp.json, server b" || len(target.Values) != 0 {
		t.Errorf("%+v, %v", target, err)
	}
}

// A variable that is not set, and an input whose answer is not known, are one line.
func TestClientValueIsReportedOnce(t *testing.T) {
	for _, tt := range []struct {
		file, value     string
		wrong, exitCode int
	}{
		{".mcp.json", `"mcpServers":{"a":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_UNSET}"}}}`, 1, 1},
		{"claude_desktop_config.json", `"mcpServers":{"a":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_UNSET}"}}}`, 1, 1},
		{"mcp.json", `"servers":{"a":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"${input:token}"}}}`, 0, 1},
	} {
		target, err := readOne(write(t, tt.file, "{"+tt.value+"}"), "")
		if err != nil {
			t.Fatal(err)
		}
		report := Examine(t.Context(), &Options{}, target)
		if output := printed(report); strings.Count(output, "WRONG") != tt.wrong || report.ExitCode() != tt.exitCode || !strings.Contains(output, "not tested, because of") {
			t.Errorf("%s: exit code %d\n%s", tt.value, report.ExitCode(), output)
		}
	}
}

func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	for file, text := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Every usual file is read, and the report says which were, and which cannot be.
func TestFindConfigs(t *testing.T) {
	home := t.TempDir()
	configDir, cacheDir, current := filepath.Join(home, "config"), filepath.Join(home, "cache"), filepath.Join(home, "project")
	const ours = `{"mcpServers":{"d":{"env":{"DINGTALK_BOT_ACCESS_TOKEN":"x"}}}}`
	packaged := filepath.Join(cacheDir, "Packages", "Claude_abc", "LocalCache", "Roaming", "Claude", "claude_desktop_config.json")
	writeFiles(t, map[string]string{
		filepath.Join(configDir, "Claude", "claude_desktop_config.json"): ours, packaged: ours,
		filepath.Join(home, ".claude.json"): ours, filepath.Join(current, ".mcp.json"): ours,
		filepath.Join(home, ".cursor", "mcp.json"): `{"mcpServers":{"time":{}}}`, filepath.Join(current, ".cursor", "mcp.json"): ours,
		filepath.Join(configDir, "Code", "User", "mcp.json"): "{\n", filepath.Join(current, ".vscode", "mcp.json"): strings.Replace(ours, "mcpServers", "servers", 1),
		filepath.Join(configDir, "hyper-mcp", "config.json"): twoPlugins,
	})
	targets := findConfigs(usualFiles(home, configDir, cacheDir, current), home, "")
	if len(targets) != 8 {
		t.Errorf("%d targets, want 8", len(targets))
	}
	last := targets[len(targets)-1]
	output := printed(Examine(t.Context(), &Options{}, last))
	for _, want := range []string{
		"~/cache/Packages/Claude_abc/LocalCache/Roaming/Claude/claude_desktop_config.json: read; entries examined: 1",
		"~/.cursor/mcp.json: read; no entry was examined", "WRONG  ~/config/Code/User/mcp.json: the file is not JSON: look at line 2",
	} {
		if !strings.Contains(filepath.ToSlash(output), want) {
			t.Errorf("want %q in\n%s", want, output)
		}
	}
	// Programs create such files before there is a server.
	fresh := t.TempDir()
	writeFiles(t, map[string]string{filepath.Join(fresh, "Claude", "claude_desktop_config.json"): `{"globalShortcut":""}`, filepath.Join(fresh, "Code", "User", "mcp.json"): "\n"})
	if targets = findConfigs(usualFiles(home, fresh, "", ""), home, "none of these"); slices.ContainsFunc(targets[0].Problems, func(c Check) bool { return c.Status != Info }) {
		t.Errorf("files without servers: %+v", targets[0].Problems)
	}
	if targets = findConfigs(usualFiles(home, filepath.Join(home, "none"), home, home), home, "e"); len(targets) != 1 || targets[0].Problems[0].Status != Info {
		t.Errorf("another name: %+v, want only notes on the files", targets)
	}
	nothing := findConfigs(usualFiles(t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()), home, "")
	if output := printed(Examine(t.Context(), &Options{}, nothing...)); !strings.Contains(output, "none in the usual places") || !strings.Contains(output, "--config FILE") {
		t.Error(output)
	}
}
