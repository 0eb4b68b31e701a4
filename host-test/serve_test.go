package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"
)

// Credentials that occur in no text by chance.
const (
	canaryToken  = "CANARYtokenCANARYtoken0123456789"
	canarySecret = "SECcanaryCANARYcanary/+=0123456789"
)

// served is a plugin that is served for a fake robot, with the official client.
type served struct {
	*fakeServer
	session *mcp.ClientSession
	loads   int
}

// serveInMemory serves the plugin for a fake robot that accepts the configuration.
func serveInMemory(t *testing.T, timeout time.Duration, values map[string]string) *served {
	t.Helper()
	s := &served{fakeServer: startFakeServer(values)}
	t.Cleanup(func() { s.Close() })
	s.serve(t, timeout, config.AllowedHosts(s.config))
	return s
}

// serve serves the plugin with the current configuration.
func (s *served) serve(t *testing.T, timeout time.Duration, hosts []string) {
	t.Helper()
	robots, defaultRobot := config.RobotNames(s.config)
	server, err := mcpserver.New(t.Context(), &mcpserver.Options{
		Timeout: timeout, Robots: robots, Default: defaultRobot,
		Load: func(ctx context.Context) (mcpserver.Plugin, error) {
			s.loads++
			return host.Load(ctx, module(t), &host.Options{Config: s.config, AllowedHosts: hosts, Cache: cache})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	serverSide, clientSide := mcp.NewInMemoryTransports()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), serverSide) }()
	s.session = connectClient(t, clientSide)
	t.Cleanup(func() {
		s.session.Close()
		<-done
		server.Close()
	})
}

func connectClient(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func (s *served) call(t *testing.T, tool, arguments string) *mcp.CallToolResult {
	t.Helper()
	return callSession(t, s.session, tool, arguments)
}

// callCanceled makes a call that the client soon cancels, which has no result.
func (s *served) callCanceled(t *testing.T, after time.Duration, arguments string) error {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	_, err := s.session.CallTool(ctx, &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(arguments)})
	return err
}

func (s *served) inject(name string) {
	fault, _ := dingtalktest.FaultByName(name)
	s.robot.InjectFaults(fault)
}

// callSession calls a tool, whose result must fit the output schema.
func callSession(t *testing.T, session *mcp.ClientSession, tool, arguments string) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		t.Fatalf("%s %s: protocol error, which no model sees: %v", tool, arguments, err)
	}
	if err := jsonschema.NewCompiler().MustCompile("../schema/output.json").Validate(result.StructuredContent); err != nil {
		t.Errorf("%s %s: %v", tool, arguments, err)
	}
	return result
}

func reason(result *mcp.CallToolResult) string {
	structured, _ := result.StructuredContent.(map[string]any)
	return fmt.Sprint(structured["reason"])
}

// A timeout during a request keeps the plugin loaded, and with it the keys.
func TestServeTimeout(t *testing.T) {
	s := serveInMemory(t, 200*time.Millisecond, map[string]string{schema.KeyRetries: "0"})
	s.inject("slow")
	const arguments = `{"text":"hello","idempotencyKey":"k"}`
	result := s.call(t, "send_text_message", arguments)
	if !result.IsError || reason(result) != "unknown_outcome" || !strings.Contains(resultText(result), "took too long") {
		t.Errorf("slow: %s", resultText(result))
	}
	if result := s.call(t, "send_text_message", arguments); reason(result) != "sent" || s.loads != 1 {
		t.Errorf("after %d loads: %s", s.loads, resultText(result))
	}
	if got := len(s.robot.Messages()); got != 1 {
		t.Errorf("the group has %d messages, want 1", got)
	}
}

// Canceled calls keep the plugin loaded and count toward the limit of 20 messages
// a minute, so that DingTalk never locks the robot.
func TestServeCanceled(t *testing.T) {
	s := serveInMemory(t, time.Minute, map[string]string{schema.KeyRetries: "0"})
	for round, want := range []string{"sent", "rate_limited", "rate_limited"} {
		for i := range 19 {
			if result := s.call(t, "send_text_message", fmt.Sprintf(`{"text":"%d of %d"}`, i, round)); reason(result) != want {
				t.Errorf("round %d, call %d: %s, want %s", round, i, resultText(result), want)
			}
		}
		s.inject("slow")
		if err := s.callCanceled(t, 200*time.Millisecond, `{"text":"a"}`); round == 0 && err == nil {
			t.Error("a canceled call has a result")
		}
	}
	posts := 0
	for _, request := range s.robot.Requests() {
		if request.Method == http.MethodPost {
			posts++
			if request.Code != 0 {
				t.Errorf("refused with %d", request.Code)
			}
		}
	}
	if posts != 20 || s.loads != 1 {
		t.Errorf("%d messages were posted by %d plugins, want 20 by one", posts, s.loads)
	}
}

