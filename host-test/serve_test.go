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
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	slow, _ := dingtalktest.FaultByName("slow")
	s.robot.InjectFaults(slow)
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
	slow, _ := dingtalktest.FaultByName("slow")
	for round := range 3 {
		for i := range 19 {
			result := s.call(t, "send_text_message", fmt.Sprintf(`{"text":"%d of %d"}`, i, round))
			if want := []string{"sent", "rate_limited", "rate_limited"}[round]; reason(result) != want {
				t.Errorf("round %d, call %d: %s, want %s", round, i, textOf(result), want)
			}
		}
		s.robot.InjectFaults(slow)
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
				fault, _ := dingtalktest.FaultByName(name)
				s.robot.InjectFaults(fault)
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
			if strings.Contains(string(said), dingtalktest.DefaultToken) || strings.Contains(string(said), "http") {
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
	t.Run("unread", b.unread)
	t.Run("twice", b.twice)
	t.Run("http", b.http)
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
	group.robot.SetOptions(func(o *dingtalktest.Options) { o.Token = canaryToken })
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
	slow, _ := dingtalktest.FaultByName("slow")
	group.robot.InjectFaults(slow)
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

// unread is told to stop while its client does not read what it writes.
func (b binary) unread(t *testing.T) {
	command := b.serve(t, "--fake")
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe() // which nobody reads, and which fills
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
		io.WriteString(stdin, `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`+"\n")
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(stdin, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", i); err != nil {
				return // the server has ended
			}
		}
	}()
	time.Sleep(time.Second) // until it is stuck
	start := time.Now()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-written
	command.Wait()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it ended after %v", took)
	}
}

// twice is a command that waits for a file that does not end, and is told to
// stop twice.
func (b binary) twice(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("this system has no FIFOs: ", err)
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
	start := time.Now()
	for range 2 {
		if err := command.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	command.Wait()
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("it ended after %v", took)
	}
}

// http is the official client with a token, which the server demands.
func (b binary) http(t *testing.T) {
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
	client := &http.Client{Transport: withHeader{"Authorization", "Bearer right"}}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: client}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result := callSession(t, session, "send_text_message", `{"text":"hello"}`); reason(result) != "sent" {
		t.Errorf("%s", textOf(result))
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
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

type withHeader struct{ name, value string }

func (h withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(h.name, h.value)
	return http.DefaultTransport.RoundTrip(r)
}

// Without a host the server is this machine's alone; elsewhere it needs a token.
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

// A key that a canceled call has used is not taken for another text: DingTalk
// would drop that in silence.
func TestServeKeyAfterCancel(t *testing.T) {
	s := serveInMemory(t, time.Minute, map[string]string{"DINGTALK_BOT_RETRIES": "0"})
	slow, _ := dingtalktest.FaultByName("slow")
	s.robot.InjectFaults(slow)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.session.CallTool(ctx, &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"a","idempotencyKey":"k"}`)}); err == nil {
		t.Error("a canceled call has a result")
	}
	result := s.call(t, "send_text_message", `{"text":"b","idempotencyKey":"k"}`)
	messages := s.robot.Messages()
	shown := slices.ContainsFunc(messages, func(m dingtalktest.Message) bool { return m.Text == "b" })
	if shown == result.IsError {
		t.Errorf("the group has %v, and the model reads %s", messages, textOf(result))
	}
}

// A robot that answers without end does not fill the memory.
func TestServeBoundsResponses(t *testing.T) {
	chunk := make([]byte, 1<<20)
	var written atomic.Int64
	gateway := listenOn(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		for r.Method == http.MethodPost && r.Context().Err() == nil {
			n, err := w.Write(chunk)
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	})
	s := &served{group: startGroup(map[string]string{"DINGTALK_BOT_RETRIES": "0"})}
	defer s.Close()
	s.config[config.Webhook] = gateway
	s.serve(t, time.Minute, []string{"127.0.0.1"})
	result := s.call(t, "send_text_message", `{"text":"hello"}`)
	if reason(result) != "unknown_outcome" || !strings.Contains(textOf(result), "overlong body") {
		t.Errorf("%s", textOf(result))
	}
	if got := written.Load(); got > 40<<20 { // what buffers hold
		t.Errorf("%d bytes were taken", got)
	}
}
