package mcpserver

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// script is what a client writes that does not wait, before it closes its end.
const script = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"send","arguments":{}}}
{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"send","arguments":{}}}
`

// play runs a server on the script and returns what it wrote.
func play(t *testing.T, g *guest, timeout time.Duration) string {
	t.Helper()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var out bytes.Buffer
	if err := server.Run(t.Context(), &StdioTransport{Reader: strings.NewReader(script), Writer: &out}); err != nil {
		t.Errorf("Run: %v", err)
	}
	return out.String()
}

// Requests that were written before the input's end are answered after it.
func TestDrainOnEOF(t *testing.T) {
	g := &guest{call: func(ctx context.Context, _ string) (string, error) {
		select {
		case <-time.After(20 * time.Millisecond):
			return sent, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}}
	out := play(t, g, time.Minute)
	for _, want := range []string{`"id":1`, `"id":2`, `"id":3`} {
		if !strings.Contains(out, want) {
			t.Errorf("no answer with %s in %s", want, out)
		}
	}
	if got := strings.Count(out, `"text":"sent"`); got != 2 {
		t.Errorf("%d messages sent", got)
	}
}

// The wait ends with the timeouts of the calls.
func TestDrainEndsWithTimeouts(t *testing.T) {
	start := time.Now()
	out := play(t, hanging(), 50*time.Millisecond)
	if got := strings.Count(out, `"isError":true`); got != 2 || time.Since(start) > 10*time.Second {
		t.Errorf("%d calls ended after %v: %s", got, time.Since(start), out)
	}
}
