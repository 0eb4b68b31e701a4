package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// TestServeCommand runs the command itself. It is built once.
func TestServeCommand(t *testing.T) {
	b := buildCommand(t)
	t.Run("client", b.testClient)
	t.Run("script", b.testScript)
	t.Run("terminate", b.testTerminate)
	t.Run("client that does not read", b.testBlockedOutput)
	t.Run("log that nobody reads", b.testUnreadLog)
	t.Run("second signal", b.testSecondSignal)
	t.Run("http", b.testHTTP)
	t.Run("log", b.testLog)
	t.Run("missing token", b.testMissing)
	t.Run("JSON only", b.testJSONOnly)
	t.Run("full disk", b.testFullDisk)
	t.Run("client that crashes", b.testCrash)
}

// serve returns the command with this configuration instead of the environment's.
func (b binary) serve(t *testing.T, config map[string]string, arguments ...string) *exec.Cmd {
	command := b.command(t, append([]string{"serve", "--plugin", pluginFile}, arguments...)...)
	command.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, schema.KeyPrefix) })
	command.Env = append(command.Env, "XDG_CACHE_HOME="+filepath.Dir(string(b)))
	for key, value := range config {
		command.Env = append(command.Env, key+"="+value)
	}
	return command
}

// connectCommand starts a command with the official client.
func connectCommand(t *testing.T, command *exec.Cmd, log io.Writer) *mcp.ClientSession {
	t.Helper()
	command.Stderr = log
	return connectClient(t, &mcp.CommandTransport{Command: command})
}

// startPiped starts a command, whose output nobody reads yet.
func startPiped(t *testing.T, command *exec.Cmd) (stdin io.WriteCloser, stdout, stderr io.ReadCloser) {
	t.Helper()
	var errs [3]error
	stdin, errs[0] = command.StdinPipe()
	stdout, errs[1] = command.StdoutPipe()
	stderr, errs[2] = command.StderrPipe()
	for _, err := range append(errs[:], command.Start()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return stdin, stdout, stderr
}

func sendSignal(t *testing.T, command *exec.Cmd, s os.Signal) {
	t.Helper()
	if err := command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// waitAtMost waits for a command that was started, whatever its status, and kills it
// at the limit.
func waitAtMost(t *testing.T, command *exec.Cmd, limit time.Duration) {
	t.Helper()
	timer := time.AfterFunc(limit, func() { command.Process.Kill() })
	command.Wait()
	if !timer.Stop() {
		t.Errorf("it did not end within %v", limit)
	}
}

// canaryConfig starts a fake robot with the canary credentials, and returns the
// variables of the reference server for it.
func canaryConfig(t *testing.T) (*fakeServer, map[string]string) {
	t.Helper()
	fake := startFakeServer(map[string]string{schema.KeySecret: canarySecret})
	t.Cleanup(func() { fake.Close() })
	fake.robot.SetOptions(func(o *dingtalktest.Options) { o.Token = canaryToken })
	return fake, map[string]string{
		schema.KeyAccessToken: fake.URL + "/robot/send?access_token=" + canaryToken, schema.KeySecret: canarySecret,
	}
}

// testClient uses the official client.
func (b binary) testClient(t *testing.T) {
	fake, config := canaryConfig(t)
	command := b.serve(t, config)
	var log, wire bytes.Buffer
	command.Stderr = &log
	session := connectClient(t, &mcp.LoggingTransport{Transport: &mcp.CommandTransport{Command: command}, Writer: &wire})
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 2 {
		t.Errorf("tools %v, %v", list, err)
	}
	expect(t, session, hello, "sent")
	if err := session.Close(); err != nil { // closes standard input, and reports the status
		t.Errorf("the server ended with %v: %s", err, log.String())
	}
	if messages := fake.robot.Messages(); len(messages) != 1 || !messages[0].Signed {
		t.Errorf("the group has %d messages", len(messages))
	}
	if want := "tool=send_text_message outcome=sent"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %s: %s", want, log.String())
	}
	assertNoCredential(t, log.String()+wire.String())
}

// What a client writes.
const (
	initializeLine = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}` + "\n"
	listLine       = `{"jsonrpc":"2.0","id":2,"method":"tools/list"}` + "\n"
	callLine       = `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"send_text_message","arguments":{"text":"hello"}}}` + "\n"
)

// testScript pipes requests in. Standard output has only the protocol, with the
// schemas byte for byte, and standard error has what the fake group sees.
func (b binary) testScript(t *testing.T) {
	command := b.serve(t, map[string]string{
		"EXTISM_ENABLE_WASI_OUTPUT": "1",
		schema.KeyRobots:            `{"a":{"accessToken":"https://robots.invalid/robot/send?access_token=real"}}`,
	}, "--fake")
	out, log, status := run(command, initializeLine+`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"+listLine+callLine)
	if status != 0 {
		t.Fatalf("status %d: %s", status, log)
	}
	answers := map[string]gjson.Result{}
	for line := range strings.Lines(out) {
		if !gjson.Valid(line) {
			t.Errorf("standard output holds %q", line)
		}
		answers[gjson.Get(line, "id").Raw] = gjson.Parse(line)
	}
	checkBytes(t, answers["2"].Get("result.tools"))
	if got := answers["3"].Get("result.structuredContent.reason").String(); got != "sent" {
		t.Errorf("the call: %s", answers["3"].Raw)
	}
	if !strings.Contains(log, "│ hello") {
		t.Errorf("standard error lacks the message: %s", log)
	}
}

