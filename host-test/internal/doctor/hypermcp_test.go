package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dingtalk-plugin/schema"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const twoPlugins = `{"plugins": {
	"time": {"url": "oci://registry.example/time"},
	"dingtalk": {"url": "file:///opt/plugin.wasm", "runtime_config": {
		"allowed_hosts": ["oapi.dingtalk.com"],
		"env_vars": {"DINGTALK_BOT_ACCESS_TOKEN": "${TEST_DOCTOR_TOKEN}", "DINGTALK_BOT_SECRET": "${TEST_DOCTOR_SECRET:-SEC0}", "DINGTALK_BOT_KEYWORDS": "$${k}"}}}}}`

// readOne reads a file with one entry of this plugin.
func readOne(file, name string) (*Target, error) {
	targets, err := ReadConfig(file, name)
	if err == nil && len(targets) != 1 {
		err = fmt.Errorf("%d targets, want 1", len(targets))
	}
	if err != nil {
		return nil, err
	}
	return targets[0], nil
}

func TestReadHyperMCP(t *testing.T) {
	t.Setenv("TEST_DOCTOR_TOKEN", token)
	target, err := readOne(write(t, "config.json", twoPlugins), "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{schema.KeyAccessToken: token, schema.KeySecret: "SEC0", schema.KeyKeywords: "${k}"}
	if fmt.Sprint(target.Values) != fmt.Sprint(want) || !slices.Equal(target.Hosts, []string{"oapi.dingtalk.com"}) || !target.HostsKnown ||
		target.Problems != nil || target.Source.String() != "config.json, plugin dingtalk" {
		t.Errorf("%+v", target)
	}
}

// An unset variable remains, and is reported under its name, unless that may be a
// pasted credential. Values are not expanded again.
func TestExpandEnv(t *testing.T) {
	env := map[string]string{"SET": "v", "SELF": "${SELF}${SELF}", "OTHER": "${LONG}", "LONG": strings.Repeat("x", 100<<10)}
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "${N%06d}", i)
	}
	tests := []struct{ text, want, missing string }{
		{"${SET}", "v", ""},
		{"a${SET}b${SET}", "avbv", ""},
		{"$SET", "$SET", ""},
		{"$${SET}", "${SET}", ""},
		{"${UNSET:-d}", "d", ""},
		{"${EMPTY:-d}", "d", ""},
		{"${UNSET:-}", "", ""},
		{"${UNSET:-a:-b}", "a:-b", ""},
		{"${1}", "${1}", ""},
		{"${SELF} ${OTHER}", "${SELF}${SELF} ${LONG}", ""},
		{"${UNSET} ${UNSET} ${EMPTY}", "${UNSET} ${UNSET} ${EMPTY}", "not set here: EMPTY, UNSET;"},
		{"${SECcanaryCANARY}", "${SECcanaryCANARY}", "not set here: ***;"},
		{"${SEC" + strings.Repeat("0", 64) + "}", "${SEC" + strings.Repeat("0", 64) + "}", "not set here: ***;"},
		{many.String(), many.String(), "N000007, N000008, N000009 and 99990 more;"},
	}
	for _, tt := range tests {
		target := &Target{}
		got, err := target.expandEnv(tt.text, func(name string) string { return env[name] })
		if got != tt.want || err != nil {
			t.Errorf("%.100s becomes %.100s, %v, want %.100s", tt.text, got, err, tt.want)
		}
		detail := ""
		for _, problem := range target.Problems {
			detail += problem.Detail.String()
		}
		if (detail == "") != (tt.missing == "") || !strings.Contains(detail, tt.missing) || len(detail) > 200 {
			t.Errorf("%.100s: problem %.300q, want %q", tt.text, detail, tt.missing)
		}
	}
	_, err := (&Target{}).expandEnv(strings.Repeat("${LONG}", 100), func(name string) string { return env[name] })
	if err == nil || !strings.Contains(err.Error(), "4 MiB") {
		t.Errorf("100 variables of 100 KiB: %v", err)
	}
}

// An unset variable makes one line WRONG, whatever misses its value, the plugin too.
func TestUnsetVariableIsOneFailure(t *testing.T) {
	const file = `{"plugins":{"a":{"runtime_config":{"allowed_hosts":["oapi.dingtalk.com"],"env_vars":{%s}}}}}`
	for _, tt := range []struct{ key, env string }{
		{schema.KeyAccessToken, `"DINGTALK_BOT_ACCESS_TOKEN":"${TEST_UNSET}"`},
		{schema.KeyRobots, `"DINGTALK_BOT_ROBOTS":"{\"a\":{\"accessToken\":\"${TEST_UNSET}\",\"secret\":\"${TEST_UNSET}\"}}"`},
		{schema.KeyRobots, `"DINGTALK_BOT_ROBOTS":"${TEST_UNSET}"`},
	} {
		target, err := readOne(write(t, "config.json", fmt.Sprintf(file, tt.env)), "")
		if err != nil {
			t.Fatal(err)
		}
		ask := func(context.Context, map[string]string) (PluginVerdict, error) {
			return PluginVerdict{Reason: "not_configured", Key: tt.key, Text: tt.key + " is missing."}, nil
		}
		report := Examine(t.Context(), &Options{AskPlugin: ask}, target)
		if output := printed(report); strings.Count(output, "WRONG") != 1 || !strings.Contains(output, "not tested, because of the variables") || !strings.Contains(output, "0 HTTP requests") {
			t.Errorf("%s:\n%s", tt.env, output)
		}
	}
}

// Pipes and devices are rejected at once, and no error quotes the file.
func TestReadConfigErrors(t *testing.T) {
	t.Setenv("TEST_DOCTOR_QUOTE", `CANARY"`)
	folder := t.TempDir()
	pipe, device, directory := filepath.Join(folder, "pipe.json"), filepath.Join(folder, "device.json"), filepath.Join(folder, "directory.json")
	for _, err := range []error{syscall.Mkfifo(pipe, 0o600), os.Symlink("/dev/zero", device), os.Mkdir(directory, 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const ours = `{"runtime_config":{"env_vars":{"DINGTALK_BOT_SECRET":"CANARY"}}}`
	tests := []struct{ file, name, want string }{
		{pipe, "", "pipe.json is not a regular file"},
		{device, "", "device.json is not a regular file"},
		{directory, "", "directory.json is not a regular file"},
		{filepath.Join(folder, "none.json"), "", "none.json cannot be read: no such file"},
		{write(t, "long.json", twoPlugins+strings.Repeat(" ", maxFile)), "", "long.json is longer than 16 MiB"},
		{write(t, "config.yaml", "plugins:"), "", `reads files that end in .json, not in ".yaml"`},
		{write(t, "config.json", "{\n\n\"plugins\": CANARY\n}"), "", "the file is not JSON: look at line 3"},
		{write(t, "config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"k":"${TEST_DOCTOR_QUOTE}"}}}}}`), "", "breaks the file's JSON"},
		{write(t, "config.json", `{"plugins":["CANARY"]}`), "", "not one of hyper-mcp"},
		{write(t, "config.json", `{"CANARY":{}}`), "", "neither plugins, as one of hyper-mcp, nor mcpServers"},
		{write(t, "config.json", `{"plugins":{}}`), "", "it has no plugins"},
		{write(t, "config.json", `{"plugins":{"a":{}}}`), "", "no entry with keys of this plugin; it has the plugins a"},
		{write(t, "config.json", `{"plugins":{"a":`+ours+`}}`), "b", "no entry of the name given with --name; it has the plugins a"},
		{write(t, "config.json", `{"mcpServers":{}}`), "", "it has no servers"},
		{write(t, "config.json", `{"mcpServers":{"b":{"command":"hyper-mcp"},"a":{"env":{"CANARY":"x"}}}}`), "", "it has the servers a, b (if one starts hyper-mcp, name hyper-mcp's own file)"},
		{write(t, "config.json", `{"mcpServers":{"a":{}}}`), "b", "no entry of the name given with --name; it has the servers a"},
		{write(t, "config.json", `{"mcpServers":{"a":{"env":["CANARY"]}}}`), "", "wrong type"},
		{write(t, "claude_desktop_config.json", "{\"mcpServers\":{\n// CANARY\n}}"), "", "look at line 2 and the one before it; Claude Desktop reads no comments"},
	}
	for _, tt := range tests {
		done := make(chan error, 1)
		go func() {
			_, err := ReadConfig(tt.file, tt.name)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s: error %v, want %s", tt.file, err, tt.want)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s blocks", tt.file)
		}
	}
}

// A value that is not a string is reported, and kept with all of its digits.
func TestValuesMustBeStrings(t *testing.T) {
	file := write(t, "config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"DINGTALK_BOT_ALLOW_AT_ALL":false,"DINGTALK_BOT_ACCESS_TOKEN":12345678901234567890}}}}}`)
	target, err := readOne(file, "a")
	if err != nil {
		t.Fatal(err)
	}
	if p := target.Problems; len(p) != 2 || p[0].Name.String() != schema.KeyAccessToken || p[1].Name.String() != "DINGTALK_BOT_ALLOW_AT_ALL" || p[0].Status != Fail {
		t.Errorf("problems %+v", p)
	}
	if target.Values["DINGTALK_BOT_ALLOW_AT_ALL"] != "false" || target.Values[schema.KeyAccessToken] != "12345678901234567890" {
		t.Errorf("values %+v", target.Values)
	}
	if got := Examine(t.Context(), &Options{}, target).ExitCode(); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
}
