package mcpserver

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const oneTool = `{"tools":[{"name":"send","title":"Send","description":"Sends.",
	"inputSchema":{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"}}},
	"outputSchema":{"type":"object","properties":{"reason":{"type":"string"},"big":{}}}}]}`

const sent = `{"content":[{"type":"text","text":"sent"}],"structuredContent":{"reason":"sent","big":12345678901234567890}}`

// A guest is a plugin made of a function, and counts what is done with it.
type guest struct {
	call func(ctx context.Context, input string) (string, error)

	mu                    sync.Mutex
	busy                  bool
	overlaps              int
	loads, closes, called int
	inputs                []string
}

// errLoad is what a load fails with that is to fail.
var errLoad = errors.New("load plugin: canary")

func (g *guest) load(context.Context) (Plugin, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.loads++
	return g, nil
}

func (g *guest) CallExport(ctx context.Context, export string, input []byte) ([]byte, error) {
	if export == "describe" {
		return []byte(oneTool), nil
	}
	g.mu.Lock()
	if g.busy {
		g.overlaps++
	}
	g.busy = true
	g.called++
	g.inputs = append(g.inputs, string(input))
	call := g.call
	g.mu.Unlock()
	output, err := call(ctx, string(input))
	g.mu.Lock()
	g.busy = false
	g.mu.Unlock()
	return []byte(output), err
}

func (g *guest) Close(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closes++
	return nil
}

// count returns a counter that may be counting still.
func (g *guest) count(counter *int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *counter
}

// answering is a guest whose calls all end alike.
func answering(output string, err error) *guest {
	return &guest{call: func(context.Context, string) (string, error) { return output, err }}
}

// hanging is a guest whose calls last until they are ended.
func hanging() *guest {
	return &guest{call: func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}}
}

// blocking is a guest whose calls last until they are released, whatever becomes
// of their context.
func blocking() (g *guest, release chan struct{}) {
	release = make(chan struct{})
	return &guest{call: func(context.Context, string) (string, error) {
		<-release
		return sent, nil
	}}, release
}

// waitForCalls waits until the guest was called so often, or the test's own time
// is up.
func (g *guest) waitForCalls(n int) {
	for g.count(&g.called) < n {
		time.Sleep(time.Millisecond)
	}
}

// connect serves the guest to the official client, in memory.
func connect(t *testing.T, g *guest, timeout time.Duration) *mcp.ClientSession {
	t.Helper()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: timeout, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	near, far := mcp.NewInMemoryTransports()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), far) }()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		server.Close()
	})
	return session
}

func callTool(t *testing.T, session *mcp.ClientSession, arguments any) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send", Arguments: arguments})
	if err != nil {
		t.Fatalf("a protocol error, which no model sees: %v", err)
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
