package mcpserver

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A robot that hangs delays its own calls, and nothing else.
func TestHungRobot(t *testing.T) {
	var mu sync.Mutex
	loads, hung := 0, make(chan struct{})
	release := make(chan struct{})
	load := func(context.Context) (Plugin, error) {
		mu.Lock()
		defer mu.Unlock()
		loads++
		return &guest{call: func(_ context.Context, input string) (string, error) {
			if robotOf(input) == "a" {
				close(hung)
				<-release
			}
			return sent, nil
		}}, nil
	}
	server, err := New(t.Context(), &Options{Load: load, Robots: []string{"a", "b", "c"}, Default: "b", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	near, far := mcp.NewInMemoryTransports()
	session, err := connectBoth(t.Context(), t, server, near, far)
	if err != nil {
		t.Fatal(err)
	}
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, map[string]string{"robot": "a"}) })
	<-hung
	for _, arguments := range []any{map[string]string{"robot": "b"}, map[string]string{"robot": "c"}, map[string]string{}, map[string]string{"robot": "unknown"}} {
		if result := callTool(t, session, arguments); result.IsError {
			t.Errorf("%v: %s", arguments, textOf(result))
		}
	}
	if err := session.Ping(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	close(release)
	first.Wait()
	session.Close()
	server.Close()
	if loads != 3 {
		t.Errorf("%d plugins for 3 robots", loads)
	}
}

func robotOf(input string) string {
	const start = `{"params":{"name":"send","arguments":`
	return robotName([]byte(input[len(start) : len(input)-2]))
}

func TestRobotName(t *testing.T) {
	tests := []struct{ arguments, want string }{
		{`{"robot":"a"}`, "a"},
		{`{"text":{"robot":"b"},"robot":"a"}`, "a"},
		{`{"robot":"a","robot":"b"}`, "a"}, // as the plugin reads it
		{`{"Robot":"b"}`, ""},
		{`{"r\u006fbot":"\u0061"}`, "a"},
		{`{"robot":7}`, ""},
		{`{"robot":`, ""},
		{`["robot"]`, ""},
		{`null`, ""},
		{``, ""},
	}
	for _, tt := range tests {
		if got := robotName([]byte(tt.arguments)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.arguments, got, tt.want)
		}
	}
}

func TestQueue(t *testing.T) {
	var q queue
	first, second, third := q.join(), q.join(), q.join()
	if err := first.acquire(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := second.acquire(t.Context(), time.Millisecond); err != errBusy {
		t.Errorf("error %v", err)
	}
	second.leave()
	second.leave()
	first.leave()
	if err := third.acquire(t.Context(), time.Minute); err != nil {
		t.Errorf("error %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	third.leave()
	if err := q.join().acquire(canceled, time.Minute); err != errCanceled {
		t.Errorf("error %v", err)
	}
}