// The key of a canceled call is not used for another text, which DingTalk would
// silently drop.
func TestServeKeyAfterCancel(t *testing.T) {
	s := serveInMemory(t, time.Minute, map[string]string{schema.KeyRetries: "0"})
	s.inject("slow")
	if s.callCanceled(t, 200*time.Millisecond, `{"text":"a","idempotencyKey":"k"}`) == nil {
		t.Error("a canceled call has a result")
	}
	result := s.call(t, "send_text_message", `{"text":"b","idempotencyKey":"k"}`)
	messages := s.robot.Messages()
	shown := slices.ContainsFunc(messages, func(m dingtalktest.Message) bool { return m.Text == "b" })
	if shown == result.IsError {
		t.Errorf("the group has %v, and the model reads %s", messages, resultText(result))
	}
}

// When the host ends a call, the result tells whether the message may have been
// sent, and holds no credential.
func TestServeTrap(t *testing.T) {
	untrusted := httptest.NewTLSServer(nil)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(untrusted.Close)
	aborting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(aborting.Close)
	const trapped = "The message was not sent: the host ended the call: "
	for _, tt := range []struct {
		name, webhook, fault string
		reason               string
		retryable            bool
		text                 string
	}{
		{"connection cut after the message", "", "drop-before", "unknown_outcome", true, "the message may or may not have arrived. Call again with idempotencyKey"},
		{"connection refused", "http://127.0.0.1:1/robot/send", "", "not_sent", true, trapped + "the connection was refused. Repeat the call later"},
		{"untrusted certificate", untrusted.URL, "", "not_sent", false, trapped + "the server's certificate is not trusted. Repeating the call does not help"},
		{"host not allowed", "https://other.invalid/robot/send", "", "not_sent", false, trapped + "it may not reach that host; add the host name to the allowed hosts. Repeating the call does not help"},
		{"probe cut", aborting.URL, "", "not_sent", true, trapped + "the connection broke. Repeat the call later"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &served{fakeServer: startFakeServer(map[string]string{schema.KeySecret: canarySecret, schema.KeyRetries: "0"})}
			defer s.Close()
			if tt.fault != "" {
				s.inject(tt.fault)
				s.inject(tt.fault)
			}
			if tt.webhook != "" {
				s.config[schema.KeyWebhookURL] = tt.webhook
			}
			s.serve(t, 0, []string{"127.0.0.1"})
			result := s.call(t, "send_text_message", `{"text":"hello"}`)
			structured, _ := result.StructuredContent.(map[string]any)
			if !result.IsError || reason(result) != tt.reason || structured["retryable"] != tt.retryable || !strings.Contains(resultText(result), tt.text) {
				t.Errorf("%v: %s", structured, resultText(result))
			}
			text, _ := json.Marshal(result)
			assertNoCredential(t, string(text))
			if strings.Contains(string(text), dingtalktest.DefaultToken) || strings.Contains(string(text), "http") {
				t.Errorf("the result holds an address: %s", text)
			}
		})
	}
}

// A robot that answers without end does not fill the memory.
func TestServeLimitsResponses(t *testing.T) {
	chunk := make([]byte, 1<<20)
	var written atomic.Int64
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Method == http.MethodPost && r.Context().Err() == nil {
			n, err := w.Write(chunk)
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(gateway.Close)
	s := &served{fakeServer: startFakeServer(map[string]string{schema.KeyRetries: "0"})}
	defer s.Close()
	s.config[schema.KeyWebhookURL] = gateway.URL
	s.serve(t, time.Minute, []string{"127.0.0.1"})
	result := s.call(t, "send_text_message", `{"text":"hello"}`)
	if reason(result) != "unknown_outcome" || !strings.Contains(resultText(result), "overlong body") {
		t.Errorf("%s", resultText(result))
	}
	if got := written.Load(); got > 40<<20 { // the size of buffers
		t.Errorf("%d bytes were read", got)
	}
}

// A robot that answers 101 (Switching Protocols) and then nothing cannot hang a
// call: the body of such a response does not end with the request's context.
func TestServeSwitchingProtocols(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		t.Cleanup(func() { connection.Close() })
		io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	}))
	t.Cleanup(gateway.Close)
	s := &served{fakeServer: startFakeServer(map[string]string{"DINGTALK_BOT_RETRIES": "0"})}
	defer s.Close()
	s.config[schema.KeyWebhookURL] = gateway.URL
	s.serve(t, time.Second, []string{"127.0.0.1"})
	for range 2 {
		if result := s.call(t, "send_text_message", `{"text":"hello"}`); reason(result) != "unknown_outcome" || s.loads != 1 {
			t.Errorf("after %d loads: %s", s.loads, resultText(result))
		}
	}
}

