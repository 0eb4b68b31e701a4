package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestDescribe(t *testing.T) {
	tests := []struct{ output, want string }{
		{`{"tools":[]}`, "no tools"},
		{`{`, "describe: "},
		{`{"tools":[{"name":"a"}]}`, `tool "a": the input schema`},
		{`{"tools":[{"name":"a","inputSchema":{"type":"string"}}]}`, `tool "a": the input schema`},
		{`{"tools":[{"name":"a","inputSchema":[]}]}`, `tool "a": the input schema`},
		{`{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}`, ""},
	}
	for _, tt := range tests {
		tools, err := readTools([]byte(tt.output))
		switch {
		case tt.want == "" && (err != nil || len(tools) != 1 || tools[0].OutputSchema != nil):
			t.Errorf("%s: %v, %v", tt.output, tools, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want %s", tt.output, err, tt.want)
		}
	}
}

func TestNewFails(t *testing.T) {
	_, err := New(t.Context(), &Options{Load: func(context.Context) (Plugin, error) { return nil, errLoad }})
	if !errors.Is(err, errLoad) {
		t.Errorf("error %v", err)
	}
}

// Names, schemas and annotations go through; their bytes are compared in
// TestServeCommand.
func TestTools(t *testing.T) {
	session := connect(t, answering(sent, nil), 0)
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	got, _ := json.Marshal(list.Tools[0].InputSchema)
	if want := `{"properties":{"a":{"type":"string"},"z":{"type":"string"}},"type":"object"}`; string(got) != want {
		t.Errorf("input schema %s, want %s", got, want)
	}
	if got := session.InitializeResult().ServerInfo.Version; got != "v1" {
		t.Errorf("version %q", got)
	}
}

// Arguments and results are not read on their way.
func TestPassthrough(t *testing.T) {
	g := answering(sent, nil)
	result := callTool(t, connect(t, g, 0), json.RawMessage(`{"text":1,"text":2,"unknown":null}`))
	if got, want := g.inputs, []string{`{"params":{"name":"send","arguments":{"text":1,"text":2,"unknown":null}}}`}; !slices.Equal(got, want) {
		t.Errorf("inputs %s, want %s", got, want)
	}
	if textOf(result) != "sent" || result.IsError || reasonOf(result) != "sent" {
		t.Errorf("result %+v", result)
	}
}

func TestStructuredContentStaysAsItIs(t *testing.T) {
	tests := []struct{ output, want string }{
		{sent, `{"reason":"sent","big":12345678901234567890}`},
		{`{"content":[],"structuredContent":{"z":1,"a":[1.50]}}`, `{"z":1,"a":[1.50]}`},
		{`{"content":[],"structuredContent":"text"}`, `"text"`},
	}
	for _, tt := range tests {
		a, err := parseResult([]byte(tt.output))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := a.result.StructuredContent.(json.RawMessage); string(got) != tt.want {
			t.Errorf("structured content %s, want %s", got, tt.want)
		}
	}
	if a, err := parseResult([]byte(`{"content":[{"type":"image","data":"AAAA","mimeType":"image/png"}],"isError":true,"_meta":{"a":1}}`)); err != nil ||
		a.result.StructuredContent != nil || !a.result.IsError || a.result.Meta["a"] != 1.0 {
		t.Errorf("%+v, %v", a.result, err)
	}
}

// What the plugin cannot answer is a result that a model sees, that fits the
// promised schema, and that holds nothing of the error.
func TestErrorResults(t *testing.T) {
	output := compile(t, schema.Output)
	tests := []struct {
		name, output string
		err          error
		arguments    string
		want         string
	}{
		{"unknown error", "", errors.New("canary"), `{}`, "arrives twice"},
		{"with a key", "", errors.New("canary"), `{"idempotencyKey":"k1"}`, "same idempotencyKey"},
		{"a key of another kind", "", errors.New("canary"), `{"idempotencyKey":7}`, "arrives twice"},
		{"empty output", "", nil, `{}`, "no answer that can be read"},
		{"no JSON", "canary", nil, `{}`, "no answer that can be read"},
		{"unknown content", `{"content":[{"type":"canary"}]}`, nil, `{}`, "no answer that can be read"},
	}
	for _, tt := range tests {
		result := callTool(t, connect(t, answering(tt.output, tt.err), 0), json.RawMessage(tt.arguments))
		if !result.IsError || reasonOf(result) != "unknown_outcome" || !strings.Contains(textOf(result), tt.want) {
			t.Errorf("%s: %s", tt.name, textOf(result))
		}
		if err := output.Validate(result.StructuredContent); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if said, _ := json.Marshal(result); strings.Contains(string(said), "canary") {
			t.Errorf("%s: it says %s", tt.name, said)
		}
	}
}

func TestSerialCalls(t *testing.T) {
	g := &guest{call: func(context.Context, string) (string, error) {
		time.Sleep(time.Millisecond)
		return sent, nil
	}}
	session := connect(t, g, time.Minute)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() { callTool(t, session, nil) })
	}
	callers.Wait()
	if g.overlaps != 0 || g.called != 20 || g.loads != 1 {
		t.Errorf("%d calls, %d of them at once with another, in %d instances", g.called, g.overlaps, g.loads)
	}
}

