package mcp

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/schema"
)

type object = map[string]any

func parse[T any](t *testing.T, data []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return value
}

func written(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// expected are the tools as describe must list them with one person and, besides
// another, one robot of that name: made from the schemas with encoding/json.
func expected(t *testing.T, name string, byDefault bool) (tools []any) {
	arguments := parse[object](t, []byte(schema.Arguments))
	names := arguments["atNames"].(object)
	names["items"].(object)["enum"] = []any{name}
	robot := arguments["robot"].(object)
	robot["enum"] = []any{name, "other"}
	description := " " + name + " (" + name + "); other."
	if byDefault {
		description = " " + name + " (" + name + "), the default; other."
	}
	robot["description"] = robot["description"].(string) + description
	output := parse[object](t, []byte(schema.Output))
	properties := output["properties"].(object)
	properties["dryRun"] = parse[object](t, []byte(schema.DryRun))
	reason := properties["reason"].(object)
	reason["enum"] = append(reason["enum"].([]any), "dry_run")
	for i, definition := range schema.Tools {
		tool := parse[object](t, []byte(definition))
		whole := tool["inputSchema"].(object)
		if !byDefault {
			whole["required"] = append(whole["required"].([]any), "robot")
		}
		input := whole["properties"].(object)
		if _, mentions := input["atMobiles"]; mentions {
			input["atUserIds"] = arguments["atUserIds"]
		}
		if !kinds[i].NoMentions {
			input["atNames"] = names
		}
		input["robot"] = robot
		tool["outputSchema"] = output
		tool["_meta"] = parse[object](t, []byte(schema.Meta))
		tools = append(tools, tool)
	}
	return tools
}

// hostileNames are what a definition holds itself, or what ends a part of one.
var hostileNames = []string{
	"text", "title", "name", "]", "[]", `"`, `\`, `\"`, "}", "{}", `"}`, `":{`, "atNames", "atUserIds", "robot", "properties", "enum", "required",
	"inputSchema", "description", `"properties"`, "a/b", "张三", "😀", "<b>", "a\u2028b", "tab\tbed", "$1", "%s", "null", "reason", "sent",
}

// Whatever people and robots are called, the tools are described as they should
// be, and calls reach whom they name.
func TestNamesInDefinitions(t *testing.T) {
	for _, name := range hostileNames {
		for _, byDefault := range []bool{true, false} {
			checkNamed(t, name, byDefault)
		}
	}
}

func checkNamed(t *testing.T, name string, byDefault bool) {
	t.Helper()
	robots := `{` + written(t, name) + `:` + written(t, object{"accessToken": "a", "default": byDefault, "description": name}) + `,"other":{"accessToken":"b"}}`
	config := map[string]string{
		schema.KeyTools: "all", schema.KeyAtUserIDs: "true", schema.KeyDryRun: "true", schema.KeyRobots: robots, schema.KeyPeople: written(t, object{name: object{"userId": "u1"}}),
	}
	s, _ := newServer(config)
	tools := parse[object](t, s.Describe())["tools"].([]any)
	for i, want := range expected(t, name, byDefault) {
		if i >= len(tools) || !reflect.DeepEqual(tools[i], want) {
			t.Errorf("%s: got the tools %s", name, written(t, tools))
			break
		}
	}
	delete(config, schema.KeyDryRun)
	s, urls := newServer(config)
	got := call(t, s, `{"params":{"name":"send_text_message","arguments":`+
		written(t, object{"text": "hi", "atNames": []string{name}, "robot": name})+`}}`)
	if got.IsError || !strings.HasSuffix(strings.Join(*urls, " "), "access_token=a") {
		t.Errorf("%s: %v %+v", name, *urls, got)
	}
	if got := call(t, s, hello); got.IsError == byDefault {
		t.Errorf("%s, without a robot: %+v", name, got)
	}
}

// With as much configured as can be, describe stays within what a host gives.
func TestDescribeIsBounded(t *testing.T) {
	people, robots := object{}, object{}
	for i := range maxPeople {
		people[strings.Repeat("长", 60)+string(rune('a'+i/26%26))+string(rune('a'+i%26))+strings.Repeat("x", i/676)] = object{"userId": "u"}
	}
	for i := range maxRobots {
		robots[strings.Repeat("长", 60)+string(rune('A'+i))] = object{"accessToken": "a", "description": strings.Repeat("长", 200)}
	}
	s, _ := newServer(map[string]string{schema.KeyTools: "all", schema.KeyAtUserIDs: "true", schema.KeyPeople: written(t, people), schema.KeyRobots: written(t, robots)})
	got := s.Describe()
	if len(got) > 1<<20 || !json.Valid(got) {
		t.Errorf("%d bytes", len(got))
	}
	if cap(got) > len(got)+len(got)/8 {
		t.Errorf("%d bytes were allocated for %d", cap(got), len(got))
	}
	if s.config.fault != nil || len(s.config.style.People) != maxPeople || len(s.config.robots) != maxRobots {
		t.Errorf("%+v", s.config.fault)
	}
}

