package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/schema"

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

// TestUsageErrors gives command lines that no command can follow, which end with status 2 before anything starts, and two that
// can be followed and then fail.
func TestUsageErrors(t *testing.T) {
	b := buildCommand(t)
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
	} {
		t.Run(tt.line, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), string(b), strings.Fields(tt.line)...)
			var out, complaint bytes.Buffer
			command.Stdout, command.Stderr = &out, &complaint
			err := command.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != tt.status {
				t.Errorf("ended with %v, want status %d", err, tt.status)
			}
			if !strings.Contains(complaint.String(), tt.want) {
				t.Errorf("complained %q, want %q in it", complaint.String(), tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

// A credential that was pasted in place of an argument is not repeated.
func TestUsageErrorsHideCredentials(t *testing.T) {
	b := buildCommand(t)
	const credential = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	const webhook = "https://oapi.dingtalk.com/robot/send?access_token=" + credential
	for _, line := range []string{
		webhook,
		"doctor " + webhook,
		"doctor SEC" + credential,
		"doctor --timeout SEC" + credential,
		"serve --plugin " + webhook,
		"serve --http " + webhook,
		"robot --addr " + webhook,
		"call send_text_message @" + webhook,
		"call send_text_message " + webhook,
	} {
		out, err := exec.CommandContext(t.Context(), string(b), strings.Fields(line)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Errorf("%s: ended with %v", line, err)
		}
		if bytes.Contains(out, []byte(credential[:16])) {
			t.Errorf("%s: %s", line, out)
		}
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
		command := exec.CommandContext(t.Context(), string(b), strings.Fields(tt.line)...)
		command.Dir = t.TempDir() // outside of the repository, where it would find the plugin
		out, err := command.Output()
		first, second, _ := strings.Cut(string(out), "\n")
		if err != nil || !strings.HasPrefix(first, "host-test ") || !strings.HasPrefix(second, tt.want) || strings.Contains(second, "none") != strings.Contains(tt.want, "none") {
			t.Errorf("%s prints %q, %v", tt.line, out, err)
		}
	}
}

// A space separates even the longest name of a tool from its title.
func TestCallList(t *testing.T) {
	command := exec.CommandContext(t.Context(), string(buildCommand(t)), "call", "--list", "--plugin", pluginFile)
	command.Env = append(os.Environ(), schema.KeyTools+"=all")
	out, err := command.Output()
	for _, tool := range toolNames() {
		if !strings.Contains("\n"+string(out), "\n"+tool+" ") {
			t.Errorf("it prints %s, %v, and no line %s with a title", out, err, tool)
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
		out, err := exec.CommandContext(t.Context(), "bash", "-c", script, string(b), tt.words).CombinedOutput()
		if got := strings.TrimSpace(string(out)); got != tt.want || err != nil {
			t.Errorf("%q is completed by %q, %v, want %q", tt.words, got, err, tt.want)
		}
	}
	for shell, want := range map[string]string{"zsh": "bashcompinit", "fish": "complete -c host-test -n '__fish_seen_subcommand_from robot fake'"} {
		if out, err := exec.CommandContext(t.Context(), string(b), "completion", shell).Output(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %s, %v, want %s", shell, out, err, want)
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
	for _, tt := range []struct {
		name, plugin, webhook, reason string
	}{
		{"nothing listens", pluginFile, "http://127.0.0.1:1/robot/send", "not_sent"},
		{"no plugin", "none.wasm", "", "not_sent"},
		{"plugin's error", pluginFile, "ftp://127.0.0.1", "not_configured"},
	} {
		command := exec.CommandContext(t.Context(), string(b), "call", "--json", "--plugin", tt.plugin, "send_text_message", "-")
		command.Env = append(command.Environ(), schema.KeyAccessToken+"="+token, schema.KeyWebhookURL+"="+tt.webhook)
		command.Stdin = strings.NewReader(`{"text":"hello"}`)
		out, err := command.Output()
		var exit *exec.ExitError
		var result struct {
			Content           []struct{ Text string }
			StructuredContent struct {
				OK     *bool
				Reason string
			}
			IsError bool
		}
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || json.Unmarshal(out, &result) != nil || !result.IsError || len(result.Content) != 1 ||
			result.StructuredContent.OK == nil || result.StructuredContent.Reason != tt.reason || strings.Contains(string(out), token) {
			t.Errorf("%s: %v\n%s", tt.name, err, out)
		}
	}
}
