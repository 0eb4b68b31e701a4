package mcpserver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A robot that hangs delays only its own calls.
func TestHungRobot(t *testing.T) {
	p, release := blocking()
	fast := answering(sent, nil)
	server := newServer(t, Options{Load: fast.load, Robots: []string{"a", "b", "c"}, Default: "b", Timeout: time.Minute})
	server.instances["a"].load = p.load
	session := connect(t.Context(), t, server)
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, map[string]string{"robot": "a"}) })
	p.waitForCalls(1)
	for _, arguments := range []map[string]string{{"robot": "b"}, {"robot": "c"}, {}, {"robot": "unknown"}} {
		if result := callTool(t, session, arguments); result.IsError {
			t.Errorf("%v: %s", arguments, textOf(result))
		}
	}
	if list, err := session.ListTools(t.Context(), nil); err != nil || len(list.Tools) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	close(release)
	first.Wait()
	if p.loads != 1 || fast.loads != 2 {
		t.Errorf("%d plugins for 3 robots", p.loads+fast.loads)
	}
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
		if got := stringAt([]byte(tt.arguments), robotArgument); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.arguments, got, tt.want)
		}
		params := `{"name":"a","arguments":` + tt.arguments + `}`
		if got := stringAt([]byte(params), "arguments."+robotArgument); got != tt.want {
			t.Errorf("%s: %q, want %q", params, got, tt.want)
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
	third.leave()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.join().acquire(canceled, time.Minute); err != errCanceled {
		t.Errorf("error %v", err)
	}
}

// A call whose turn does not come reports that nothing was sent.
func TestBusy(t *testing.T) {
	p, release := blocking()
	session := connectPlugin(t, p, 20*time.Millisecond)
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, nil) })
	p.waitForCalls(1)
	result := callTool(t, session, nil)
	close(release)
	first.Wait()
	if reasonOf(result) != "rate_limited" || !strings.HasPrefix(textOf(result), "The message was not sent: ") || p.called != 1 {
		t.Errorf("%d calls; %s", p.called, textOf(result))
	}
	checkOutput(t, result)
}

// A call that is canceled before its turn never reaches the plugin.
func TestCanceledInQueue(t *testing.T) {
	p, release := blocking()
	session := connectPlugin(t, p, time.Minute)
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, map[string]string{"text": "1"}) })
	p.waitForCalls(1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "send"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	time.Sleep(20 * time.Millisecond) // for the notification, which is sent after the error
	close(release)
	first.Wait()
	callTool(t, session, map[string]string{"text": "3"})
	if want := []string{`{"params":{"name":"send","arguments":{"text":"1"}}}`, `{"params":{"name":"send","arguments":{"text":"3"}}}`}; !slices.Equal(p.inputs, want) {
		t.Errorf("inputs %s, want %s", p.inputs, want)
	}
}

// A plugin that does not return is abandoned, and the next call loads another.
func TestReload(t *testing.T) {
	p, release := blocking()
	fail := false
	i := newInstance(func(ctx context.Context) (Plugin, error) {
		if fail {
			return nil, errLoad
		}
		return p.load(ctx)
	})
	i.slack = 10 * time.Millisecond
	call := func() error {
		_, err := i.call(t.Context(), 10*time.Millisecond, "call", nil)
		return err
	}
	if err := call(); !errors.Is(err, errHung) {
		t.Errorf("error %v", err)
	}
	if fail = true; !errors.Is(call(), errLoad) {
		t.Error("no error")
	}
	fail = false
	close(release)
	p.wait(func() bool { return p.closes == 1 }) // the abandoned one
	if err := call(); err != nil || p.loads != 2 {
		t.Errorf("%v after %d loads", err, p.loads)
	}
	i.close()
	if p.closes != 2 {
		t.Errorf("closed %d times", p.closes)
	}
}