// checkBytes compares tools with what the plugin describes, except for white space.
func checkBytes(t *testing.T, tools gjson.Result) {
	t.Helper()
	plugin, err := (&cli{Plugin: pluginFile}).load(t.Context(), map[string]string{schema.KeyRobots: `{"a":{"accessToken":"a"}}`})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range gjson.GetBytes(output, "tools").Array() {
		got := tools.Get(`#(name==` + want.Get("name").String() + `)`)
		for _, part := range []string{"inputSchema", "outputSchema", "title", "description"} {
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(want.Get(part).Raw)); err != nil {
				t.Fatal(err)
			}
			if got.Get(part).Raw != compact.String() {
				t.Errorf("%s of %s:\n%s, want\n%s", part, want.Get("name"), got.Get(part).Raw, &compact)
			}
		}
	}
}

// testTerminate sends SIGTERM during a call, which is not a failure.
func (b binary) testTerminate(t *testing.T) {
	fake := newServed(t)
	inject(fake.robot, "slow")
	changed, unwatch := fake.robot.Watch()
	defer unwatch()
	command := b.serve(t, fake.config)
	session := connectCommand(t, command, io.Discard)
	go session.CallTool(t.Context(), textCall(hello))
	<-changed // the probe
	sendSignal(t, command, syscall.SIGTERM)
	if err := session.Close(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// testCrash closes all pipes during a call, as a client that crashes. The message
// arrives once, and the server ends.
func (b binary) testCrash(t *testing.T) {
	fake := newServed(t)
	fake.robot.InjectFaults(dingtalktest.Fault{Delay: 300 * time.Millisecond})
	changed, unwatch := fake.robot.Watch()
	defer unwatch()
	command := b.serve(t, fake.config)
	stdin, stdout, stderr := startPiped(t, command)
	session := connectClient(t, &mcp.IOTransport{Reader: stdout, Writer: stdin})
	go session.CallTool(t.Context(), textCall(hello))
	<-changed // the probe
	for _, pipe := range []io.Closer{stderr, stdout, stdin} {
		pipe.Close()
	}
	waitAtMost(t, command, 10*time.Second)
	expectMessages(t, fake.robot, 1)
}

// testBlockedOutput sends SIGTERM while the client does not read.
func (b binary) testBlockedOutput(t *testing.T) {
	command := b.serve(t, nil, "--fake")
	stdin, stdout, stderr := startPiped(t, command) // stdout fills, since nothing reads it
	defer stdout.Close()
	go io.Copy(io.Discard, stderr)
	written := make(chan struct{})
	go func() {
		defer close(written)
		io.WriteString(stdin, initializeLine)
		for id := 2; ; id++ { // the SDK rejects an id that is in use
			if _, err := fmt.Fprintf(stdin, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", id); err != nil {
				return // the server has ended
			}
		}
	}()
	time.Sleep(time.Second) // until it blocks
	sendSignal(t, command, syscall.SIGTERM)
	waitAtMost(t, command, 20*time.Second)
	<-written
}

// testUnreadLog makes calls while nobody reads standard error, until a pipe is full,
// and after the client has closed it. Calls are still answered, and a signal ends
// the server.
func (b binary) testUnreadLog(t *testing.T) {
	for _, tt := range []struct {
		closed bool
		calls  int // a line of the log for each; a pipe holds about 650
	}{{false, 2000}, {true, 2}} {
		log, stderr, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		command := b.serve(t, map[string]string{schema.KeyAccessToken: canaryToken, schema.KeyDryRun: "true"})
		session := connectCommand(t, command, stderr)
		stderr.Close()
		if tt.closed {
			log.Close()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for i := range tt.calls {
			result, err := session.CallTool(ctx, textCall(hello))
			if err != nil || structured(result)["reason"] != "dry_run" {
				t.Fatalf("closed %v: call %d was not answered: %v", tt.closed, i+1, err)
			}
		}
		sendSignal(t, command, syscall.SIGTERM)
		stop := context.AfterFunc(ctx, func() { command.Process.Kill() })
		if err := session.Wait(); err != nil {
			t.Errorf("closed %v: the server ended with %v", tt.closed, err)
		}
		stop()
	}
}

// testSecondSignal interrupts a command twice that reads a file without an end.
func (b binary) testSecondSignal(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(fifo, os.O_RDWR, 0) // which writes nothing
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	command := b.command(t, "--plugin", fifo, "call", "--fake", "send_text_message", hello)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	for range 2 {
		sendSignal(t, command, syscall.SIGINT)
		time.Sleep(200 * time.Millisecond)
	}
	waitAtMost(t, command, 3*time.Second)
}

// A bearer sends itself as the token of each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// testHTTP connects with and without the token that the server requires.
func (b binary) testHTTP(t *testing.T) {
	command := b.serve(t, map[string]string{serveToken: "right"}, "--fake", "--http", ":0")
	_, _, stderr := startPiped(t, command)
	var url string
	lines := bufio.NewScanner(stderr)
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "serving at ")
	}
	go io.Copy(io.Discard, stderr)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("it serves at %q", url)
	}
	client := &http.Client{Transport: bearer("right")}
	session := connectClient(t, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: client})
	expect(t, session, hello, "sent")
	session.Close()
	response, err := http.Post(url, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %s", response.Status)
	}
	sendSignal(t, command, syscall.SIGTERM)
	if err := command.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// testLog checks what an operator reads about calls, as text and as JSON.
