package mcpserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func newTestKeyList() (l *keyList, now *time.Time) {
	l = newKeyList([]*mcp.Tool{
		{Name: "send", InputSchema: json.RawMessage(`{"properties":{"idempotencyKey":{}}}`)},
		{Name: "other", InputSchema: json.RawMessage(`{"properties":{}}`)},
	})
	now = new(time.Time)
	*now = time.Unix(1e9, 0)
	l.now = func() time.Time { return *now }
	return l, now
}

func params(tool, arguments string) *mcp.CallToolParamsRaw {
	return &mcp.CallToolParamsRaw{Name: tool, Arguments: json.RawMessage(arguments)}
}

// Only what lacks a key gets one, and nothing else changes.
func TestCompleteKey(t *testing.T) {
	l, _ := newTestKeyList()
	for _, tt := range []struct{ arguments, want string }{
		{`{"text":"a"}`, `{"text":"a","idempotencyKey":"KEY"}`},
		{" { \"text\":\t\"a}\" }\n", "{\"text\":\t\"a}\",\"idempotencyKey\":\"KEY\"}"},
		{`{"text":{"idempotencyKey":"k"}}`, `{"text":{"idempotencyKey":"k"},"idempotencyKey":"KEY"}`},
	} {
		got := l.complete(params("send", tt.arguments)).Arguments
		key := stringAt(got, keyArgument)
		if len(key) != 32 || strings.Replace(string(got), key, "KEY", 1) != tt.want {
			t.Errorf("%s: %s", tt.arguments, got)
		}
	}
	for _, tt := range []struct{ tool, arguments string }{
		{"send", `{"text":"a","idempotencyKey":"k"}`}, {"send", `{"idempotencyKey":7}`}, {"send", `{"idempotencyKe\u0079":"k"}`},
		{"send", `{}`}, {"send", `[1]`}, {"send", `null`}, {"send", ``}, {"other", `{"text":"a"}`}, {"unknown", `{"text":"a"}`},
	} {
		if got := string(l.complete(params(tt.tool, tt.arguments)).Arguments); got != tt.arguments {
			t.Errorf("%s %s: %s", tt.tool, tt.arguments, got)
		}
	}
}

// An equal call has the key of an unfinished one for ten minutes after the wait
// that it was told, until one with that key ends.
func TestRepeatedKey(t *testing.T) {
	l, now := newTestKeyList()
	const arrived, refused, unknown = "arrived", "refused", "unknown"
	call := func(arguments, ended string) (key string) {
		completed := l.complete(params("send", arguments))
		key = stringAt(completed.Arguments, keyArgument)
		o := &outcome{result: &mcp.CallToolResult{IsError: ended != arrived}, retryAfter: 60}
		if ended == unknown {
			o.key = key
		}
		l.finish(completed, o)
		return key
	}
	first := call(`{"text":"a","n":12345678901234567890}`, unknown)
	for _, other := range []string{`{"text":"b","n":12345678901234567890}`, `{"text":"a","n":12345678901234567891}`, `{"text":"a"}`} {
		if call(other, arrived) == first {
			t.Errorf("%s has the key of another call", other)
		}
	}
	const equal = `{ "n": 12345678901234567890, "text": "\u0061" }`
	*now = now.Add(11 * time.Minute)
	for _, ended := range []string{refused, unknown, refused} {
		if call(equal, ended) != first {
			t.Errorf("an equal call, %s, has another key", ended)
		}
	}
	*now = now.Add(11*time.Minute + time.Second)
	second := call(equal, unknown)
	if second == first {
		t.Error("the key is used after its time")
	}
	call(`{"text":"a","n":12345678901234567890,"idempotencyKey":"`+second+`"}`, arrived) // as the error offered
	if call(equal, arrived) == second {
		t.Error("the key of a message that arrived is used for another")
	}
	for i := range 2 * maxUnfinished {
		call(fmt.Sprintf(`{"text":"%d"}`, i), unknown)
	}
	if len(l.unfinished) != maxUnfinished {
		t.Errorf("%d calls are remembered", len(l.unfinished))
	}
}
