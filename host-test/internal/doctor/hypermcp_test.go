package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
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

func TestReadFile(t *testing.T) {
	t.Setenv("TEST_DOCTOR_TOKEN", token)
	c, err := ReadHyperMCP(write(t, "config.json", twoPlugins), "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{config.Token: token, config.Secret: "SEC0", config.Keywords: "${k}"}
	if fmt.Sprint(c.Values) != fmt.Sprint(want) || !slices.Equal(c.Hosts, []string{"oapi.dingtalk.com"}) || !c.HostsKnown || c.Problems != nil {
		t.Errorf("%+v", c)
	}
	if c.Source != "config.json, plugin dingtalk" {
		t.Errorf("source %q", c.Source)
	}
}

// A variable that is not set keeps its place, and the doctor says so. What was
// written in a variable's place by mistake is not shown.
func TestVariables(t *testing.T) {
	lookup := func(name string) (string, bool) { return map[string]string{"SET": "v"}[name], name != "UNSET" }
	tests := []struct{ text, want, missing string }{
		{"${SET}", "v", ""},
		{"a${SET}b${SET}", "avbv", ""},
		{"$SET", "$SET", ""},
		{"$${SET}", "${SET}", ""},
		{"${UNSET:-d}", "d", ""},
		{"${EMPTY:-d}", "d", ""},
		{"${UNSET:-}", "", ""},
		{"${UNSET} ${UNSET} ${EMPTY}", "${UNSET} ${UNSET} ${EMPTY}", "not set here: UNSET, EMPTY;"},
		{"${SECcanaryCANARY}", "${SECcanaryCANARY}", "one whose name cannot be shown"},
		{"${SEC" + strings.Repeat("0", 64) + "}", "${SEC" + strings.Repeat("0", 64) + "}", "one whose name cannot be shown"},
		{"${1}", "${1}", ""},
	}
	for _, tt := range tests {
		c := &Target{}
		if got, err := c.expandEnv(tt.text, lookup); got != tt.want || err != nil {
			t.Errorf("%s becomes %s, %v, want %s", tt.text, got, err, tt.want)
		}
		switch {
		case tt.missing == "" && c.Problems != nil:
			t.Errorf("%s: %+v", tt.text, c.Problems)
		case tt.missing != "" && (len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Detail, tt.missing)):
			t.Errorf("%s: %+v, want %s", tt.text, c.Problems, tt.missing)
		}
	}
}

func TestReadFileFails(t *testing.T) {
	t.Setenv("TEST_DOCTOR_QUOTE", `CANARY"`)
	const ours = `{"runtime_config":{"env_vars":{"DINGTALK_BOT_SECRET":"CANARY"}}}`
	tests := []struct{ file, text, name, want string }{
		{"config.yaml", "plugins:", "", `reads files that end in .json, not in ".yaml"`},
		{"config.json", "plugins: CANARY", "", "the file is no JSON"},
		{"config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"k":"${TEST_DOCTOR_QUOTE}"}}}}}`, "", "breaks the file's JSON"},
		{"config.json", `{"plugins":["CANARY"]}`, "", "not one of hyper-mcp"},
		{"config.json", `{"mcpServers":{}}`, "", "names no plugins"},
		{"config.json", `{"plugins":{"a":` + ours + `,"b":` + ours + `}}`, "", "the file has a, b"},
		{"config.json", `{"plugins":{"a":{}}}`, "", "the file has a"},
		{"config.json", `{"plugins":{"a":` + ours + `}}`, "b", "the file has a"},
	}
	for _, tt := range tests {
		_, err := ReadHyperMCP(write(t, tt.file, tt.text), tt.name)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: error %v, want %s", tt.text, err, tt.want)
		}
	}
	if _, err := ReadHyperMCP("none.json", ""); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestValuesMustBeStrings(t *testing.T) {
	file := write(t, "config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"DINGTALK_BOT_ALLOW_AT_ALL":false,"DINGTALK_BOT_ACCESS_TOKEN":7}}}}}`)
	c, err := ReadHyperMCP(file, "a")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, complaint := range c.Problems {
		got = append(got, complaint.Name)
	}
	if want := []string{"DINGTALK_BOT_ACCESS_TOKEN", "DINGTALK_BOT_ALLOW_AT_ALL"}; !slices.Equal(got, want) {
		t.Errorf("complaints about %q, want %q", got, want)
	}
	report := Examine(t.Context(), c, &Options{})
	if report.ExitCode() != 1 || c.Values["DINGTALK_BOT_ALLOW_AT_ALL"] != "false" {
		t.Errorf("%+v", c.Values)
	}
}

// What is not a file, or is too long for one, is refused at once: a pipe would
// be waited for, and a device never ends.
func TestReadFileRefuses(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	device := filepath.Join(folder, "device.json")
	if err := os.Symlink("/dev/zero", device); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	long := write(t, "long.json", twoPlugins+strings.Repeat(" ", 1<<20))
	for file, want := range map[string]string{
		pipe: "not a regular file", device: "not a regular file", filepath.Join(folder, "folder.json"): "not a regular file", long: "longer than 1 MiB",
		filepath.Join(folder, "none.json"): "no such file",
	} {
		done := make(chan error, 1)
		go func() {
			_, err := ReadHyperMCP(file, "")
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(file)) {
				t.Errorf("%s: %v, want %s", file, err, want)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s is waited for", file)
		}
	}
}

// Variables are put in once, and the file stays bounded.
func TestExpandIsBounded(t *testing.T) {
	lookup := func(name string) (string, bool) {
		return map[string]string{"LONG": strings.Repeat("x", 100<<10), "SELF": "${SELF}${SELF}", "OTHER": "${LONG}"}[name], true
	}
	c := &Target{}
	if _, err := c.expandEnv(strings.Repeat("${LONG}", 100), lookup); err == nil || !strings.Contains(err.Error(), "4 MiB") {
		t.Errorf("100 variables of 100 KiB: %v", err)
	}
	if got, err := c.expandEnv("${SELF} ${OTHER}", lookup); err != nil || got != "${SELF}${SELF} ${LONG}" {
		t.Errorf("a variable in a variable: %.100s, %v", got, err)
	}
	var names strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&names, "${N%d}", i)
	}
	if _, err := c.expandEnv(names.String(), func(string) (string, bool) { return "", false }); err != nil {
		t.Error(err)
	}
	last := c.Problems[len(c.Problems)-1].Detail
	if len(last) > 200 || !strings.Contains(last, "N0, N1, N2, N3, N4, N5, N6, N7, N8, N9 and 99990 more") {
		t.Errorf("100000 missing variables: %.300s", last)
	}
}

// A number is taken as it was written.
func TestNumbersStay(t *testing.T) {
	c, err := ReadHyperMCP(write(t, "config.json", `{"plugins":{"a":{"runtime_config":{"env_vars":{"DINGTALK_BOT_ACCESS_TOKEN":12345678901234567890}}}}}`), "")
	if err != nil || c.Values[config.Token] != "12345678901234567890" {
		t.Errorf("%+v, %v", c, err)
	}
}

// A configuration with more robots than the plugin takes is not asked for each.
func TestManyRobots(t *testing.T) {
	var robots strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&robots, `,"r%d":{"accessToken":"%032d","webhookUrl":"none"}`, i, i)
	}
	c := &Target{Values: map[string]string{config.Robots: "{" + robots.String()[1:] + "}"}}
	report := Examine(t.Context(), c, &Options{})
	if n := len(report.sections); n != 67 || report.sections[65].title != "More robots" {
		t.Errorf("%d sections", n)
	}
}
