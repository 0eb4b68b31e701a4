package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// buildCommand builds the command as users do.
func buildCommand(t *testing.T) binary {
	t.Helper()
	b := binary(filepath.Join(t.TempDir(), "host-test"))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", string(b), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return b
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
		{"serve --page", "--page needs --fake", 2},
		{"serve --timeout 0s", "--timeout", 2},
		{"robot --fault nonsense", `no fault "nonsense"`, 2},
		{"robot --texts nonsense", "--texts", 2},
		{"doctor --config nonsense", "--config: there is no such file", 2},
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
