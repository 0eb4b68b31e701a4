package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/host-test/robot"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// A served plugin, its robot, and the official client in front of it.
type served struct {
	*group
	session *mcp.ClientSession
	loads   int
}

// serveInMemory serves the plugin, configured for a fake robot and by more.
func serveInMemory(t *testing.T, timeout time.Duration, more map[string]string) *served {
	t.Helper()
	s := &served{group: startGroup(more)}
	t.Cleanup(s.Close)
	s.serve(t, timeout, config.AllowedHosts(s.config))
	return s
}

// serve serves the plugin as it is configured now.
func (s *served) serve(t *testing.T, timeout time.Duration, hosts []string) {
	t.Helper()
	robots, standard := config.RobotNames(s.config)
	server, err := mcpserver.New(t.Context(), &mcpserver.Options{
		Timeout: timeout, Robots: robots, Default: standard,
		Load: func(ctx context.Context) (mcpserver.Plugin, error) {
			s.loads++
			return host.Load(ctx, module(t, 0), &host.Options{Config: s.config, AllowedHosts: hosts, Cache: cache})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	near, far := mcp.NewInMemoryTransports()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), far) }()
	s.session, err = mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.session.Close()
		<-done
		server.Close()
	})
}

// posts counts the messages that reached the fake server, refused ones included.
func (s *served) posts() (n int) {
	for _, request := range s.robot.Requests() {
		if request.Method == http.MethodPost {
			n++
		}
	}
	return n
}

func (s *served) call(t *testing.T, tool, arguments string) *mcp.CallToolResult {
	t.Helper()
	return callSession(t, s.session, tool, arguments)
}

// callSession demands a result that fits the promised schema.
func callSession(t *testing.T, session *mcp.ClientSession, tool, arguments string) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		t.Fatalf("%s %s: a protocol error, which no model sees: %v", tool, arguments, err)
	}
	if err := compile(t, schema.Output).Validate(result.StructuredContent); err != nil {
		t.Errorf("%s %s: %v", tool, arguments, err)
	}
	return result
}

func reason(result *mcp.CallToolResult) string {
	structured, _ := result.StructuredContent.(map[string]any)
	return fmt.Sprint(structured["reason"])
}

func TestServeCalls(t *testing.T) {
	s := serveInMemory(t, 0, nil)
	tests := []struct{ tool, arguments, reason, text string }{
		{"send_text_message", `{"text":"hello"}`, "sent", "Message sent successfully"},
		{"send_markdown_message", `{"title":"t","text":"# hello"}`, "sent", "Message sent successfully"},
		{"send_text_message", `{"txt":"hello"}`, "invalid_arguments", "did you mean text?"},
		{"send_text_message", `[1]`, "invalid_arguments", "The message was not sent"},
		{"send_text_message", `null`, "invalid_arguments", "The message was not sent"},
	}
	for _, tt := range tests {
		result := s.call(t, tt.tool, tt.arguments)
		if got := reason(result); got != tt.reason || !strings.Contains(textOf(result), tt.text) || result.IsError == (got == "sent") {
			t.Errorf("%s %s: %s, %s", tt.tool, tt.arguments, got, textOf(result))
		}
	}
	if got := len(s.robot.Messages()); got != 2 {
		t.Errorf("the group has %d messages, want 2", got)
	}
}

// The instance is kept, and with it what it remembers: the minute and the keys.
func TestServeKeepsInstance(t *testing.T) {
	s := serveInMemory(t, 0, map[string]string{"DINGTALK_BOT_MESSAGES_PER_MINUTE": "3"})
	var mu sync.Mutex
	var got []string
	var callers sync.WaitGroup
	for i := range 5 {
		callers.Go(func() {
			result := s.call(t, "send_text_message", fmt.Sprintf(`{"text":"%d"}`, i))
			mu.Lock()
			defer mu.Unlock()
			got = append(got, reason(result))
		})
	}
	callers.Wait()
	slices.Sort(got)
	if want := []string{"rate_limited", "rate_limited", "sent", "sent", "sent"}; !slices.Equal(got, want) || s.loads != 1 {
		t.Errorf("%q in %d instances, want %q in one", got, s.loads, want)
	}
}

