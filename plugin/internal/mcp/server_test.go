package mcp

import (
	"encoding/json"
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