// In calls, too, a member counts once.
func TestRequestTwice(t *testing.T) {
	const name, arguments = `"name":"send_text_message"`, `"arguments":{"text":"hello"}`
	many := strings.Repeat(`"_meta":{},`, 1000)
	for _, test := range []struct{ input, want string }{
		{`{"params":{` + name + `,` + arguments + `}}`, ""},
		{`{"params":{` + many + name + `,` + arguments + `}}`, ""},
		{`{"params":{` + name + `,` + arguments + `},"params":{}}`, `"params" twice`},
		{`{"params":{},` + many + `"p\u0061rams":{` + name + `,` + arguments + `}}`, `"params" twice`},
		{`{"params":{` + name + `,` + arguments + `,"name":"send_markdown_message"}}`, `"name" twice`},
		{`{"params":{` + name + `,` + arguments + `,` + many + `"arguments":null}}`, `"arguments" twice`},
		{`{"params":{` + name + `,` + arguments + `,"n\u0061me":"send_text_message"}}`, `"name" twice`},
		{`{"params":{"arguments":{"text":"a","text":"b"},` + name + `}}`, "/text: given twice"},
		{`[]`, `no "params" object`},
		{`{"params":[` + name[7:] + `]}`, `no "params" object`},
	} {
		s, urls := newServer(map[string]string{schema.KeyAccessToken: "abc"})
		got := call(t, s, test.input)
		if got.IsError != (test.want != "") || !strings.Contains(got.Content[0].Text, test.want) || got.IsError != (len(*urls) == 0) {
			t.Errorf("%.200s: got %s, want %q", test.input, got.Content[0].Text, test.want)
		}
	}
}