// A deadline in the middle of a request leaves the instance as it is.
func TestServeTimeout(t *testing.T) {
	s := serveInMemory(t, 200*time.Millisecond, map[string]string{"DINGTALK_BOT_RETRIES": "0"})
	slow, _ := robot.Named("slow")
	s.robot.Script(slow)
	result := s.call(t, "send_text_message", `{"text":"hello","idempotencyKey":"k"}`)
	if !result.IsError || reason(result) != "unknown_outcome" || !strings.Contains(textOf(result), "took too long") {
		t.Errorf("slow: %s", textOf(result))
	}
	if result := s.call(t, "send_text_message", `{"text":"hello","idempotencyKey":"k"}`); reason(result) != "sent" || s.loads != 1 {
		t.Errorf("after %d loads: %s", s.loads, textOf(result))
	}
	if got := len(s.robot.Messages()); got != 1 {
		t.Errorf("the group has %d messages, want 1", got)
	}
}

// Nineteen messages and a canceled one are twenty of this minute, however often
// somebody tries: the robot is never locked.
func TestServeCanceled(t *testing.T) {
	s := serveInMemory(t, time.Minute, map[string]string{"DINGTALK_BOT_RETRIES": "0"})
	slow, _ := robot.Named("slow")
	for round := range 3 {
		for i := range 19 {
			result := s.call(t, "send_text_message", fmt.Sprintf(`{"text":"%d of %d"}`, i, round))
			if want := []string{"sent", "rate_limited", "rate_limited"}[round]; reason(result) != want {
				t.Errorf("round %d, call %d: %s, want %s", round, i, textOf(result), want)
			}
		}
		s.robot.Script(slow)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := s.session.CallTool(ctx, &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"a"}`)})
		if cancel(); round == 0 && err == nil {
			t.Error("a canceled call has a result")
		}
	}
	if got := s.posts(); got != 20 || s.loads != 1 {
		t.Errorf("%d messages were posted by %d instances, want 20 by one", got, s.loads)
	}
	for _, request := range s.robot.Requests() {
		if request.Method == http.MethodPost && request.Code != 0 {
			t.Errorf("refused with %d", request.Code)
		}
	}
}

// Where the host ends the call, the model reads a result without a credential,
// and learns whether the message may have gone out.
func TestServeTrap(t *testing.T) {
	tests := []struct {
		name      string
		faults    []string
		webhook   string
		reason    string
		retryable bool
		text      string
	}{
		{"connection cut after the message", []string{"drop-before", "drop-before"}, "", "unknown_outcome", false, "the message may or may not have arrived. Repeat the call only if"},
		{"refused connection", nil, "http://127.0.0.1:1/robot/send", "not_sent", true, "The message was not sent: the host ended the call: the connection was refused. Repeat the call later"},
		{"unknown name", nil, "https://robot.invalid/robot/send", "not_sent", true, "The message was not sent: the host ended the call: the host name cannot be resolved. Repeat the call later"},
		{"untrusted certificate", nil, "TLS", "not_sent", false, "The message was not sent: the host ended the call: the server's certificate is not trusted. Repeating the call does not help"},
		{"host not allowed", nil, "https://other.invalid/robot/send", "not_sent", false, "The message was not sent: the host ended the call: it may not reach that host; add the host name to the allowed hosts. Repeating the call does not help"},
		{"probe cut", nil, "CUT", "not_sent", true, "The message was not sent: the host ended the call: the connection broke. Repeat the call later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			webhook := tt.webhook
			switch webhook {
			case "TLS":
				server := httptest.NewTLSServer(nil)
				server.Config.ErrorLog = log.New(io.Discard, "", 0)
				defer server.Close()
				webhook = server.URL
			case "CUT":
				server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
				defer server.Close()
				webhook = server.URL
			}
			s := &served{group: startGroup(map[string]string{config.Secret: canarySecret, "DINGTALK_BOT_RETRIES": "0"})}
			defer s.Close()
			for _, name := range tt.faults {
				fault, _ := robot.Named(name)
				s.robot.Script(fault)
			}
			if webhook != "" {
				s.config[config.Webhook] = webhook
			}
			s.serve(t, 0, []string{"127.0.0.1", "robot.invalid"})
			result := s.call(t, "send_text_message", `{"text":"hello"}`)
			structured, _ := result.StructuredContent.(map[string]any)
			if !result.IsError || reason(result) != tt.reason || structured["retryable"] != tt.retryable || !strings.Contains(textOf(result), tt.text) {
				t.Errorf("%v: %s", structured, textOf(result))
			}
			said, _ := json.Marshal(result)
			assertNoCredential(t, string(said))
			if strings.Contains(string(said), robot.DefaultToken) || strings.Contains(string(said), "http") {
				t.Errorf("an address stands in %s", said)
			}
		})
	}
}

// The command itself, over a real pipe. It is built once.
func TestServeCommand(t *testing.T) {
	b := binary(filepath.Join(t.TempDir(), "host-test"))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", string(b), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("client", b.client)
	t.Run("bytes", b.bytes)
	t.Run("stopped", b.stopped)
}

type binary string

// serve is the command in an environment without configuration.
func (b binary) serve(t *testing.T, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), string(b), append([]string{"serve", "--plugin", builds[0].file}, arguments...)...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, config.Prefix) {
			command.Env = append(command.Env, pair)
		}
	}
	return command
}

// client is the official one; the configuration is the environment's, under the
// names that the reference server knows.
func (b binary) client(t *testing.T) {
	group := startGroup(map[string]string{config.Secret: canarySecret})
	defer group.Close()
	group.robot.Configure(func(o *robot.Options) { o.Token = canaryToken })
	command := b.serve(t)
	command.Env = append(command.Env, config.Token+"="+group.URL+"/robot/send?access_token="+canaryToken, config.Secret+"="+canarySecret)
	var log, wire bytes.Buffer
	command.Stderr = &log
	transport := &mcp.LoggingTransport{Transport: &mcp.CommandTransport{Command: command}, Writer: &wire}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 2 {
		t.Errorf("tools %v, %v", list, err)
	}
	if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "sent" {
		t.Errorf("%s", textOf(result))
	}
	if err := session.Close(); err != nil { // closes standard input, and reports the status
		t.Errorf("the server ended with %v: %s", err, log.String())
	}
	if messages := group.robot.Messages(); len(messages) != 1 || !messages[0].Signed {
		t.Errorf("the group has %d messages", len(messages))
	}
	if want := "tool=send_text_message outcome=sent"; !strings.Contains(log.String(), want) {
		t.Errorf("the log misses %s: %s", want, log.String())
	}
	assertNoCredential(t, log.String()+wire.String())
}

// bytes is a script on standard input, which gets its answers: on standard output
// nothing but the protocol, and what the fake group sees on standard error. The
// schemas are the very bytes that the plugin describes.
func (b binary) bytes(t *testing.T) {
	command := b.serve(t, "--fake")
	command.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"send_text_message","arguments":{"text":"hello"}}}
`)
	command.Env = append(command.Env, "EXTISM_ENABLE_WASI_OUTPUT=1",
		config.Robots+`={"a":{"accessToken":"https://robots.invalid/robot/send?access_token=real"}}`)
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
		t.Errorf("standard error misses the message: %s", log.String())
	}
}

// checkBytes compares schemas, but for white space.
func checkBytes(t *testing.T, tools gjson.Result) {
	t.Helper()
	output := rawDescribe(t, 0, map[string]string{config.Robots: `{"a":{"accessToken":"a"}}`})
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

// stopped is told to stop in the middle of a call, which is no failure.
func (b binary) stopped(t *testing.T) {
	group := startGroup(nil)
	defer group.Close()
	slow, _ := robot.Named("slow")
	group.robot.Script(slow)
	changed, unwatch := group.robot.Watch()
	defer unwatch()
	command := b.serve(t)
	for _, key := range []string{config.Token, config.Secret, config.Webhook} {
		command.Env = append(command.Env, key+"="+group.config[key])
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatal(err)
	}
	go session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"hello"}`)})
	<-changed // the GET that comes before a message
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
