package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"dingtalk-plugin/schema"
)

// A soakInput is the input of one call.
type soakInput struct {
	id    string // with which its text begins
	shape string // described in failures
	json  []byte
}

// maxRequest is the longest request that the plugin reads, in bytes.
const maxRequest = 512 << 10

// units are repeated to make unusual texts.
var units = []string{
	"x\n", "word ", "中文", "中", "```\n", "```go\ncode\n```\n", "~~~\n", "`", "@", "@person7 ", "@13800000001 ", "[", "[a](", "[a](https://a.b/c) ",
	"![", "https://a.b/", "<", "| a | b |\n", "|---|---|\n", `\n`, `\`, `"`, "\t", " ", "\n", "\n\n", "# h\n", "> q\n", "- [x] t\n", "。", "a. ", "😀", "\u0001", "e\u0301",
	"<br>", "<!-- c -->", "<!--", "~~", "|a|", "//", "https://elsewhere.example/", "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fa.b", "%61", "sk-", "eyJa.",
}

// text returns a text of about n bytes, and describes it.
func (s *soak) text(n int) (text, shape string) {
	a, b := units[s.rand.IntN(len(units))], units[s.rand.IntN(len(units))]
	if s.rand.IntN(2) == 0 {
		b = ""
	}
	repeat := max(1, n/(len(a)+len(b)))
	return strings.Repeat(a+b, repeat), fmt.Sprintf("%d × %q", repeat, a+b)
}

// size returns a size in bytes: mostly small, sometimes up to the request limit.
func (s *soak) size() int {
	switch n := s.rand.IntN(100); {
	case n < 80:
		return 1 + s.rand.IntN(2000)
	case n < 97:
		return 1 + s.rand.IntN(50_000)
	}
	return 1 + s.rand.IntN(maxRequest-1000)
}

// input returns a random input: mostly a message, sometimes no valid request.
func (s *soak) input() soakInput {
	if s.rand.IntN(20) == 0 {
		return s.malformed()
	}
	id := "m" + strconv.Itoa(s.calls)
	text, shape := s.text(s.size())
	arguments := map[string]any{"text": id + " " + text}
	if s.rand.IntN(3) > 0 { // without a key, the equal text makes the next attempt a repeat
		arguments["idempotencyKey"] = id
	}
	tool := "send_text_message"
	switch s.rand.IntN(11) {
	case 0, 1, 2, 3:
		tool, arguments["title"] = "send_markdown_message", id
	case 4:
		tool, arguments["title"] = "send_link_message", id
		arguments["messageUrl"] = "https://example.com/" + strings.Repeat("a", s.rand.IntN(100))
	case 5:
		tool, arguments["title"] = "send_action_card_message", id
		arguments["btns"] = []map[string]string{{"title": "b", "actionURL": "https://example.com/"}}
	case 6:
		tool, shape = "send_feed_card_message", "feed card"
		delete(arguments, "text")
		link := map[string]string{"title": id, "messageURL": "https://example.com/", "picURL": "https://example.com/p.png"}
		arguments["links"] = []map[string]string{link, link}
	case 7:
		tool, arguments["type"] = "preview_message", "text"
		if s.rand.IntN(2) == 0 {
			arguments["type"], arguments["title"] = "markdown", id
		}
	}
	if strings.Contains(s.shape, "people") && s.rand.IntN(4) == 0 && tool == "send_text_message" {
		arguments["atNames"] = []string{"person1", "person999"}
	}
	return soakInput{id, tool + " of " + shape, s.request(tool, s.forRobot(arguments))}
}

// forRobot names a robot if several are configured.
func (s *soak) forRobot(arguments map[string]any) map[string]any {
	if strings.Contains(s.shape, "robots") {
		arguments["robot"] = "robot" + strconv.Itoa(s.rand.IntN(manyRobots))
	}
	return arguments
}

// request encodes a call, sometimes with every character beyond ASCII escaped.
func (s *soak) request(tool string, arguments map[string]any) []byte {
	data := toJSON(s.t, map[string]any{"params": map[string]any{"name": tool, "arguments": arguments}})
	if s.rand.IntN(4) > 0 {
		return []byte(data)
	}
	var escaped []byte
	for _, r := range data {
		if r < 0x80 {
			escaped = append(escaped, byte(r))
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			escaped = fmt.Appendf(escaped, `\u%04x`, unit)
		}
	}
	return escaped
}