func TestServeHTTPAddress(t *testing.T) {
	tests := []struct{ http, token, address, err string }{
		{":8080", "", "127.0.0.1:8080", ""},
		{"localhost:8080", "", "localhost:8080", ""},
		{"[::1]:8080", "", "[::1]:8080", ""},
		{"0.0.0.0:8080", "", "0.0.0.0:8080", serveToken},
		{"0.0.0.0:8080", "t", "0.0.0.0:8080", ""},
		{"[::]:8080", "", "[::]:8080", serveToken},
		{"mcp.example.com:8080", "", "mcp.example.com:8080", serveToken},
		{"8080", "", "", "use host:port"},
	}
	for _, tt := range tests {
		t.Setenv(serveToken, tt.token)
		err := (&serveCommand{Timeout: time.Second, HTTP: tt.http}).Validate()
		address, _, _ := httpAddress(tt.http)
		if address != tt.address || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s with token %q: %s, error %v", tt.http, tt.token, address, err)
		}
	}
}

// TestServeCommand runs the command itself. It is built once.
func TestServeCommand(t *testing.T) {
	b := buildCommand(t)
	t.Run("client", b.testClient)
	t.Run("script", b.testScript)
	t.Run("terminate", b.testTerminate)
	t.Run("client that does not read", b.testBlockedOutput)
	t.Run("log that nobody reads", b.testBlockedLog)
	t.Run("closed log", b.testClosedLog)
	t.Run("second signal", b.testSecondSignal)
	t.Run("http", b.testHTTP)
	t.Run("log", b.testLog)
	t.Run("missing token", b.testMissing)
	t.Run("JSON only", b.testJSONOnly)
	t.Run("full disk", b.testFullDisk)
	t.Run("client that crashes", b.testCrash)
}

// A binary is the path of the built command.
type binary string

// serve returns the command without the configuration of the environment.
func (b binary) serve(t *testing.T, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), string(b), append([]string{"serve", "--plugin", pluginFile}, arguments...)...)
	command.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, schema.KeyPrefix) })
	command.Env = append(command.Env, "XDG_CACHE_HOME="+filepath.Dir(string(b)))
	return command
}

func sendSignal(t *testing.T, command *exec.Cmd, s os.Signal) {
	t.Helper()
	if err := command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// waitAtMost waits for a command that was started, whatever its status.
func waitAtMost(t *testing.T, command *exec.Cmd, limit time.Duration) {
	t.Helper()
	start := time.Now()
	command.Wait()
	if took := time.Since(start); took > limit {
		t.Errorf("it ended after %v", took)
	}
}

// testClient uses the official client, with the variables of the reference server.
func (b binary) testClient(t *testing.T) {
	fake := startFakeServer(map[string]string{schema.KeySecret: canarySecret})
	defer fake.Close()
	fake.robot.SetOptions(func(o *dingtalktest.Options) { o.Token = canaryToken })
	command := b.serve(t)
	command.Env = append(command.Env, schema.KeyAccessToken+"="+fake.URL+"/robot/send?access_token="+canaryToken, schema.KeySecret+"="+canarySecret)
	var log, wire bytes.Buffer
	command.Stderr = &log
	session := connectClient(t, &mcp.LoggingTransport{Transport: &mcp.CommandTransport{Command: command}, Writer: &wire})
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 2 {
		t.Errorf("tools %v, %v", list, err)
	}
	if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "sent" {
		t.Errorf("%s", resultText(result))
	}
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

func assertNoCredential(t *testing.T, text string) {
	t.Helper()
	for _, credential := range []string{canaryToken, canarySecret, url.QueryEscape(canarySecret), "&sign="} {
		if strings.Contains(strings.ReplaceAll(text, "sign=***", ""), credential) {
			t.Errorf("%q leaked in: %s", credential, text)
		}
	}
}

const initializeLine = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}` + "\n"

// testScript pipes requests in. Standard output has only the protocol, with the
// schemas byte for byte, and standard error has what the fake group sees.
func (b binary) testScript(t *testing.T) {
	command := b.serve(t, "--fake")
	command.Stdin = strings.NewReader(initializeLine + `{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"send_text_message","arguments":{"text":"hello"}}}