// A call that took too long leaves the plugin loaded, and with it what it knows.
func TestTimeout(t *testing.T) {
	g := hanging()
	session := connect(t, g, 20*time.Millisecond)
	for range 2 {
		result := callTool(t, session, nil)
		if !result.IsError || reasonOf(result) != "unknown_outcome" {
			t.Errorf("%+v", result)
		}
	}
	if g.called != 2 || g.loads != 1 || g.closes != 0 {
		t.Errorf("%d calls, %d loads, %d closes", g.called, g.loads, g.closes)
	}
}

// A call whose turn does not come says that nothing was sent.
func TestBusy(t *testing.T) {
	g, release := blocking()
	session := connect(t, g, 20*time.Millisecond)
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, nil) })
	g.waitForCalls(1)
	result := callTool(t, session, nil)
	close(release)
	first.Wait()
	if reasonOf(result) != "rate_limited" || !strings.HasPrefix(textOf(result), "The message was not sent: ") || g.called != 1 {
		t.Errorf("%d calls; %s", g.called, textOf(result))
	}
	if err := compile(t, schema.Output).Validate(result.StructuredContent); err != nil {
		t.Error(err)
	}
}

func TestCanceled(t *testing.T) {
	g := hanging()
	session := connect(t, g, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for g.count(&g.called) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "send"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	g.mu.Lock()
	g.call = func(context.Context, string) (string, error) { return sent, nil }
	g.mu.Unlock()
	if result := callTool(t, session, nil); result.IsError || g.loads != 1 || g.closes != 0 {
		t.Errorf("after %d loads and %d closes: %s", g.loads, g.closes, textOf(result))
	}
}

// A call that is canceled before its turn has come is not made.
func TestCanceledInQueue(t *testing.T) {
	g, release := blocking()
	session := connect(t, g, time.Minute)
	var first sync.WaitGroup
	first.Go(func() { callTool(t, session, map[string]string{"text": "1"}) })
	g.waitForCalls(1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "send"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	time.Sleep(20 * time.Millisecond) // for the notification, which is sent behind the error
	close(release)
	first.Wait()
	callTool(t, session, map[string]string{"text": "3"})
	if want := []string{`{"params":{"name":"send","arguments":{"text":"1"}}}`, `{"params":{"name":"send","arguments":{"text":"3"}}}`}; !slices.Equal(g.inputs, want) {
		t.Errorf("inputs %s, want %s", g.inputs, want)
	}
}

// When the server is told to stop, a call under way is answered, if it ends
// within the grace, and is ended otherwise.
func TestShutdown(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		call       func(ctx context.Context, release <-chan struct{}) (string, error)
	}{
		{"quick", "sent", func(ctx context.Context, release <-chan struct{}) (string, error) {
			select {
			case <-release:
				return sent, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}},
		{"slow", "unknown_outcome", func(ctx context.Context, _ <-chan struct{}) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}},
	} {
		ctx, stop := context.WithCancel(t.Context())
		release := make(chan struct{})
		g := &guest{call: func(ctx context.Context, _ string) (string, error) { return tt.call(ctx, release) }}
		server, err := New(ctx, &Options{Load: g.load, Timeout: time.Minute, Grace: 500 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		near, far := mcp.NewInMemoryTransports()
		session, err := connectBoth(ctx, t, server, near, far)
		if err != nil {
			t.Fatal(err)
		}
		var caller sync.WaitGroup
		caller.Go(func() {
			if got := reasonOf(callTool(t, session, nil)); got != tt.want {
				t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
			}
		})
		g.waitForCalls(1)
		stop()
		time.AfterFunc(20*time.Millisecond, func() { close(release) })
		caller.Wait()
		server.Close()
		if got := g.count(&g.closes); got != 1 {
			t.Errorf("%s: closed %d times", tt.name, got)
		}
	}
}

func connectBoth(ctx context.Context, t *testing.T, server *Server, near, far mcp.Transport) (*mcp.ClientSession, error) {
	go server.Run(ctx, far)
	return mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), near, nil)
}

// A plugin that does not return is abandoned, and the next call loads another.
func TestReload(t *testing.T) {
	release := make(chan struct{})
	g := &guest{call: func(context.Context, string) (string, error) {
		<-release
		return sent, nil
	}}
	fail := false
	i := newInstance(func(ctx context.Context) (Plugin, error) {
		if fail {
			return nil, errLoad
		}
		return g.load(ctx)
	})
	i.slack = 10 * time.Millisecond
	call := func() error {
		_, err := i.call(t.Context(), i.join(), 10*time.Millisecond, "call", nil)
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
	for g.count(&g.closes) == 0 {
		time.Sleep(time.Millisecond) // until the abandoned one is closed
	}
	if err := call(); err != nil || g.loads != 2 {
		t.Errorf("%v after %d loads", err, g.loads)
	}
	i.close()
	if g.closes != 2 {
		t.Errorf("closed %d times", g.closes)
	}
}

func compile(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("schema.json")
}
