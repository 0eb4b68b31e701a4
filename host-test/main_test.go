package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tetratelabs/wazero"
)

// pluginFile is the build that the command is tested with. Package e2e tests both.
const pluginFile = "../dist/plugin.wasm"

// cache saves compiling the module more than once.
var cache = wazero.NewCompilationCache()

// module reads the build.
func module(t testing.TB) []byte {
	t.Helper()
	data, err := (&cli{Plugin: pluginFile}).wasm()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// builtCommand is where buildCommand builds, once for all tests.
var builtCommand = binary(filepath.Join(os.TempDir(), fmt.Sprint("host-test-", os.Getpid()), "host-test"))

var buildOnce = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("go", "build", "-o", string(builtCommand), ".").CombinedOutput()
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(filepath.Dir(string(builtCommand)))
	os.Exit(code)
}

// buildCommand builds the command as users do.
func buildCommand(t *testing.T) binary {
	t.Helper()
	if out, err := buildOnce(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return builtCommand
}

// A binary is the path of the built command.
type binary string

func (b binary) command(t *testing.T, arguments ...string) *exec.Cmd {
	return exec.CommandContext(t.Context(), string(b), arguments...)
}

// run runs a command with this standard input.
func run(command *exec.Cmd, stdin string) (stdout, stderr string, status int) {
	var out, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &complaint
	if err := command.Run(); err != nil && command.ProcessState == nil {
		return "", err.Error(), -1
	}
	return out.String(), complaint.String(), command.ProcessState.ExitCode()
}

// TestUsageErrors gives command lines that no command can follow, which end with
// status 2 before anything starts, and some that can be followed and then fail. A
// credential that was pasted in place of an argument is not repeated.
func TestUsageErrors(t *testing.T) {
	b := buildCommand(t)
	const credential = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	const webhook = "https://oapi.dingtalk.com/robot/send?access_token=" + credential
	for _, tt := range []struct {
		line, want string
		status     int
	}{
		{"", "expected one of", 2},
		{"nonsense", "unexpected argument nonsense", 2},
		{"call --nonsense", "unknown flag --nonsense", 2},
		{"call", "name a tool", 2},
		{"call --page", "--page needs --fake", 2},
		{"call --page send_text_message {}", "--page needs --fake", 2},
		{"call send_text_message {", "not JSON", 2},
		{"call send_text_message @none.json", "given as @FILE cannot be opened", 2},
		{"call send_text_message -", "not JSON", 2}, // standard input is empty
		{"serve --page", "--page needs --fake", 2},
		{"serve --timeout 0s", "--timeout", 2},
		{"fake --fault nonsense", `no fault "nonsense"`, 2},
		{"robot --texts nonsense", "--texts", 2},
		{"fake --allow-ip nonsense", "write 203.0.113.7 or 203.0.113.0/24", 2},
		{"doctor --config nonsense", "--config: there is no such file", 2},
		{"doctor --lang fr", "--lang", 2},
		{"call --list --plugin missing.wasm", "make build", 1},
		{"serve --fake --page --plugin missing.wasm", "make build", 1},
		{webhook, "", 2},
		{"doctor " + webhook, "", 2},
		{"doctor SEC" + credential, "", 2},
		{"doctor --timeout SEC" + credential, "", 2},
		{"serve --plugin " + webhook, "", 1},
		{"serve --http " + webhook, "", 2},
		{"robot --addr " + webhook, "", 1},
		{"call send_text_message @" + webhook, "", 2},
		{"call send_text_message " + webhook, "", 2},
	} {
		t.Run(tt.line, func(t *testing.T) {
			out, complaint, status := run(b.command(t, strings.Fields(tt.line)...), "")
			if status != tt.status || !strings.Contains(complaint, tt.want) || strings.Contains(complaint, credential[:16]) {
				t.Errorf("ended with status %d, want %d; complained %q, want %q in it", status, tt.status, complaint, tt.want)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	b := buildCommand(t)
	plugin, err := filepath.Abs(pluginFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ line, want string }{
		{"--version", "plugin: none, "},
		{"--version --plugin " + plugin, "plugin"},
		{"call --version --plugin " + plugin, "plugin"},
	} {
		command := b.command(t, strings.Fields(tt.line)...)
		command.Dir = t.TempDir() // outside of the repository, where it would find the plugin
		out, _, status := run(command, "")
		first, second, _ := strings.Cut(out, "\n")
		if status != 0 || !strings.HasPrefix(first, "host-test ") || !strings.HasPrefix(second, tt.want) ||
			strings.Contains(second, "none") != strings.Contains(tt.want, "none") {
			t.Errorf("%s prints %q, status %d", tt.line, out, status)
		}
	}
}

// A space separates even the longest name of a tool from its title.
func TestCallList(t *testing.T) {
	t.Setenv(schema.KeyTools, "all")
	out, complaint, _ := run(buildCommand(t).command(t, "call", "--list", "--plugin", pluginFile), "")
	for _, tool := range toolNames() {
		if !strings.Contains("\n"+out, "\n"+tool+" ") {
			t.Errorf("it prints %s%s, and no line %s with a title", out, complaint, tool)
		}
	}
}

// The script completes in bash what is a prefix of a command, a flag or a tool.
func TestCompletion(t *testing.T) {
	b := buildCommand(t)
	for _, tt := range []struct{ words, want string }{
		{"host-test do", "doctor"},
		{"host-test s", "serve"},
		{"host-test --pl", "--plugin"},
		{"host-test doctor --c", "--config"},
		{"host-test robot --al", "--allow-ip"},
		{"host-test --plugin x.wasm call send_f", "send_feed_card_message"},
		{"host-test completion f", "fish"},
		{"host-test doctor x", ""},
	} {
		script := `source <("$0" completion bash) && COMP_WORDS=($1) && COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && { _dingtalk_mcp; echo "${COMPREPLY[@]}"; }`
		out, complaint, status := run(exec.CommandContext(t.Context(), "bash", "-c", script, string(b), tt.words), "")
		if got := strings.TrimSpace(out + complaint); got != tt.want || status != 0 {
			t.Errorf("%q is completed by %q, status %d, want %q", tt.words, got, status, tt.want)
		}
	}
	for shell, want := range map[string]string{"zsh": "bashcompinit", "fish": "complete -c host-test -n '__fish_seen_subcommand_from robot fake'"} {
		if out, complaint, status := run(b.command(t, "completion", shell), ""); status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: %s%s, want %s", shell, out, complaint, want)
		}
	}
}

// Styles need a terminal, for which the null device stands in: it is a character
// device, too. Tests write to a pipe or a file.
func TestStyles(t *testing.T) {
	for _, tt := range []struct {
		noColor, term, session, goos string
		want                         bool
	}{
		{"", "xterm", "", "linux", true}, {"", "", "", "linux", true}, {"1", "xterm", "", "linux", false}, {"", "dumb", "", "linux", false},
		{"", "", "", "windows", false}, {"", "", "x", "windows", true}, {"1", "", "x", "windows", false},
	} {
		env := map[string]string{"NO_COLOR": tt.noColor, "TERM": tt.term, "WT_SESSION": tt.session}
		if got := wantsColor(func(name string) string { return env[name] }, tt.goos); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	standard := os.Stdout
	defer func() { os.Stdout = standard }()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if os.Stdout = file; red.apply("x") != "x" {
		t.Error("a file gets escape sequences")
	}
	if os.Stdout, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Stdout.Close()
	if got := styleStatus(doctor.Fail, "x"); got != "\x1b[1;31mx\x1b[0m" {
		t.Errorf("a terminal gets %q", got)
	}
}

func TestReadArguments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "arguments.json")
	long := strings.Repeat("x", 1<<20+1)
	if err := os.WriteFile(file, []byte("\ufeff{\"text\":\"it's\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ arguments, stdin, want, err string }{
		{`{"text":"@-"}`, "x", `{"text":"@-"}`, ""},
		{"-", "{}\n", "{}\n", ""},
		{"@" + file, "x", "{\"text\":\"it's\"}\n", ""},
		{"-", long, "", "longer than 1 MiB"},
		{"@" + file + "x", "", "", "check its name"},
		{"@" + t.TempDir(), "", "", "cannot be read"},
	} {
		got, err := readArguments(tt.arguments, strings.NewReader(tt.stdin))
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%.30s: %.30q, %v, want %q, %q", tt.arguments, got, err, tt.want, tt.err)
		}
	}
}

// With --json, a program gets a result whatever failed, and with it the status 1.
func TestCallJSONFailure(t *testing.T) {
	b := buildCommand(t)
	const token = "0123456789abcdef0123456789abcdef"
	t.Setenv(schema.KeyAccessToken, token)
	for _, tt := range []struct{ name, plugin, webhook, reason string }{
		{"nothing listens", pluginFile, "http://127.0.0.1:1/robot/send", "not_sent"},
		{"no plugin", "none.wasm", "", "not_sent"},
		{"plugin's error", pluginFile, "ftp://127.0.0.1", "not_configured"},
	} {
		t.Setenv(schema.KeyWebhookURL, tt.webhook)
		out, _, status := run(b.command(t, "call", "--json", "--plugin", tt.plugin, "send_text_message", "-"), hello)
		var result mcp.CallToolResult
		if err := json.Unmarshal([]byte(out), &result); err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, out)
			continue
		}
		_, hasOK := structured(&result)["ok"].(bool)
		if status != exitFailed || !result.IsError || len(result.Content) != 1 || !hasOK || structured(&result)["reason"] != tt.reason ||
			strings.Contains(out, token) {
			t.Errorf("%s: status %d\n%s", tt.name, status, out)
		}
	}
}