// malformed returns an input that must be refused, unless it is short.
func (s *soak) malformed() soakInput {
	n := s.size()
	many := func(s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n/(len(s)+1)+1), ",") }
	id := "m" + strconv.Itoa(s.calls)
	call := func(arguments string) string { // some are valid when they are short
		arguments = strings.Replace(arguments, "{", `{"idempotencyKey":"`+id+`",`, 1)
		return `{"params":{"name":"send_text_message","arguments":` + arguments + `}}`
	}
	inputs := []string{
		"", strings.Repeat("[", n), strings.Repeat(`{"a":`, n/5), strings.Repeat("\x00", n), strings.Repeat(`"\ud800"`, n/8), many("0"),
		`{"params":{"name":"` + strings.Repeat("x", n) + `"}}`,
		call(`{"text":"a","atMobiles":[` + many(`"13800000001"`) + `]}`),
		call(`{"text":"a","atMobiles":[` + many(`1`) + `]}`),
		call(`{"text":` + strings.Repeat("[", 50) + many("[]") + strings.Repeat("]", 50) + `}`),
		call(`{` + many(`"text":"a"`) + `}`),
		call(`{"text":"a",` + many(`"`+strings.Repeat("n", s.rand.IntN(200))+`":1`) + `}`),
		call(`{"text":"a","` + strings.Repeat("n", n) + `":1}`),
		call(`{"text":"a","idempotencyKey":"` + strings.Repeat("k", 200+n) + `"}`),
		call(`[` + many("null") + `]`), call(many("1")), strings.Repeat("x", maxRequest+s.rand.IntN(maxRequest)),
		`{"params":{` + many(`"x":1`) + `}}`,
	}
	i := s.rand.IntN(len(inputs))
	return soakInput{id, fmt.Sprintf("malformed input %d of %d bytes", i, len(inputs[i])), []byte(inputs[i])}
}

const manyRobots = 60

// configure sets a random configuration and describes it.
func (s *soak) configure(values map[string]string) (shape string) {
	set := func(odds int, name, key, value string) {
		if s.rand.IntN(odds) == 0 {
			shape += " " + name
			values[key] = value
		}
	}
	set(2, "10 parts", schema.KeyMaxParts, "10")
	set(2, "fix", schema.KeyMarkdown, "fix")
	set(2, "phone", schema.KeyMarkdown, "phone")
	set(2, "no credentials", schema.KeySensitive, "refuse")
	set(3, "hosts", schema.KeyLinkHosts, "a.b,example.com")
	set(8, "dry run", schema.KeyDryRun, "true")
	set(2, "all tools", schema.KeyTools, "all")
	set(2, "sidebar", schema.KeyLinks, "sidebar")
	set(2, "user ids", schema.KeyAtUserIDs, "true")
	set(4, "keywords", schema.KeyKeywords, "告警,"+strings.Repeat("词", 33))
	set(4, "retries", schema.KeyRetries, "5")
	if s.pages == 0 { // the largest configurations need more than the least memory
		set(3, "people", schema.KeyPeople, s.manyPeople("person%d"))
		set(3, "robots", schema.KeyRobots, s.robots(manyRobots, strings.Repeat("描述 ", 20)))
	}
	return "configuration" + shape
}

// manyPeople returns as many people as are allowed, with names of the format.
func (s *soak) manyPeople(format string) string {
	people := map[string]string{}
	for i := range 1000 {
		people[fmt.Sprintf(format, i)] = strconv.Itoa(13800000000 + i)
	}
	return toJSON(s.t, people)
}

func (s *soak) robots(n int, description string) string {
	robots := map[string]map[string]string{}
	for i := range n {
		robots["robot"+strconv.Itoa(i)] = map[string]string{
			"accessToken": s.values[schema.KeyAccessToken], "secret": s.values[schema.KeySecret], "webhookUrl": s.values[schema.KeyWebhookURL], "description": description,
		}
	}
	return toJSON(s.t, robots)
}