// Secrets in the wrong place of a configuration. None is repeated, neither to
// whom calls nor to whom lists the tools.
func TestConfigurationNeverRepeats(t *testing.T) {
	const (
		token  = "6d1f0c3b9a8e47525f60718293a4b5c6d7e8f9001a2b3c4d5e6f708192a3b4c5"
		secret = "SEC9f8e7d6c5b4a3928"
		mobile = "13800000001"
		user   = "manager4711"
	)
	for _, test := range []struct{ key, value, want string }{
		{schema.KeyPeople, `{"` + mobile + `":"张三"}`, "the first person"},
		{schema.KeyPeople, `{"李四":"13800000002","` + mobile + `":{"userId":"u"}}`, "the second person"},
		{schema.KeyPeople, `{"` + mobile + `":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"+86 138-0000-0001":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"１３８００００００１２":"` + mobile + `"}`, "the first person"},
		{schema.KeyPeople, `{"` + user + `":"张三"}`, "the first person"},
		{schema.KeyPeople, `{"张三":{"` + mobile + `":"mobile"}}`, "known are mobile, userId"},
		{schema.KeyPeople, `{"张三":{"mobile":13800000001}}`, "the first person: mobile expected a string"},
		{schema.KeyPeople, `{"张三":{"mobile":"` + mobile + `","mobile":"` + mobile + `"}}`, "the first person: mobile given twice"},
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
		{schema.KeyRobots, `{"ops":{"accessToken":"` + token + `","accessToken":"` + token + `"}}`, "the first robot: accessToken given twice"},
		{schema.KeyRobots, `{"ops":{"accessToken":"` + token + ` ` + secret + `"}}`, "the first robot: accessToken"},
		{schema.KeyRobots, `{"ops":{"secret":"` + secret + `"}}`, "the first robot: accessToken is missing"},
		{schema.KeyRobots, `{"ops":{"accessToken":"` + token + `"},"ops":{"accessToken":"b"}}`, "the second robot: it has the name of another"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"` + token + `"}}`, "the first robot: description"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"posts with access_token=abc"}}`, "the first robot: description"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","description":"` + strings.Repeat("长", 201) + `"}}`, "200 characters"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":"https://example.com/?access_token=` + token + `&access_token=` + token + `"}}`, "webhookUrl"},
		{schema.KeyRobots, `{"ops":null}`, "the first robot"},
		{schema.KeyWebhookURL, "https://example.com/?access_token=" + token + "&access_token=" + token, "more than one access_token"},
		{schema.KeyWebhookURL, "https://example.com/?access_token=&access_token=" + token, "more than one access_token"},
		{schema.KeyWebhookURL, "https://example.com/?access%5Ftoken=" + token, "name of a parameter"},
		{schema.KeyTools, ",", "names no tool"},
		{schema.KeyTools, " ，, ", "names no tool"},
		{schema.KeyTools, token, "unknown"},
		{schema.KeyMaxParts, "99999999999999999999", "from 1 to 10"},
		{schema.KeyMaxParts, "4294967297", "from 1 to 10"},
		{schema.KeyMaxParts, "-1", "from 1 to 10"},
		{schema.KeyMaxParts, "+5", "from 1 to 10"},
		{schema.KeyMaxParts, "1 0", "from 1 to 10"},
		{schema.KeyMaxParts, "１", "from 1 to 10"},
		{schema.KeyMaxParts, "0x2", "from 1 to 10"},
		{schema.KeyMaxParts, "5.0", "from 1 to 10"},
		{schema.KeyMaxParts, "5e0", "from 1 to 10"},
		{schema.KeyMaxParts, mobile, "from 1 to 10"},
		{schema.KeyMessagesPerMinute, "-0", "from 0 to 10000"},
		{schema.KeyRetries, "6", "from 0 to 5"},
		{schema.KeyAllowAtAll, token, "neither true nor false"},
		{schema.KeyMarkdown, token, "none of asis, fix"},
		{schema.KeyPeople, "", ""},
		{schema.KeyMaxParts, " ", ""},
		{schema.KeyMaxParts, " 5\n", ""},
	} {
		s, urls := newServer(map[string]string{schema.KeyAccessToken: "abc", test.key: test.value})
		described, got := string(s.Describe()), call(t, s, hello)
		said := got.Content[0].Text
		if got.IsError != (test.want != "") || !strings.Contains(said, test.want) || got.IsError != (len(*urls) == 0) {
			t.Errorf("%s=%.100s: got %s, want %q", test.key, test.value, said, test.want)
		}
		if got.IsError && got.StructuredContent.ConfigKey != test.key {
			t.Errorf("%s=%.100s: the key is %s", test.key, test.value, got.StructuredContent.ConfigKey)
		}
		for _, kept := range []string{token, secret, mobile, user, "138-0000", "１３８", "张三", "李四", "ada", "ops"} {
			if strings.Contains(said, kept) || strings.Contains(described, kept) && kept != "ops" && kept != mobile {
				t.Errorf("%s=%.100s: repeated %s: %s", test.key, test.value, kept, said)
			}
		}
		if len(said) > 600 || !json.Valid([]byte(described)) {
			t.Errorf("%s=%.100s: %s", test.key, test.value, said)
		}
	}
}

// Names with digits that are no number, and nulls, are taken.
func TestConfigurationTaken(t *testing.T) {
	for _, test := range []struct{ key, value, url string }{
		{schema.KeyPeople, `{"张三2":"13800000001","wang-2024":{"userId":"13800000001"},"x":{"mobile":null,"userId":"u"},"y":{"mobile":"+86-13800000001","userId":null}}`, "example.com/robot/send?access_token=abc"},
		{schema.KeyRobots, `{"ops-2024-12":{"accessToken":"a"}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyRobots, `{"SECURITY":{"accessToken":"a"}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":null}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":""}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","webhookUrl":"${URL}"}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyRobots, `{"ops":{"accessToken":"a","secret":null,"keywords":null,"description":null,"default":null,"maxParts":null}}`, "example.com/robot/send?access_token=a"},
		{schema.KeyTools, "send_text_message,", "example.com/robot/send?access_token=abc"},
	} {
		s, urls := newServer(map[string]string{schema.KeyAccessToken: "abc", schema.KeyWebhookURL: "https://example.com", test.key: test.value})
		got := call(t, s, hello)
		if got.IsError || !slices.Contains(*urls, "POST https://"+test.url) {
			t.Errorf("%s=%s: %v %s", test.key, test.value, *urls, got.Content[0].Text)
		}
	}
}

// null leaves closed what the operator has closed for all robots.
func TestNullSettingIsNotGiven(t *testing.T) {
	s, urls := newServer(map[string]string{schema.KeyAllowAtAll: "false", schema.KeyRobots: `{"ops":{"accessToken":"a","allowAtAll":null}}`})
	got := call(t, s, `{"params":{"name":"send_text_message","arguments":{"text":"hi","atAll":true}}}`)
	if got.StructuredContent.Reason != string(dingtalk.ReasonPolicy) || len(*urls) > 0 {
		t.Errorf("%v %+v", *urls, got)
	}
}

// What is beyond the limits is refused, not dropped.
func TestTooManyNames(t *testing.T) {
	list := func(n int, value string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"` + strings.Repeat("长", i%60) + string(rune('a'+i/60)) + `":` + value)
		}
		return "{" + b.String()[1:] + "}"
	}
	for _, test := range []struct{ key, value, want string }{
		{schema.KeyPeople, list(1000, `"13800000001"`), ""},
		{schema.KeyPeople, list(1001, `"13800000001"`), "more than 1000"},
		{schema.KeyPeople, list(1000, `"13800000001"`)[:6] + `x` + list(1000, `"13800000001"`)[6:], "the first person"},
		{schema.KeyRobots, list(64, `{"accessToken":"a"}`), ""},
		{schema.KeyRobots, list(65, `{"accessToken":"a"}`), "more than 64"},
	} {
		s, _ := newServer(map[string]string{schema.KeyAccessToken: "abc", test.key: test.value})
		got := call(t, s, hello)
		missing := test.key == schema.KeyRobots && test.want == "" // none of them is the default
		if got.IsError != (test.want != "" || missing) || !strings.Contains(got.Content[0].Text, test.want) {
			t.Errorf("%s=%.100s: got %s, want %q", test.key, test.value, got.Content[0].Text, test.want)
		}
	}
}