`)
	command.Env = append(command.Env, "EXTISM_ENABLE_WASI_OUTPUT=1",
		schema.KeyRobots+`={"a":{"accessToken":"https://robots.invalid/robot/send?access_token=real"}}`)
	var log bytes.Buffer
	command.Stderr = &log
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	answers := map[string]gjson.Result{}
	for line := range strings.Lines(string(out)) {
		if !gjson.Valid(line) {
			t.Errorf("standard output holds %q", line)
		}
		answers[gjson.Get(line, "id").Raw] = gjson.Parse(line)
	}
	checkBytes(t, answers["2"].Get("result.tools"))
	if got := answers["3"].Get("result.structuredContent.reason").String(); got != "sent" {
		t.Errorf("the call: %s", answers["3"].Raw)
	}
	if !strings.Contains(log.String(), "│ hello") {
		t.Errorf("standard error lacks the message: %s", log.String())
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
	fake := startFakeServer(nil)
	defer fake.Close()
	slow, _ := dingtalktest.FaultByName("slow")
	fake.robot.InjectFaults(slow)
	changed, unwatch := fake.robot.Watch()
	defer unwatch()
	command := b.serve(t)
	for _, key := range []string{schema.KeyAccessToken, schema.KeySecret, schema.KeyWebhookURL} {
		command.Env = append(command.Env, key+"="+fake.config[key])
	}
	session := connectClient(t, &mcp.CommandTransport{Command: command})
	go session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"hello"}`)})
	<-changed // the probe
	sendSignal(t, command, syscall.SIGTERM)
	if err := session.Close(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// testBlockedOutput sends SIGTERM while the client does not read.
func (b binary) testBlockedOutput(t *testing.T) {
	command := b.serve(t, "--fake")
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe() // fills, since nothing reads it
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		io.WriteString(stdin, initializeLine)
		for i := 2; ; i++ {
			if _, err := fmt.Fprintf(stdin, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", i); err != nil {
				return // the server has ended
			}
		}
	}()
	time.Sleep(time.Second) // until it blocks
	sendSignal(t, command, syscall.SIGTERM)
	waitAtMost(t, command, 20*time.Second)
	<-written
}

// serveWithLog starts the command for dry runs, with a pipe as standard error, and
// initializes it.
func (b binary) serveWithLog(t *testing.T) (command *exec.Cmd, stdin io.Writer, answers *bufio.Scanner, log *os.File) {
	t.Helper()
	log, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	defer stderr.Close()
	command = b.serve(t)
	command.Env = append(command.Env, schema.KeyAccessToken+"="+canaryToken, "DINGTALK_BOT_DRY_RUN=true")
	command.Stderr = stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	answers = bufio.NewScanner(output)
	io.WriteString(input, initializeLine)
	answers.Scan()
	return command, input, answers, log
}

const dryRunLine = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send_text_message","arguments":{"text":"hello"}}}` + "\n"

// testBlockedLog makes calls while nobody reads standard error, until a pipe is
// full. Calls are still answered, and a signal ends the server.
func (b binary) testBlockedLog(t *testing.T) {
	command, stdin, answers, _ := b.serveWithLog(t)
	const calls = 2000 // a line of the log for each; a pipe holds about 650
	go func() {
		for i := range calls {
			fmt.Fprintf(stdin, dryRunLine, i)
		}
	}()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for range calls {
			answers.Scan()
		}
	}()
	select {
	case <-answered:
	case <-time.After(30 * time.Second):
		t.Error("not all calls were answered")
	}
	sendSignal(t, command, syscall.SIGTERM)
	stop := time.AfterFunc(20*time.Second, func() { command.Process.Kill() })
	defer stop.Stop()
	waitAtMost(t, command, 15*time.Second)
}

// testClosedLog makes a call after the client has closed standard error.
func (b binary) testClosedLog(t *testing.T) {
	_, stdin, answers, log := b.serveWithLog(t)
	log.Close()
	for i := range 2 {
		fmt.Fprintf(stdin, dryRunLine, i)
		if !answers.Scan() {
			t.Fatalf("call %d was not answered", i)
		}
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
	command := exec.CommandContext(t.Context(), string(b), "--plugin", fifo, "call", "--fake", "send_text_message", `{"text":"hello"}`)
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

// testHTTP uses the official client with the token that the server requires.
func (b binary) testHTTP(t *testing.T) {
	command := b.serve(t, "--fake", "--http", ":0")
	command.Env = append(command.Env, serveToken+"=right")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	lines := bufio.NewScanner(stderr)
	for url == "" && lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "serving at "); ok {
			url = after
		}
	}
	go io.Copy(io.Discard, stderr)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("it serves at %q", url)
	}
	session := connectClient(t, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: bearer("right")}})
	if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "sent" {
		t.Errorf("%s", resultText(result))
	}
	session.Close()
	res, err := http.Post(url, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %s", res.Status)
	}
	sendSignal(t, command, syscall.SIGTERM)
	if err := command.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// A bearer sends itself as the token of each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
