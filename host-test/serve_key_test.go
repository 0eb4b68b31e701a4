package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// offeredKey returns the key that a result offers for a repeat, in its structured
// content and in its text, or "".
func offeredKey(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	structured, _ := result.StructuredContent.(map[string]any)
	key, _ := structured["idempotencyKey"].(string)
	if named := strings.Contains(resultText(result), "idempotencyKey"); named != (key != "") || !strings.Contains(resultText(result), key) {
		t.Errorf("key %q: %s", key, resultText(result))
	}
	return key
}

// When a call without a key ends without a clear answer, its repeat arrives once:
// with the key that the error offers, or without one if the model did not see the
// error. Equal messages after that are new ones.
func TestServeRepeat(t *testing.T) {
	for _, fault := range []string{"slow", "drop-after", "accept-then-502", "canceled"} {
		for _, withKey := range []bool{true, false} {
			s := serveInMemory(t, 200*time.Millisecond, map[string]string{schema.KeyRetries: "0"})
			arguments := `{"text":"hello"}`
			if fault == "canceled" {
				s.inject("slow")
				s.callCanceled(t, 100*time.Millisecond, arguments)
			} else {
				s.inject(fault)
				result := s.call(t, "send_text_message", arguments)
				key := offeredKey(t, result)
				if reason(result) != "unknown_outcome" || key == "" {
					t.Errorf("%s: %s", fault, resultText(result))
				}
				if withKey {
					arguments = `{"text":"hello","idempotencyKey":"` + key + `"}`
				}
			}
			if result := s.call(t, "send_text_message", arguments); reason(result) != "sent" {
				t.Errorf("%s, repeated: %s", fault, resultText(result))
			}
			if got := len(s.robot.Messages()); got != 1 {
				t.Errorf("%s, key %v: the group has %d messages, want 1", fault, withKey, got)
			}
			s.call(t, "send_text_message", `{"text":"hello"}`)
			if got := len(s.robot.Messages()); got != 2 {
				t.Errorf("%s, key %v: the group has %d messages after a new one, want 2", fault, withKey, got)
			}
		}
	}
}

// A result names no key where none helps.
func TestServeNamesNoKey(t *testing.T) {
	for _, tt := range []struct {
		name, key, value, arguments, reason string
	}{
		{"sent", "", "", `{"text":"hello"}`, "sent"},
		{"dry run", "DINGTALK_BOT_DRY_RUN", "true", `{"text":"hello"}`, "dry_run"},
		{"refused", schema.KeySecret, "SECwrong", `{"text":"hello"}`, "refused"},
		{"not configured", schema.KeyAccessToken, " ", `{"text":"hello"}`, "not_configured"},
		{"not sent", schema.KeyWebhookURL, "http://127.0.0.1:1/robot/send", `{"text":"hello"}`, "not_sent"},
		{"invalid", "", "", `{"tex":"hello"}`, "invalid_arguments"},
		{"empty", "", "", `{}`, "invalid_arguments"},
	} {
		s := &served{fakeServer: startFakeServer(map[string]string{schema.KeyRetries: "0"})}
		defer s.Close()
		if tt.key != "" {
			s.config[tt.key] = tt.value
		}
		s.serve(t, 0, config.AllowedHosts(s.config))
		result, err := s.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(tt.arguments)})
		if err != nil {
			t.Fatal(err)
		}
		if key := offeredKey(t, result); reason(result) != tt.reason || key != "" {
			t.Errorf("%s: key %q: %s", tt.name, key, resultText(result))
		}
	}
}

// What serve posts is what the plugin posts without it, except for the msgUuid.
func TestServeSameWire(t *testing.T) {
	s := serveInMemory(t, 0, nil)
	plugin, err := host.Load(t.Context(), module(t), &host.Options{Config: s.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	posted := func(call func()) (bodies []byte) {
		s.robot.Reset()
		call()
		for _, request := range s.robot.Requests() {
			if request.Method == http.MethodPost {
				bodies = append(append(bodies, request.Body...), '\n')
			}
		}
		return regexp.MustCompile(`"msgUuid":"[0-9a-f]{32}`).ReplaceAll(bodies, []byte(`"msgUuid":"`))
	}
	for _, tt := range []struct{ tool, arguments string }{
		{"send_text_message", `{"text":"构建 42 失败 @13800000001","atMobiles":["13800000001"]}`},
		{"send_text_message", `{"text":"` + strings.Repeat("word ", 9000) + `","atAll":true}`},
		{"send_markdown_message", `{ "title":"t","text":"# a\n\n\"b\"}" }`},
	} {
		got := posted(func() { s.call(t, tt.tool, tt.arguments) })
		want := posted(func() {
			if _, err := plugin.Call(t.Context(), tt.tool, json.RawMessage(tt.arguments)); err != nil {
				t.Fatal(err)
			}
		})
		if !bytes.Equal(got, want) || !bytes.Contains(got, []byte("msgUuid")) {
			t.Errorf("%s %s: serve posts %s, the plugin %s", tt.tool, tt.arguments, got, want)
		}
	}
}
