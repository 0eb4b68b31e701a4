package mcp

import (
	"encoding/json"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/schema"
)

type object = map[string]any

// newServer returns a Server with a host that accepts every request and appends
// it to urls.
func newServer(config map[string]string) (s *Server, urls *[]string) {
	urls = new([]string)
	return New(func(key string) string { return config[key] }, dingtalk.Env{
		Now:    func() int64 { return dingtalk.MinValidTime },
		Random: func() uint64 { return 1 },
		Send: func(method, url string, body []byte) (int, []byte) {
			*urls = append(*urls, method+" "+url)
			return 200, []byte(`{"errcode":0}`)
		},
	}), urls
}

type result struct {
	Content           []struct{ Text string }
	StructuredContent struct {
		Ok                bool
		Reason, ConfigKey string
	}
	IsError bool
}

const hello = `{"params":{"name":"send_text_message","arguments":{"text":"hello"}}}`

func call(t *testing.T, s *Server, input string) result {
	t.Helper()
	return parse[result](t, s.Call([]byte(input)))
}

func parse[T any](t *testing.T, data []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return value
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A preview sends nothing and asks no address, whatever it is asked to show, and
// shows no number of a person who is mentioned by name.
func TestPreviewSendsNothing(t *testing.T) {
	config := map[string]string{
		schema.KeyAccessToken: "abc", schema.KeyTools: previewTool, schema.KeyKeywords: "alert", schema.KeyPeople: `{"li":"13800000001"}`,
	}
	s := New(func(key string) string { return config[key] }, dingtalk.Env{
		Now:    func() int64 { return dingtalk.MinValidTime },
		Random: func() uint64 { return 1 },
		Send: func(method, url string, body []byte) (int, []byte) {
			t.Errorf("%s %s", method, url)
			return 200, []byte(`{"errcode":0}`)
		},
	})
	for _, test := range []struct{ arguments, reason, text string }{
		{`{"type":"text","text":"disk full @li"}`, "dry_run", "alert is added; DingTalk would notify li."},
		{`{"type":"markdown","title":"t","text":"- [x] a","idempotencyKey":"k"}`, "dry_run", "Some phones show wrongly: task lists."},
		{`{"type":"markdown","title":"t","text":"` + strings.Repeat("word ", 9000) + `"}`, "dry_run", "in 3 requests"},
		{`{"type":"markdown","text":"a"}`, "invalid_arguments", "title"},
		{`{"type":"text","title":"t","text":"a"}`, "invalid_arguments", "title"},
		{`{"type":"link","text":"a"}`, "invalid_arguments", "text, markdown"},
		{`{"text":"a"}`, "invalid_arguments", "type"},
		{`{"type":"text","text":" "}`, "invalid_arguments", "white space"},
	} {
		output := s.Call([]byte(`{"params":{"name":"preview_message","arguments":` + test.arguments + `}}`))
		got := parse[result](t, output)
		if got.StructuredContent.Reason != test.reason || !strings.Contains(got.Content[0].Text, test.text) || got.IsError == (test.reason == "dry_run") {
			t.Errorf("%.60s: got %s", test.arguments, output)
		}
		if strings.Contains(string(output), "13800000001") {
			t.Errorf("%.60s: a number is shown in %s", test.arguments, output)
		}
	}
}

// A preview leaves the calls after it as they were: they send, to the people themselves.
func TestPreviewThenSend(t *testing.T) {
	s, urls := newServer(map[string]string{schema.KeyAccessToken: "abc", schema.KeyTools: "all", schema.KeyPeople: `{"li":"13800000001"}`})
	call(t, s, `{"params":{"name":"preview_message","arguments":{"type":"text","text":"@li"}}}`)
	if len(*urls) != 0 {
		t.Errorf("the preview made requests: %v", *urls)
	}
	if got := call(t, s, `{"params":{"name":"send_text_message","arguments":{"text":"@li"}}}`); got.IsError || len(*urls) != 2 {
		t.Errorf("%v, %+v", *urls, got)
	}
}

// Robots with one token are one robot only where all of the address is the same: a
// relay may tell groups apart by another parameter.
func TestRobotsOfOneToken(t *testing.T) {
	s, urls := newServer(map[string]string{schema.KeyRobots: `{
		"a":{"accessToken":"abc","webhookUrl":"https://relay.example/robot/send?group=1"},
		"b":{"accessToken":"abc","webhookUrl":"https://relay.example/robot/send?group=2"},
		"c":{"webhookUrl":"https://relay.example/robot/send?access_token=abc&group=2"}}`})
	for _, test := range []struct{ robot, reason string }{{"a", "sent"}, {"a", "already_sent"}, {"b", "sent"}, {"c", "already_sent"}} {
		got := call(t, s, `{"params":{"name":"send_text_message","arguments":{"text":"hello","idempotencyKey":"k","robot":"`+test.robot+`"}}}`)
		if got.StructuredContent.Reason != test.reason {
			t.Errorf("%s: got %+v, want %s; %v", test.robot, got, test.reason, *urls)
		}
	}
}

// Every input yields a valid result.
func FuzzCall(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"params":{"name":"send_markdown_message","arguments":{"title":"t","text":"x","atAll":null}}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		s, _ := newServer(map[string]string{schema.KeyAccessToken: "abc"})
		output := s.Call(input)
		got := parse[result](t, output)
		if len(got.Content) != 1 || len(output) >= 4096 || got.IsError == got.StructuredContent.Ok || got.StructuredContent.Reason == "" {
			t.Errorf("%q: got %s", input, output)
		}
	})
}
