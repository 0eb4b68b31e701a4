package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// offeredKey returns the key that a result offers for a repeat, in its structured
// content and in its text, or "".
func offeredKey(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	key, _ := structured(result)["idempotencyKey"].(string)
	if named := strings.Contains(resultText(result), "idempotencyKey"); named != (key != "") || !strings.Contains(resultText(result), key) {
		t.Errorf("key %q: %s", key, resultText(result))
	}
	return key
}

// When a call without a key ends without a clear answer, its repeat arrives once:
// with the key that the error offers, or without one if the model did not see the
// error. The plugin stays loaded. Equal messages after that are new ones.
func TestServeRepeat(t *testing.T) {
	for _, tt := range []struct {
		fault, text string // "" if the client cancels the call
		first       string // arguments
		withKey     bool
	}{
		{"slow", "took too long", hello, true}, {"slow", "took too long", hello, false},
		{"slow", "took too long", `{"text":"hello","idempotencyKey":"own"}`, true},
		{"drop-after", "arrived", hello, true}, {"drop-after", "arrived", hello, false},
		{"accept-then-502", "502", hello, true}, {"accept-then-502", "502", hello, false},
		{"slow", "", hello, false},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			s := serveInMemory(t, 200*time.Millisecond, nil)
			inject(s.robot, tt.fault)
			arguments := hello
			if tt.text == "" {
				s.callCanceled(t, 100*time.Millisecond, hello)
			} else {
				result := s.expect(t, tt.first, "unknown_outcome")
				key := offeredKey(t, result)
				if !result.IsError || key == "" || tt.first != hello && key != "own" || !strings.Contains(resultText(result), tt.text) {
					t.Errorf("%s", resultText(result))
				}
				if tt.withKey {
					arguments = `{"text":"hello","idempotencyKey":"` + key + `"}`
				}
			}
			s.expect(t, arguments, "sent")
			expectMessages(t, s.robot, 1)
			s.expect(t, hello, "sent")
			expectMessages(t, s.robot, 2)
			if s.loads != 1 {
				t.Errorf("%d plugins were loaded", s.loads)
			}
		})
	}
}

// A result names no key where none helps.
func TestServeNamesNoKey(t *testing.T) {
	for _, tt := range []struct{ key, value, arguments, reason string }{
		{"", "", hello, "sent"},
		{schema.KeyDryRun, "true", hello, "dry_run"},
		{schema.KeySecret, "SECwrong", hello, "refused"},
		{schema.KeyAccessToken, " ", hello, "not_configured"},
		{schema.KeyWebhookURL, "http://127.0.0.1:1/robot/send", hello, "not_sent"},
		{"", "", `{"tex":"hello"}`, "invalid_arguments"},
		{"", "", `{}`, "invalid_arguments"},
	} {
		s := serveInMemory(t, 0, map[string]string{tt.key: tt.value})
		if key := offeredKey(t, s.expect(t, tt.arguments, tt.reason)); key != "" {
			t.Errorf("%s: key %q", tt.reason, key)
		}
	}
}

// What serve posts is what the plugin posts without it, except for the msgUuid.
func TestServeSameWire(t *testing.T) {
	s := serveInMemory(t, 0, nil)
	plugin, err := s.load(t)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	posted := func(_ *mcp.CallToolResult, err error) (bodies []byte) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		for _, request := range s.robot.Requests() {
			if request.Method == http.MethodPost {
				bodies = append(append(bodies, request.Body...), '\n')
			}
		}
		s.robot.Reset()
		return regexp.MustCompile(`"msgUuid":"[0-9a-f]{32}`).ReplaceAll(bodies, []byte(`"msgUuid":"`))
	}
	for _, tt := range []struct{ tool, arguments string }{
		{"send_text_message", `{"text":"构建 42 失败 @13800000001","atMobiles":["13800000001"]}`},
		{"send_text_message", `{"text":"` + strings.Repeat("word ", 9000) + `","atAll":true}`},
		{"send_markdown_message", `{ "title":"t","text":"# a\n\n\"b\"}" }`},
	} {
		arguments := json.RawMessage(tt.arguments)
		got := posted(s.session.CallTool(t.Context(), &mcp.CallToolParams{Name: tt.tool, Arguments: arguments}))
		want := posted(plugin.Call(t.Context(), tt.tool, arguments))
		if !bytes.Equal(got, want) || !bytes.Contains(got, []byte("msgUuid")) {
			t.Errorf("%s %s: serve posts %s, the plugin %s", tt.tool, tt.arguments, got, want)
		}
	}
}
