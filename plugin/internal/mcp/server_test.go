package mcp

import (
	"encoding/json"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/schema"
)

// newServer returns a Server in a world of closures: a robot that takes
// everything, and its requests.
func newServer(config map[string]string) (s *Server, urls *[]string) {
	urls = new([]string)
	return New(Host{
		Config: func(key string) (string, bool) { value, ok := config[key]; return value, ok },
		Env: dingtalk.Env{
			Now:    func() int64 { return dingtalk.MinValidTime },
			Random: func() uint64 { return 1 },
			Send: func(method, url string, body []byte) (int, []byte) {
				*urls = append(*urls, method+" "+url)
				return 200, []byte(`{"errcode":0}`)
			},
		},
	}), urls
}

type answer struct {
	Content           []struct{ Text string }
	StructuredContent struct {
		Ok                bool
		Reason, ConfigKey string
	}
	IsError bool
}

func call(t *testing.T, s *Server, input string) (a answer) {
	t.Helper()
	if err := json.Unmarshal(s.Call([]byte(input)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

const hello = `{"params":{"name":"send_text_message","arguments":{"text":"hello"}}}`

func TestConfiguration(t *testing.T) {
	const base = dingtalk.DefaultWebhook
	for _, test := range []struct {
		name   string
		config map[string]string
		url    string // of the POST, or "" when nothing is sent
		key    string // that the error names
	}{
		{"token", map[string]string{schema.KeyAccessToken: "abc"}, base + "?access_token=abc", ""},
		{"blanks around it", map[string]string{schema.KeyAccessToken: " abc\n"}, base + "?access_token=abc", ""},
		{"pasted address", map[string]string{schema.KeyAccessToken: base + "?access_token=abc"}, base + "?access_token=abc", ""},
		{"both keys, one token", map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: base + "?access_token=abc"}, base + "?access_token=abc", ""},
		{"address in both", map[string]string{schema.KeyAccessToken: base + "?access_token=abc", schema.KeyWebhookURL: "https://other.example"}, "https://other.example/robot/send?access_token=abc", ""},
		{"other host", map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: "https://oapi.dingtalk.io"}, "https://oapi.dingtalk.io/robot/send?access_token=abc", ""},
		{"nothing", nil, "", schema.KeyAccessToken},
		{"empty", map[string]string{schema.KeyAccessToken: ""}, "", schema.KeyAccessToken},
		{"not expanded", map[string]string{schema.KeyAccessToken: "${TOKEN}"}, "", schema.KeyAccessToken},
		{"quoted", map[string]string{schema.KeyAccessToken: `"abc"`}, "", schema.KeyAccessToken},
		{"two tokens", map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: base + "?access_token=abd"}, "", schema.KeyWebhookURL},
		{"plain http", map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: "http://oapi.dingtalk.com/robot/send"}, "", schema.KeyWebhookURL},
		{"bad pasted address", map[string]string{schema.KeyAccessToken: "http://oapi.dingtalk.com/robot/send?access_token=abc"}, "", schema.KeyAccessToken},
		{"negative rate", map[string]string{schema.KeyAccessToken: "abc", schema.KeyMessagesPerMinute: "-1"}, "", schema.KeyMessagesPerMinute},
		{"no parts", map[string]string{schema.KeyAccessToken: "abc", schema.KeyMaxParts: "0"}, "", schema.KeyMaxParts},
		{"many retries", map[string]string{schema.KeyAccessToken: "abc", schema.KeyRetries: "99"}, "", schema.KeyRetries},
		{"half a flag", map[string]string{schema.KeyAccessToken: "abc", schema.KeyAllowAtAll: "maybe"}, "", schema.KeyAllowAtAll},
		{"numbers not expanded", map[string]string{schema.KeyAccessToken: "abc", schema.KeyRetries: "${RETRIES}"}, base + "?access_token=abc", ""},
	} {
		s, urls := newServer(test.config)
		got := call(t, s, hello)
		sent := ""
		if len(*urls) > 0 {
			sent = strings.TrimPrefix((*urls)[len(*urls)-1], "POST ")
		}
		if sent != test.url || got.StructuredContent.ConfigKey != test.key || got.IsError == (test.url != "") {
			t.Errorf("%s: sent %q, key %q, want %q, %q: %s", test.name, sent, got.StructuredContent.ConfigKey, test.url, test.key, got.Content[0].Text)
		}
		for key, value := range test.config {
			if got.IsError && len(value) > 2 && strings.Contains(got.Content[0].Text, value) {
				t.Errorf("%s: the error holds the value of %s: %s", test.name, key, got.Content[0].Text)
			}
		}
	}
}

func TestDescribeNeedsNothing(t *testing.T) {
	s := New(Host{Config: func(key string) (string, bool) { return "", false }})
	if got := s.Describe(); !json.Valid(got) {
		t.Errorf("no JSON: %s", got)
	}
}

// Whatever comes in, a result comes out.
func FuzzCall(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"params":{"name":"send_markdown_message","arguments":{"title":"t","text":"x","atAll":null}}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		s, _ := newServer(map[string]string{schema.KeyAccessToken: "abc"})
		output := s.Call(input)
		var got answer
		if err := json.Unmarshal(output, &got); err != nil || len(got.Content) != 1 || len(output) >= 4096 {
			t.Fatalf("%q: %v", output, err)
		}
		if got.IsError == got.StructuredContent.Ok || got.StructuredContent.Reason == "" {
			t.Errorf("%s", output)
		}
	})
}
