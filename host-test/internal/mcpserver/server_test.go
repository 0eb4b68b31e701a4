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

func TestReadTools(t *testing.T) {
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

// Arguments reach the plugin unchanged, and results the client.
func TestPassthrough(t *testing.T) {
	p := answering(sent, nil)
	session := connectPlugin(t, p, 0)
	var want []string
	for _, arguments := range []string{`{"text":1,"text":2,"unknown":null}`, `[1]`, `null`} {
		result := callTool(t, session, json.RawMessage(arguments))
		if textOf(result) != "sent" || result.IsError || reasonOf(result) != "sent" {
			t.Errorf("%s: result %+v", arguments, result)
		}
		want = append(want, `{"params":{"name":"send","arguments":`+arguments+`}}`)
	}
	if !slices.Equal(p.inputs, want) {
		t.Errorf("inputs %s, want %s", p.inputs, want)
	}
	if got := session.InitializeResult().ServerInfo.Version; got != "v1" {
		t.Errorf("version %q", got)
	}
}

func TestParseResult(t *testing.T) {
	tests := []struct{ output, want string }{
		{sent, `{"reason":"sent","big":12345678901234567890}`},
		{`{"content":[],"structuredContent":{"z":1,"a":[1.50]}}`, `{"z":1,"a":[1.50]}`},
		{`{"content":[],"structuredContent":"text"}`, `"text"`},
	}
	for _, tt := range tests {
		o, err := parseResult([]byte(tt.output))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := o.result.StructuredContent.(json.RawMessage); string(got) != tt.want {
			t.Errorf("structured content %s, want %s", got, tt.want)
		}
	}
	o, err := parseResult([]byte(`{"content":[{"type":"image","data":"AAAA","mimeType":"image/png"}],"isError":true,"_meta":{"a":1}}`))
	if err != nil || o.result.StructuredContent != nil || !o.result.IsError || o.result.Meta["a"] != 1.0 {
		t.Errorf("%+v, %v", o.result, err)
	}
	for _, output := range []string{"", "null, null", sent + "}", `{"content":[{"type":"text"`, `{"content":"sent"}`} {
		if o, err := parseResult([]byte(output)); err == nil {
			t.Errorf("%s: %+v", output, o.result)
		}
	}
	const zero = `{"content":[{"type":"text","text":"a"}],"structuredContent":{"errcode":0}}` // is logged
	if o, err := parseResult([]byte(zero)); err != nil || o.errcode == nil {
		t.Errorf("errcode 0 is lost: %+v, %v", o, err)
	}
	const annotated = `{"content":[{"type":"text","text":"a","annotations":{"audience":["user"]}}]}`
	if o, err := parseResult([]byte(annotated)); err != nil || o.result.Content[0].(*mcp.TextContent).Annotations == nil {
		t.Errorf("%+v, %v", o.result, err)
	}
}

// A call that the plugin cannot answer has a result that a model sees, that fits
// the output schema, and that quotes nothing from the error.
func TestErrorResults(t *testing.T) {
	tests := []struct {
		name, output string
		err          error
		arguments    string
		want         string
	}{
		{"unknown error", "", errors.New("canary"), `{}`, "arrives twice"},
		{"key", "", errors.New("canary"), `{"idempotencyKey":"k1"}`, `with idempotencyKey "k1"`},
		{"key of wrong type", "", errors.New("canary"), `{"idempotencyKey":7}`, "arrives twice"},
		{"empty output", "", nil, `{}`, "no answer that can be read"},
		{"no JSON", "canary", nil, `{}`, "no answer that can be read"},
		{"unknown content", `{"content":[{"type":"canary"}]}`, nil, `{}`, "no answer that can be read"},
	}
	for _, tt := range tests {
		result := callTool(t, connectPlugin(t, answering(tt.output, tt.err), 0), json.RawMessage(tt.arguments))
		if !result.IsError || reasonOf(result) != "unknown_outcome" || !strings.Contains(textOf(result), tt.want) {
			t.Errorf("%s: %s", tt.name, textOf(result))
		}
		checkOutput(t, result)
		if text, _ := json.Marshal(result); strings.Contains(string(text), "canary") {
			t.Errorf("%s: leaked by %s", tt.name, text)
		}
	}
}

// checkOutput validates a result against the output schema.
func checkOutput(t *testing.T, result *mcp.CallToolResult) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Output))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	if err := compiler.MustCompile("schema.json").Validate(result.StructuredContent); err != nil {
		t.Errorf("%s: %v", textOf(result), err)
	}
}

// On shutdown, a running call is answered if it ends within the grace period, and
// canceled otherwise.
func TestShutdown(t *testing.T) {
	for _, want := range []string{"sent", "unknown_outcome"} {
		p, release := waiting()
		ctx, stop := context.WithCancel(t.Context())
		server := newServer(t, Options{Load: p.load, Timeout: time.Minute, Grace: 300 * time.Millisecond})
		stopDuringCall(t, connect(ctx, t, server), p, stop, release, want)
		server.Close()
		if p.closes != 1 {
			t.Errorf("%s: closed %d times", want, p.closes)
		}
	}
}

// stopDuringCall stops the server during a call, and releases the call if it is to
// end as sent.
func stopDuringCall(t *testing.T, session *mcp.ClientSession, p *fakePlugin, stop func(), release chan struct{}, want string) {
	t.Helper()
	var caller sync.WaitGroup
	caller.Go(func() {
		if got := reasonOf(callTool(t, session, nil)); got != want {
			t.Errorf("%v, want %s", got, want)
		}
	})
	p.waitForCalls(1)
	stop()
	if want == "sent" {
		time.Sleep(20 * time.Millisecond)
		close(release)
	}
	caller.Wait()
}
