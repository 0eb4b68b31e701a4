package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Credentials that occur in no text by chance.
const (
	canaryToken  = "CANARYtokenCANARYtoken0123456789"
	canarySecret = "SECcanaryCANARYcanary/+=0123456789"
)

func assertNoCredential(t *testing.T, text string) {
	t.Helper()
	for _, credential := range []string{canaryToken, canarySecret, url.QueryEscape(canarySecret), "&sign="} {
		if strings.Contains(strings.ReplaceAll(text, "sign=***", ""), credential) {
			t.Errorf("%q leaked in: %s", credential, text)
		}
	}
}

// served is a plugin that is served for a fake robot, with the official client.
type served struct {
	*fakeServer
	session *mcp.ClientSession
	loads   int
}

// newServed starts the fake robot. A call makes no retries, unless the configuration is changed.
func newServed(t *testing.T) *served {
	t.Helper()
	s := &served{fakeServer: startFakeServer(map[string]string{schema.KeyRetries: "0"})}
	t.Cleanup(func() { s.Close() })
	return s
}

// serveInMemory serves the plugin for a fake robot, with the configuration that the
// robot accepts except for these values.
func serveInMemory(t *testing.T, timeout time.Duration, values map[string]string) *served {
	t.Helper()
	s := newServed(t)
	maps.Copy(s.config, values)
	s.serve(t, timeout)
	return s
}

// serve serves the plugin with the current configuration.
func (s *served) serve(t *testing.T, timeout time.Duration) {
	t.Helper()
	server := s.server(t, timeout)
	serverSide, clientSide := mcp.NewInMemoryTransports()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), serverSide) }()
	s.session = connectClient(t, clientSide)
	t.Cleanup(func() {
		s.session.Close()
		<-done
	})
}

