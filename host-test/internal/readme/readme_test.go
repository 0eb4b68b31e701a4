package readme_test

import (
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/readme"
)

const text = "# One\n```js\na\n```\n## Two `x`\n\n```python\n# no heading\nb\n```\n```js\nc\n```\n```js\nd\n```\n"

func TestFind(t *testing.T) {
	for _, one := range []struct{ heading, language, want string }{
		{"One", "js", "a\n"},
		{"Two `x`", "python", "# no heading\nb\n"},
		{"Two `x`", "js", ""}, // there are two
		{"One", "python", ""},
		{"no heading", "js", ""},
	} {
		got, err := readme.Find(text, one.heading, one.language)
		if got != one.want || (err == nil) != (one.want != "") {
			t.Errorf("%s under %s: %q, %v", one.language, one.heading, got, err)
		}
	}
}

func TestRedirect(t *testing.T) {
	for snippet, want := range map[string]string{
		`["oapi.dingtalk.com"] {"DINGTALK_BOT_ACCESS_TOKEN": "t"}`:                 `["127.0.0.1"] {"DINGTALK_BOT_WEBHOOK_URL": "W", "DINGTALK_BOT_ACCESS_TOKEN": "t"}`,
		`"oapi.dingtalk.com" DINGTALK_BOT_ACCESS_TOKEN: DINGTALK_BOT_ACCESS_TOKEN`: `"127.0.0.1" DINGTALK_BOT_WEBHOOK_URL: "W", DINGTALK_BOT_ACCESS_TOKEN: DINGTALK_BOT_ACCESS_TOKEN`,
		`DINGTALK_BOT_ACCESS_TOKEN:`:                                               "",
		`oapi.dingtalk.com`:                                                        "",
		strings.Repeat(`oapi.dingtalk.com DINGTALK_BOT_ACCESS_TOKEN: `, 2):         "",
	} {
		if got, err := readme.Redirect(snippet, "W"); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v", snippet, got, err)
		}
	}
}