func (b binary) testLog(t *testing.T) {
	fake, config := canaryConfig(t)
	config[schema.KeySecret] += "wrong"
	for _, format := range []string{"text", "json"} {
		var log bytes.Buffer
		session := connectCommand(t, b.serve(t, config, "--log-format", format), &log)
		expect(t, session, hello, "refused")
		expect(t, session, `{"tex":"hello"}`, "invalid_arguments")
		inject(fake.robot, "drop-before")
		expect(t, session, hello, "unknown_outcome")
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
	for _, tt := range []struct{ key, value, want string }{
		{"X", "", schema.KeyAccessToken},
		{schema.KeyAccessToken, "${TOKEN}", schema.KeyAccessToken},
		{schema.KeyRobots, `{"ops":{"secret":"` + canarySecret + `"}}`, "robot ops "},
		{schema.KeyRobots, `{"ops":` + canarySecret, schema.KeyRobots},
	} {
		var log bytes.Buffer
		session := connectCommand(t, b.serve(t, map[string]string{tt.key: tt.value}), &log)
		expect(t, session, hello, "not_configured")
		session.Close()
		_, warning, _ := strings.Cut(log.String(), "level=WARN")
		if warning, _, _ = strings.Cut(warning, "\n"); !strings.Contains(warning, tt.want) {
			t.Errorf("%s: %s", tt.value, log.String())
		}
		assertNoCredential(t, log.String())
	}
}

// testJSONOnly checks that everything on standard error is JSON, the fake group
// and the error that ends the command included.
func (b binary) testJSONOnly(t *testing.T) {
	for _, tt := range []struct {
		arguments string
		status    int
		want      string
	}{
		{"--fake --page", 0, "│ hello"},
		{"--http 127.0.0.1:99999", 1, "invalid port"},
	} {
		arguments := append(strings.Fields(tt.arguments), "--log-format", "json")
		_, log, status := run(b.serve(t, nil, arguments...), initializeLine+callLine)
		if status != tt.status || !strings.Contains(log, tt.want) {
			t.Errorf("%s: status %d, want %d; the log lacks %s: %s", tt.arguments, status, tt.status, tt.want, log)
		}
		for line := range strings.Lines(log) {
			if !gjson.Valid(line) {
				t.Errorf("%s: no JSON: %s", tt.arguments, line)
			}
		}
	}
}

// testFullDisk serves where no file can grow, neither the log nor the cache.
func (b binary) testFullDisk(t *testing.T) {
	fake := newServed(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := b.serve(t, fake.config)
	command.Args = append([]string{"sh", "-c", `ulimit -f 0; exec "$0" "$@"`}, command.Args...)
	command.Path = "/bin/sh"
	command.Env = append(command.Env, "XDG_CACHE_HOME="+t.TempDir())
	session := connectCommand(t, command, log)
	for range 3 {
		expect(t, session, hello, "sent")
	}
	if err := session.Close(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if info, err := log.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the log has %d bytes, %v", info.Size(), err)
	}
	expectMessages(t, fake.robot, 3)
}
