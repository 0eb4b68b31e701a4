package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

// What must not come back, though it may be in the wrong place.
const (
	token  = "6d1f0c3b9a8e47525f60718293a4b5c6d7e8f9001a2b3c4d5e6f708192a3b4c5"
	secret = "SEC9f8e7d6c5b4a3928"
	mobile = "13800000001"
	user   = "manager4711"
)

// configValues replaces the names in testdata/config.json that begin with $.
var configValues = strings.NewReplacer("$TOKEN", token, "$SECRET", secret,
	"$LONG_NAME", strings.Repeat("长", 65), "$LONG_TEXT", strings.Repeat("长", 201),
	"$TOO_MANY_PEOPLE", manyNames(maxPeople+1, `"13800000001"`), "$TOO_MANY_ROBOTS", manyNames(maxRobots+1, `{"accessToken":"a"}`))

// A good value decides where a message goes. A bad one sends nothing, and the
// error names its key but repeats no part of it: it may be a credential or a
// number in the wrong place. Neither does describe.
func TestConfig(t *testing.T) {
	data, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	var tests []struct {
		Key, Post, Error string // Post is the address of the POST, Error a part of the error
		Values           []json.RawMessage
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // a misspelled "error" would match anything
	if err := decoder.Decode(&tests); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		for _, raw := range test.Values {
			value := string(raw)
			if strings.HasPrefix(value, `"`) {
				value = parse[string](t, raw)
			}
			value = configValues.Replace(value)
			config := map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: "https://example.com"}
			config[test.Key] = value
			s, urls := newServer(config)
			described, got := string(s.Describe()), call(t, s, hello)
			name, text := fmt.Sprintf("%s=%.100s", test.Key, value), got.Content[0].Text
			switch {
			case test.Post == "":
				checkConfigError(t, name, value, text, described)
				if !got.IsError || !strings.Contains(text, test.Error) || len(*urls) > 0 || got.StructuredContent.ConfigKey != test.Key {
					t.Errorf("%s: sent %v, got %+v, want %q", name, *urls, got, test.Error)
				}
			case got.IsError || !slices.Contains(*urls, "POST "+test.Post):
				t.Errorf("%s: sent %v, want %s: %s", name, *urls, test.Post, text)
			}
		}
	}
}

// checkConfigError checks the text of an error in a value, and what is described then.
func checkConfigError(t *testing.T, name, value, text, described string) {
	t.Helper()
	for _, part := range []string{token, secret, mobile, user, "138-0000", "１３８", "张三", "李四", "ada", "ops", value} {
		if len(part) > 2 && (strings.Contains(text, part) || strings.Contains(described, part) && part != "ops" && part != mobile) {
			t.Errorf("%s: repeated %s: %s", name, part, text)
		}
	}
	if len(text) > 600 || !json.Valid([]byte(described)) {
		t.Errorf("%s: got %s, and described %.100s", name, text, described)
	}
}

// A robot without a token does not post with the one in the address for all.
func TestRobotsShareNoToken(t *testing.T) {
	for robotToken, want := range map[string]string{"${OPS}": "accessToken is missing", "a": "Message sent"} {
		s, urls := newServer(map[string]string{
			schema.KeyWebhookURL: "https://example.com/?access_token=all",
			schema.KeyRobots:     `{"ops":{"accessToken":"` + robotToken + `"}}`,
		})
		got := call(t, s, hello)
		posted := slices.Contains(*urls, "POST https://example.com/robot/send?access_token=a")
		if !strings.Contains(got.Content[0].Text, want) || got.IsError == posted || got.IsError && len(*urls) > 0 {
			t.Errorf("%s: sent %v, got %+v", robotToken, *urls, got)
		}
	}
}

// manyNames returns a JSON object of n names, each with that value.
func manyNames(n int, value string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"` + strings.Repeat("长", i%60) + string(rune('a'+i/60)) + `":` + value)
	}
	return "{" + b.String()[1:] + "}"
}
