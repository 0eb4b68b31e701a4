package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// connectCommand starts a command with the official client.
func connectCommand(t *testing.T, command *exec.Cmd, log io.Writer) *mcp.ClientSession {
	t.Helper()
	command.Stderr = log
	return connectClient(t, &mcp.CommandTransport{Command: command})
}

// testLog checks what an operator reads about calls, as text and as JSON.
func (b binary) testLog(t *testing.T) {
	fake := startFakeServer(map[string]string{schema.KeySecret: canarySecret})
	defer fake.Close()
	fake.robot.SetOptions(func(o *dingtalktest.Options) { o.Token, o.Secret = canaryToken, canarySecret })
	for _, format := range []string{"text", "json"} {
		command := b.serve(t, "--log-format", format)
		command.Env = append(command.Env, schema.KeyAccessToken+"="+fake.URL+"/robot/send?access_token="+canaryToken, schema.KeySecret+"="+canarySecret+"wrong")
		var log bytes.Buffer
		session := connectCommand(t, command, &log)
		callSession(t, session, "send_text_message", `{"text":"hello"}`)
		callSession(t, session, "send_text_message", `{"tex":"hello"}`)
		drop, _ := dingtalktest.FaultByName("drop-before")
		fake.robot.InjectFaults(drop)
		callSession(t, session, "send_text_message", `{"text":"hello"}`)
		session.Close()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		for i, want := range [][]string{
			{"INFO", "serving", "127.0.0.1"},
			{"WARN", "refused", "310000", "took"},
			{"INFO", "invalid_arguments", "took"},
			{"WARN", "unknown_outcome", "the connection broke", "took"},
		} {
			for _, part := range want {
				if len(lines) != 4 || !strings.Contains(lines[i], part) {
					t.Errorf("%s: line %d lacks %s: %s", format, i+1, part, log.String())
				}
			}
			if format == "json" && !gjson.Valid(lines[i]) {
				t.Errorf("line %d is no JSON: %s", i+1, lines[i])
			}
		}
		assertNoCredential(t, log.String())
	}
}

// testMissing starts servers that can send nothing. They say so, and their calls
// are refused.
func (b binary) testMissing(t *testing.T) {
	for _, tt := range []struct{ pair, want string }{
		{"", schema.KeyAccessToken},
		{schema.KeyAccessToken + "=${TOKEN}", schema.KeyAccessToken},
		{schema.KeyRobots + `={"ops":{"secret":"` + canarySecret + `"}}`, "robot ops "},
		{schema.KeyRobots + `={"ops":` + canarySecret, schema.KeyRobots},
	} {
		command := b.serve(t)
		command.Env = append(command.Env, tt.pair)
		var log bytes.Buffer
		session := connectCommand(t, command, &log)
		if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "not_configured" {
			t.Errorf("%s: %s", tt.pair, resultText(result))
		}
		session.Close()
		_, warning, _ := strings.Cut(log.String(), "level=WARN")
		if warning, _, _ = strings.Cut(warning, "\n"); !strings.Contains(warning, tt.want) {
			t.Errorf("%s: %s", tt.pair, log.String())
		}
		assertNoCredential(t, log.String())
	}
}

// testJSONOnly checks that everything on standard error is JSON, the fake group
// and the error that ends the command included.
func (b binary) testJSONOnly(t *testing.T) {
	for _, tt := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--fake", "--page"}, "│ hello"},
		{[]string{"--http", "127.0.0.1:99999"}, "invalid port"},
	} {
		command := b.serve(t, append(tt.arguments, "--log-format", "json")...)
		command.Stdin = strings.NewReader(initializeLine + fmt.Sprintf(dryRunLine, 2))
		var log bytes.Buffer
		command.Stderr = &log
		err := command.Run()
		if failed := command.ProcessState.ExitCode() == 1; failed != (tt.arguments[0] == "--http") {
			t.Errorf("%v: %v", tt.arguments, err)
		}
		if !strings.Contains(log.String(), tt.want) {
			t.Errorf("%v: the log lacks %s: %s", tt.arguments, tt.want, log.String())
		}
		for line := range strings.Lines(log.String()) {
			if !gjson.Valid(line) {
				t.Errorf("%v: no JSON: %s", tt.arguments, line)
			}
		}
	}
}

// testFullDisk serves where no file can grow, neither the log nor the cache.
func (b binary) testFullDisk(t *testing.T) {
	fake := startFakeServer(nil)
	defer fake.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := b.serve(t)
	command.Args = append([]string{"sh", "-c", `ulimit -f 0; exec "$0" "$@"`}, command.Args...)
	command.Path = "/bin/sh"
	command.Env = append(command.Env, "XDG_CACHE_HOME="+t.TempDir())
	for _, key := range []string{schema.KeyAccessToken, schema.KeySecret, schema.KeyWebhookURL} {
		command.Env = append(command.Env, key+"="+fake.config[key])
	}
	session := connectCommand(t, command, log)
	for range 3 {
		if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "sent" {
			t.Errorf("%s", resultText(result))
		}
	}
	if err := session.Close(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if info, err := log.Stat(); err != nil || info.Size() != 0 || len(fake.robot.Messages()) != 3 {
		t.Errorf("the log has %d bytes, %v; the group has %d messages", info.Size(), err, len(fake.robot.Messages()))
	}
}

// testCrash closes all pipes during a call, as a client that crashes. The message
// arrives once, and the server ends.
func (b binary) testCrash(t *testing.T) {
	fake := startFakeServer(nil)
	defer fake.Close()
	fake.robot.InjectFaults(dingtalktest.Fault{Delay: 300 * time.Millisecond})
	changed, unwatch := fake.robot.Watch()
	defer unwatch()
	command := b.serve(t)
	for _, key := range []string{schema.KeyAccessToken, schema.KeySecret, schema.KeyWebhookURL} {
		command.Env = append(command.Env, key+"="+fake.config[key])
	}
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	session := connectClient(t, &mcp.IOTransport{Reader: stdout, Writer: stdin})
	go session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"hello"}`)})
	<-changed // the probe
	for _, pipe := range []io.Closer{log, stdout, stdin} {
		pipe.Close()
	}
	waitAtMost(t, command, 10*time.Second)
	if got := len(fake.robot.Messages()); got != 1 {
		t.Errorf("the group has %d messages, want 1", got)
	}
}
