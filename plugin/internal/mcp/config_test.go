package mcp

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/schema"
)

// A good value decides where a message goes. A bad one sends nothing, and the
// error names its key but repeats no part of it: it may be a credential or a
// number in the wrong place. Neither does describe.
func TestConfig(t *testing.T) {
	const (
		token  = "6d1f0c3b9a8e47525f60718293a4b5c6d7e8f9001a2b3c4d5e6f708192a3b4c5"
		secret = "SEC9f8e7d6c5b4a3928"
		mobile = "13800000001"
		user   = "manager4711"
		robotA = "https://example.com/robot/send?access_token=a"
	)
	base := map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: "https://example.com"}
	const sent = "https://example.com/robot/send?access_token=abc" // with base
	for _, test := range []struct {
		key, value string
		want       string // part of the error, or the URL of the POST
	}{
		{schema.KeyAccessToken, " abc\n", sent},
		{schema.KeyAccessToken, dingtalk.DefaultWebhook + "?access_token=abc", sent},
		{schema.KeyAccessToken, `"abc"`, "no access token holds"},
		{schema.KeyAccessToken, "http://oapi.dingtalk.com/robot/send?access_token=abc", "not encrypted"},
		{schema.KeyWebhookURL, "https://oapi.dingtalk.io", "https://oapi.dingtalk.io/robot/send?access_token=abc"},
		{schema.KeyWebhookURL, dingtalk.DefaultWebhook + "?access_token=abc", dingtalk.DefaultWebhook + "?access_token=abc"},
		{schema.KeyWebhookURL, dingtalk.DefaultWebhook + "?access_token=abd", "another access_token"},
		{schema.KeyWebhookURL, "http://oapi.dingtalk.com/robot/send", "not encrypted"},
		{schema.KeyMaxParts, "0", "from 1 to 10"},
		{schema.KeyMaxParts, " ", sent},
		{schema.KeyMaxParts, " 5\n", sent},
		{schema.KeyMessagesPerMinute, "1001", "from 0 to 1000"},
		{schema.KeyRetries, "${RETRIES}", sent},
		{schema.KeyAllowAtAll, "maybe", "neither true nor false"},
		{schema.KeyTools, "send_text_message,", sent},
		{schema.KeyMarkdown, "phone", sent},
		{schema.KeySensitive, "refuse", sent},
		{schema.KeySensitive, "yes", "none of off, refuse"},
		{schema.KeyLinkHosts, "example.com, a.b", sent},
		{schema.KeyLinkHosts, "https://example.com", "no host name"},
		{schema.KeyPeople, "", sent},
		{schema.KeyPeople, `{"张三2":"13800000001","wang-2024":{"userId":"13800000001"},"x":{"mobile":null,"userId":"u"},"y":{"mobile":"+86-13800000001","userId":null}}`, sent},
		{schema.KeyPeople, `{"a":"x13800000001"}`, "the first person"},
		{schema.KeyPeople, manyNames(maxPeople+1, `"13800000001"`), "more than 1000"},
		{schema.KeyRobots, manyNames(maxRobots+1, `{"accessToken":"a"}`), "more than 64"},
		{schema.KeyRobots, `{"ops-2024-12":{"accessToken":"a"}}`, robotA},
		{schema.KeyRobots, `{"SECURITY":{"accessToken":"a"}}`, robotA},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":null}}`, robotA},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":""}}`, robotA},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":"${URL}"}}`, robotA},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","secret":null,"keywords":null,"description":null,"default":null,"maxParts":null}}`, robotA},
		{schema.KeyPeople, `{"李四":"13800000002","` + mobile + `":{"userId":"u"}}`, "the second person"},
		{schema.KeyPeople, `{"` + mobile + `":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"+86 138-0000-0001":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"１３８００００００１２":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"` + user + `":"张三"}`, "the first person"},
		{schema.KeyPeople, `{"张三":{"` + mobile + `":"mobile"}}`, "known are mobile, userId"},
		{schema.KeyPeople, `{"张三":{"mobile":13800000001}}`, "the first person: mobile: expected a string"},
		{schema.KeyPeople, `{"张三":{"mobile":"` + mobile + `","mobile":"` + mobile + `"}}`, "the first person: mobile is given twice"},
		{schema.KeyPeople, `{"张三":{"mobile":null}}`, "the first person"},
		{schema.KeyPeople, `{"张三":null}`, "the first person"},
		{schema.KeyPeople, `{"张三":"` + user + `"}`, "the first person"},
		{schema.KeyPeople, `{"` + mobile + `":1,"` + mobile + `":2}`, "the second person"},
		{schema.KeyPeople, `{"ada":"13800000002","bob":"13800000003","ada":"` + mobile + `"}`, "the third person: it has the name of another"},
		{schema.KeyPeople, `{" ":"` + mobile + `"}`, "the first person: it has no name"},
		{schema.KeyPeople, `{"` + strings.Repeat("长", 65) + `":"` + mobile + `"}`, "64 characters"},
		{schema.KeyPeople, `["` + mobile + `"]`, "not a JSON object"},
		{schema.KeyPeople, mobile, "not a JSON object"},
		{schema.KeyPeople, `{}`, "is empty"},
		{schema.KeyRobots, `{"` + token + `":"` + secret + `"}`, "the first robot"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a"},"` + token + `":{"accessToken":"b"}}`, "the second robot"},
		{schema.KeyRobots, `{"` + secret + `":{"accessToken":"a"}}`, "the first robot"},
		{schema.KeyRobots, `{"https://oapi.dingtalk.com/robot/send?access_token=abc":{}}`, "the first robot"},
		{schema.KeyRobots, `{"ops":{"` + token + `":"` + secret + `"}}`, "known are accessToken"},
		{schema.KeyRobots, `{"ops":{"accesstoken":"` + token + `"}}`, "did you mean accessToken?"},
		{schema.KeyRobots, `{"ops":{"accessToken":"` + token + `","accessToken":"` + token + `"}}`, "the first robot: accessToken is given twice"},
		{schema.KeyRobots, `{"ops":{"accessToken":"` + token + ` ` + secret + `"}}`, "the first robot: accessToken"},
		{schema.KeyRobots, `{"ops":{"secret":"` + secret + `"}}`, "the first robot: accessToken is missing"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"` + token + `"}}`, "the first robot: description"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"posts with access_token=abc"}}`, "the first robot: description"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"` + strings.Repeat("长", 201) + `"}}`, "200 characters"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":"https://example.com/?access_token=` + token + `&access_token=` + token + `"}}`, "webhookUrl"},
		{schema.KeyKeywords, "告警," + token, "what looks like a credential"},
		{schema.KeyKeywords, secret, "what looks like a credential"},
		{schema.KeyKeywords, "https://oapi.dingtalk.com/robot/send?access_token=abc", "what looks like a credential"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","keywords":"` + token + `"}}`, "the first robot: keywords"},
		{schema.KeyRobots, `{"ops":null}`, "the first robot"},
		{schema.KeyWebhookURL, "https://example.com/?access_token=" + token + "&access_token=" + token, "more than one access_token"},
		{schema.KeyWebhookURL, "https://example.com/?access_token=&access_token=" + token, "more than one access_token"},
		{schema.KeyWebhookURL, "https://example.com/?access%5Ftoken=" + token, "name of a parameter"},
		{schema.KeyTools, " ，, ", "names no tool"},
		{schema.KeyTools, token, "unknown"},
		{schema.KeyMaxParts, "99999999999999999999", "from 1 to 10"},
		{schema.KeyMaxParts, "4294967297", "from 1 to 10"},
		{schema.KeyMaxParts, "+5", "from 1 to 10"},
		{schema.KeyMaxParts, "1 0", "from 1 to 10"},
		{schema.KeyMaxParts, "１", "from 1 to 10"},
		{schema.KeyMaxParts, "0x2", "from 1 to 10"},
		{schema.KeyMaxParts, "5.0", "from 1 to 10"},
		{schema.KeyMaxParts, "5e0", "from 1 to 10"},
		{schema.KeyMessagesPerMinute, "-0", "from 0 to 1000"},
		{schema.KeyRetries, "6", "from 0 to 5"},
		{schema.KeyAllowAtAll, token, "neither true nor false"},
	} {
		config := map[string]string{}
		for key, value := range base {
			config[key] = value
		}
		config[test.key] = test.value
		s, urls := newServer(config)
		described, got := string(s.Describe()), call(t, s, hello)
		text := got.Content[0].Text
		if strings.HasPrefix(test.want, "https://") {
			if got.IsError || !slices.Contains(*urls, "POST "+test.want) {
				t.Errorf("%s=%.100s: sent %v, want %s: %s", test.key, test.value, *urls, test.want, text)
			}
			continue
		}
		if !got.IsError || !strings.Contains(text, test.want) || len(*urls) > 0 || got.StructuredContent.ConfigKey != test.key {
			t.Errorf("%s=%.100s: sent %v, got %+v, want %q", test.key, test.value, *urls, got, test.want)
		}
		for _, part := range []string{token, secret, mobile, user, "138-0000", "１３８", "张三", "李四", "ada", "ops", test.value} {
			if len(part) > 2 && (strings.Contains(text, part) || strings.Contains(described, part) && part != "ops" && part != mobile) {
				t.Errorf("%s=%.100s: repeated %s: %s", test.key, test.value, part, text)
			}
		}
		if len(text) > 600 || !json.Valid([]byte(described)) {
			t.Errorf("%s=%.100s: got %s, and described %.100s", test.key, test.value, text, described)
		}
	}
}

// A robot without a token does not post with the one in the address for all.
func TestRobotsShareNoToken(t *testing.T) {
	s, urls := newServer(map[string]string{
		schema.KeyWebhookURL: "https://example.com/?access_token=all",
		schema.KeyRobots:     `{"ops":{"accessToken":"${OPS}"}}`,
	})
	if got := call(t, s, hello); !got.IsError || len(*urls) > 0 || !strings.Contains(got.Content[0].Text, "accessToken is missing") {
		t.Errorf("sent %v, got %+v", *urls, got)
	}
	s, urls = newServer(map[string]string{
		schema.KeyWebhookURL: "https://example.com/?access_token=all",
		schema.KeyRobots:     `{"ops":{"accessToken":"a"}}`,
	})
	if got := call(t, s, hello); got.IsError || !slices.Contains(*urls, "POST https://example.com/robot/send?access_token=a") {
		t.Errorf("sent %v, got %+v", *urls, got)
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
