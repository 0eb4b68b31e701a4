package mcpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const oneTool = `{"tools":[{"name":"send","title":"Send","description":"Sends.",
	"inputSchema":{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"}}},
	"outputSchema":{"type":"object","properties":{"reason":{"type":"string"},"big":{}}}}]}`

const sent = `{"content":[{"type":"text","text":"sent"}],"structuredContent":{"reason":"sent","big":12345678901234567890}}`

// A fakePlugin implements Plugin with a function, and counts its uses.
type fakePlugin struct {
	call func(ctx context.Context) (string, error)

	mu                              sync.Mutex
	busy                            bool
	overlaps, loads, closes, called int
	inputs                          []string
}

var errLoad = errors.New("load plugin: canary")

func (p *fakePlugin) load(context.Context) (Plugin, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads++
	return p, nil
}

func (p *fakePlugin) CallExport(ctx context.Context, export string, input []byte) ([]byte, error) {
	if export == "describe" {
		return []byte(oneTool), nil
	}
	p.mu.Lock()
	if p.busy {
		p.overlaps++
	}
	p.busy = true
	p.called++
	p.inputs = append(p.inputs, string(input))
	p.mu.Unlock()
	output, err := p.call(ctx)
	p.mu.Lock()
	p.busy = false
	p.mu.Unlock()
	return []byte(output), err
}

func (p *fakePlugin) Close(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closes++
	return nil
}

// wait waits until the condition holds, or until the test times out.
func (p *fakePlugin) wait(condition func() bool) {
	for {
		p.mu.Lock()
		ok := condition()
		p.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (p *fakePlugin) waitForCalls(n int) { p.wait(func() bool { return p.called >= n }) }

// answering returns a plugin whose calls all return the same.
func answering(output string, err error) *fakePlugin {
	return &fakePlugin{call: func(context.Context) (string, error) { return output, err }}
}

// waiting returns a plugin whose calls last until they are released or their
// context is done.
func waiting() (p *fakePlugin, release chan struct{}) {
	release = make(chan struct{})
	return &fakePlugin{call: func(ctx context.Context) (string, error) {
		select {
		case <-release:
			return sent, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}}, release
}

// blocking returns a plugin whose calls last until they are released, even if
// their context is done.
func blocking() (p *fakePlugin, release chan struct{}) {
	release = make(chan struct{})
	return &fakePlugin{call: func(context.Context) (string, error) {
		<-release
		return sent, nil
	}}, release
}

// slow returns a plugin whose calls take a moment.
func slow() *fakePlugin {
	return &fakePlugin{call: func(context.Context) (string, error) {
		time.Sleep(time.Millisecond)
		return sent, nil
	}}
}

func newServer(t *testing.T, o Options) *Server {
	t.Helper()
	server, err := New(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// connect serves the official client in memory, until ctx is done.
func connect(ctx context.Context, t *testing.T, server *Server) *mcp.ClientSession {
	t.Helper()
	serverSide, clientSide := mcp.NewInMemoryTransports()
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, serverSide) }()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), clientSide, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return session
}

// connectPlugin serves the plugin to the official client in memory.
func connectPlugin(t *testing.T, p *fakePlugin, timeout time.Duration) *mcp.ClientSession {
	t.Helper()
	return connect(t.Context(), t, newServer(t, Options{Load: p.load, Timeout: timeout, Version: "v1"}))
}

func callTool(t *testing.T, session *mcp.ClientSession, arguments any) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send", Arguments: arguments})
	if err != nil {
		t.Fatalf("protocol error, which no model sees: %v", err)
	}
	return result
}

func textOf(result *mcp.CallToolResult) string {
	return result.Content[0].(*mcp.TextContent).Text
}

func reasonOf(result *mcp.CallToolResult) any {
	structured, _ := result.StructuredContent.(map[string]any)
	return structured["reason"]
}

// initializeLines returns what a client sends first.
func initializeLines(version string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"%s","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`+"\n"+
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n", version)
}

// callLine returns a call of the tool.
func callLine(id int, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":%s}}`+"\n", id, arguments)
}

// runStdio serves the input and returns the output.
func runStdio(t *testing.T, o Options, input io.Reader) string {
	t.Helper()
	server := newServer(t, o)
	defer server.Close()
	var out bytes.Buffer
	if err := server.Run(t.Context(), &StdioTransport{Reader: input, Writer: &out}); err != nil {
		t.Errorf("Run: %v", err)
	}
	return out.String()
}
