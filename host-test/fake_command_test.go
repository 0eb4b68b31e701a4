package main

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/readme"
)

// startFake runs the command, and returns its export lines, its curl line and the page's address.
func startFake(t *testing.T, b binary, arguments ...string) (exports, curl, page string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // in case it prints less
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, string(b), append([]string{"fake", "--addr", "127.0.0.1:0"}, arguments...)...)
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	lines := bufio.NewScanner(out)
	for page == "" && lines.Scan() {
		switch line := strings.TrimSpace(lines.Text()); {
		case strings.HasPrefix(line, "export "):
			exports += line + "\n"
		case strings.Contains(line, "curl "):
			curl = line
		case strings.HasPrefix(line, "http://"):
			page = line
		}
	}
	if page == "" {
		t.Fatalf("no page; exports %q, curl %q", exports, curl)
	}
	go func() { // so that the robot can go on printing
		for lines.Scan() {
		}
	}()
	return exports, curl, page
}

func shell(t *testing.T, script string) (stdout, stderr string, status int) {
	return run(exec.CommandContext(t.Context(), "sh", "-c", script), "")
}

// What the command prints works: the curl line in a shell, the export lines before a
// call, and the page.
func TestFakeInstructions(t *testing.T) {
	b := buildCommand(t)
	for _, tt := range []struct {
		name      string
		arguments []string
		exports   int // address and token, and what the arguments add
	}{
		{"bare", nil, 2},
		{"secret", []string{"--secret", "SEC0123456789abcdef"}, 3},
		{"keywords", []string{"--keyword", "告警", "--keyword", "it's done"}, 3},
		{"all", []string{"--token", "0a1b2c", "--secret", "SEC $HOME `id` 'x'", "--keyword", `50% "done"`}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exports, curl, page := startFake(t, b, tt.arguments...)
			if got := strings.Count(exports, "\n"); got != tt.exports {
				t.Errorf("%d export lines, want %d:\n%s", got, tt.exports, exports)
			}
			for range 3 { // with other timestamps, a signature holds other characters
				if out, _, status := shell(t, curl); status != 0 || !strings.Contains(out, `"errcode":0`) {
					t.Errorf("%s\nanswers %s, status %d", curl, out, status)
				}
			}
			call := exports + "'" + string(b) + "' call --plugin " + pluginFile + ` send_text_message '{"text":"hello"}'`
			if out, complaint, status := shell(t, call); status != 0 {
				t.Errorf("%s\nanswers %s%s, status %d", call, out, complaint, status)
			}
			response, err := http.Get(page)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("the page answers %s", response.Status)
			}
		})
	}
}

// README's test suite in Python passes, as it stands but for the address.
func TestFakeFromPython(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := readme.Find(string(text), "See the group", "python")
	if err != nil {
		t.Fatal(err)
	}
	_, _, page := startFake(t, buildCommand(t))
	local := strings.ReplaceAll(program, "http://127.0.0.1:8787", page)
	if local == program {
		t.Errorf("it has no address of `robot`:\n%s", program)
	}
	python := func(program string) (complaint string, status int) {
		_, complaint, status = run(exec.CommandContext(t.Context(), "python3", "-"), program)
		return complaint, status
	}
	if complaint, status := python(local); status != 0 {
		t.Errorf("status %d\n%s", status, complaint)
	}
	wrong := strings.ReplaceAll(local, `["138"], message`, `["139"], message`)
	if complaint, status := python(wrong); status == 0 || !strings.Contains(complaint, "AssertionError") {
		t.Errorf("a wrong expectation passes: %d\n%s", status, complaint)
	}
}

// A fake that listens on all addresses is reached through loopback: the plugin
// refuses plain http elsewhere.
func TestFakeLocalAddress(t *testing.T) {
	for listening, want := range map[string]string{
		"127.0.0.1:8787": "127.0.0.1:8787", "[::]:8787": "127.0.0.1:8787", "0.0.0.0:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "192.0.2.7:1": "192.0.2.7:1",
	} {
		if got := localAddress(listening); got != want {
			t.Errorf("%s is reached at %s, want %s", listening, got, want)
		}
	}
}

// What the fake simulates is what the doctor finds.
func TestFakeAndDoctor(t *testing.T) {
	b := buildCommand(t)
	t.Setenv("LC_ALL", "C")
	secret := []string{"--secret", "SEC0123456789abcdef"}
	for _, tt := range []struct {
		arguments []string
		want      string
	}{
		{nil, "Nothing wrong was found"},
		{[]string{"--allow-ip", "127.0.0.1"}, "Nothing wrong was found"},
		{[]string{"--allow-ip", "203.0.113.0/24", "--allow-ip", "203.0.113.7"}, "WRONG  IP address: this machine's public one is not on the robot's list"},
		{[]string{"--disabled"}, "WRONG  robot: it is switched off"},
		{[]string{"--removed"}, "WRONG  robot: it was removed"},
		{[]string{"--clock", "2h"}, "WRONG  clock: this machine's is 2 hours behind the answer's"},
		{[]string{"--clock=-25h"}, "WRONG  clock: this machine's is 25 hours ahead of the answer's"},
	} {
		t.Run(strings.Join(tt.arguments, " "), func(t *testing.T) {
			exports, _, _ := startFake(t, b, append(secret, tt.arguments...)...)
			out, complaint, status := shell(t, exports+"'"+string(b)+"' doctor --plugin "+pluginFile)
			wrong := strings.Count(tt.want, "WRONG")
			if status != wrong || !strings.Contains(out, tt.want) || strings.Count(out, "WRONG") != wrong {
				t.Errorf("status %d, want %s:\n%s%s", status, tt.want, out, complaint)
			}
		})
	}
}
