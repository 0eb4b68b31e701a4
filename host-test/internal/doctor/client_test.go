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

	"golang.org/x/tools/txtar"
)

// Each file is read as its program reads it, with a byte order mark and without.
func TestReadConfig(t *testing.T) {
	t.Setenv("TEST_SET", "v")
	t.Setenv(schema.KeySecret, "SECtyped")
	archive, err := txtar.ParseFile("testdata/clients.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(archive.Files, 2) {
		name, path, _ := strings.Cut(pair[0].Name, "/")
		want, says, _ := strings.Cut(string(pair[1].Data), "says ")
		for _, mark := range []string{"", "\ufeff"} {
			t.Run(name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), path)
				writeFiles(t, map[string]string{file: mark + string(pair[0].Data)})
				targets, err := ReadConfig(file, "")
				if err != nil {
					t.Fatal(err)
				}
				if got := describeTargets(targets); got != want {
					t.Errorf("targets\n%s, want\n%s", got, want)
				}
				for _, target := range targets {
					target.Values = maps.Clone(target.Values)
					target.Values[schema.KeyWebhookURL] = "http://127.0.0.1:1" // nothing listens there
				}
				if output := printed(Examine(t.Context(), &Options{}, targets...)); !strings.Contains(output, strings.TrimSpace(says)) ||
					strings.Contains(output, "allowed host") != strings.HasPrefix(name, "hyper-mcp") || strings.Contains(output, "CANARY") {
					t.Errorf("want %q:\n%s", says, output)
				}
			})
		}
	}
}

// describeTargets writes each target's source, its values, and the names of its
// problems.
func describeTargets(targets []*Target) string {
	var list strings.Builder
	for _, target := range targets {
		names := []string{}
		for _, p := range target.Problems {
			names = append(names, p.Name.String())
		}
		fmt.Fprintf(&list, "%s %v %v\n", target.Source, target.Values, names)
	}
	return list.String()
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