// server loads the plugin with the current configuration.
func (s *served) server(t *testing.T, timeout time.Duration) *mcpserver.Server {
	t.Helper()
	robots, defaultRobot := config.RobotNames(s.config)
	server, err := mcpserver.New(t.Context(), &mcpserver.Options{
		Timeout: timeout, Robots: robots, Default: defaultRobot, Version: "v1.2.3", WebsiteURL: "https://example.org/",
		Load: func(context.Context) (mcpserver.Plugin, error) {
			s.loads++
			return s.load(t)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// load loads the plugin with the current configuration.
func (g *fakeServer) load(t *testing.T) (*host.Plugin, error) {
	return host.Load(t.Context(), module(t), &host.Options{Config: g.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache})
}

func connectClient(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// callCanceled makes a call that the client soon cancels, which has no result.
func (s *served) callCanceled(t *testing.T, after time.Duration, arguments string) error {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	_, err := s.session.CallTool(ctx, textCall(arguments))
	return err
}

func textCall(arguments string) *mcp.CallToolParams {
	return &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(arguments)}
}

func inject(robot *dingtalktest.Server, name string) {
	fault, _ := dingtalktest.FaultByName(name)
	robot.InjectFaults(fault)
}

func (s *served) expect(t *testing.T, arguments string, reasons ...string) *mcp.CallToolResult {
	t.Helper()
	return expect(t, s.session, arguments, reasons...)
}

var outputSchema = jsonschema.NewCompiler().MustCompile("../schema/output.json")

const hello = `{"text":"hello"}`

// expect sends a text message. The result must fit the output schema, and have one
// of the reasons.
func expect(t *testing.T, session *mcp.ClientSession, arguments string, reasons ...string) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), textCall(arguments))
	if err != nil {
		t.Errorf("%s: protocol error, which no model sees: %v", arguments, err)
		return &mcp.CallToolResult{}
	}
	got := fmt.Sprint(structured(result)["reason"])
	if !slices.Contains(reasons, got) {
		t.Errorf("%s: %s, want %s: %s", arguments, got, reasons, resultText(result))
	}
	if err := outputSchema.Validate(result.StructuredContent); err != nil && got != "dry_run" { // of another schema
		t.Errorf("%s: %v", arguments, err)
	}
	return result
}

func structured(result *mcp.CallToolResult) map[string]any {
	content, _ := result.StructuredContent.(map[string]any)
	return content
}

func expectMessages(t *testing.T, robot *dingtalktest.Server, want int) {
	t.Helper()
	if got := len(robot.Messages()); got != want {
		t.Errorf("the group has %d messages, want %d", got, want)
	}
}

// Canceled calls keep the plugin loaded and count toward the limit of 20 messages
// a minute, so that DingTalk never locks the robot.
func TestServeCanceled(t *testing.T) {
	s := serveInMemory(t, time.Minute, nil)
	for round, want := range []string{"sent", "rate_limited", "rate_limited"} {
		for i := range 19 {
			s.expect(t, fmt.Sprintf(`{"text":"%d of %d"}`, i, round), want)
		}
		inject(s.robot, "slow")
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
	s := serveInMemory(t, time.Minute, nil)
	inject(s.robot, "slow")
	if s.callCanceled(t, 200*time.Millisecond, `{"text":"a","idempotencyKey":"k"}`) == nil {
		t.Error("a canceled call has a result")
	}
	result := s.expect(t, `{"text":"b","idempotencyKey":"k"}`, "sent", "invalid_arguments")
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
	const later, never = ". Repeat the call later", ". Repeating the call does not help"
	for _, tt := range []struct {
		name, webhook string // none means the fake robot, which cuts the connection
		reason        string
		retryable     bool
		text          string
	}{
		{"connection cut after the message", "", "unknown_outcome", true, "the message may or may not have arrived. Call again with idempotencyKey"},
		{"connection refused", "http://127.0.0.1:1/robot/send", "not_sent", true, trapped + "the connection was refused" + later},
		{"untrusted certificate", untrusted.URL, "not_sent", false, trapped + "the server's certificate is not trusted" + never},
		{"host not allowed", "https://other.invalid/robot/send", "not_sent", false,
			trapped + "it may not reach that host; add the host name to the allowed hosts" + never},
		{"probe cut", aborting.URL, "not_sent", true, trapped + "the connection broke" + later},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := map[string]string{schema.KeySecret: canarySecret}
			if tt.webhook != "" {
				values[schema.KeyWebhookURL] = tt.webhook
			}
			s := serveInMemory(t, 0, values)
			inject(s.robot, "drop-before")
			inject(s.robot, "drop-before")
			result := s.expect(t, hello, tt.reason)
			if !result.IsError || structured(result)["retryable"] != tt.retryable || !strings.Contains(resultText(result), tt.text) {
				t.Errorf("%v: %s", structured(result), resultText(result))
			}
			text, _ := json.Marshal(result)
			assertNoCredential(t, string(text))
			result.Meta = nil // which names the server's website
			text, _ = json.Marshal(result)
			if strings.Contains(string(text), dingtalktest.DefaultToken) || strings.Contains(string(text), "http") {
				t.Errorf("the result holds an address: %s", text)
			}
		})
	}
}

// serveGateway serves the plugin for a gateway that answers each POST with the function.
func serveGateway(t *testing.T, timeout time.Duration, post http.HandlerFunc) *served {
	t.Helper()
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			post(w, r)
		}
	}))
	t.Cleanup(gateway.Close)
	return serveInMemory(t, timeout, map[string]string{schema.KeyWebhookURL: gateway.URL})
}

// A robot that answers without end does not fill the memory.
func TestServeLimitsResponses(t *testing.T) {
	chunk := make([]byte, 1<<20)
	var written atomic.Int64
	s := serveGateway(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			n, err := w.Write(chunk)
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	})
	if result := s.expect(t, hello, "unknown_outcome"); !strings.Contains(resultText(result), "overlong body") {
		t.Errorf("%s", resultText(result))
	}
	if got := written.Load(); got > 40<<20 { // the size of buffers
		t.Errorf("%d bytes were read", got)
	}
}

// A robot that answers 101 (Switching Protocols) and then nothing cannot hang a
// call: the body of such a response does not end with the request's context.
func TestServeSwitchingProtocols(t *testing.T) {
	s := serveGateway(t, time.Second, func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		t.Cleanup(func() { connection.Close() })
		io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	})
	for range 2 {
		if s.expect(t, hello, "unknown_outcome"); s.loads != 1 {
			t.Errorf("%d plugins were loaded", s.loads)
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
