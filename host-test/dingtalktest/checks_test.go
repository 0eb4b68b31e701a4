package dingtalktest

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The answers to missing fields end alike.
const (
	midTail = "; solution:请填充上对应参数;link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"
	newTail = "; 解决方案:请填充上对应参数;参考链接:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"
)

// literals are the answers in one situation, by Wording.
type literals [3]answer

func same(code int, text string) literals {
	return literals{{code, text}, {code, text}, {code, text}}
}

func each(code int, old, mid, new string) literals {
	return literals{Wording2023: {code, new}, Wording2022: {code, mid}, WordingLegacy: {code, old}}
}

// lacks is the answer to a missing field, whose path is written with blanks: "markdown title".
func lacks(code int, path string) literals {
	name := strings.ReplaceAll(path, " ", " --》 ")
	return each(code, "miss param : "+strings.ReplaceAll(path, " ", "->"),
		"description:参数 "+name+" 缺失，或者参数格式不正确"+midTail, "错误描述:参数 "+name+" 缺失，或者参数格式不正确"+newTail)
}

var unsafe = each(430101, "含有不安全的外链", "description:本次请求包含安全风险 unSafe URL ;solution:请删去可能造成安全风险的内容;",
	"错误描述:本次请求包含安全风险 unSafe URL ;解决方案:请删去可能造成安全风险的内容;")

type refusalTest struct {
	name    string
	options Options
	change  func(*http.Request)
	body    string // "" is hello
	want    literals
}

// run posts in each wording, and expects the answer and a record of it.
func (tt refusalTest) run(t *testing.T) {
	t.Helper()
	for w, want := range tt.want {
		tt.options.Wording = Wording(w)
		s := newServer(tt.options)
		req := request(strings.TrimPrefix(cmp.Or(tt.body, hello), " "))
		if tt.change != nil {
			tt.change(req)
		}
		got, q := do(t, s, req), s.Requests()[0]
		if got != want {
			t.Errorf("%s, %v: answer\n%v, want\n%v", tt.name, Wording(w), got, want)
		}
		if len(s.Messages()) != 0 || q.Message != nil || !strings.HasPrefix(q.Explanation, "refused: ") {
			t.Errorf("%s: stored %d messages, explained %q", tt.name, len(s.Messages()), q.Explanation)
		}
		if q.Code != want.Code || q.Text != want.Text || q.Status != 200 {
			t.Errorf("%s: recorded %d, %d %s", tt.name, q.Status, q.Code, q.Text)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []refusalTest{
		{name: "GET", change: func(r *http.Request) { r.Method = "GET" }, want: same(43002, "需要POST请求")},
		{name: "no token", change: query(""), want: same(40035, "缺少参数 access_token")},
		{name: "empty token", change: query("access_token="), want: same(40035, "缺少参数 access_token")},
		{name: "no body", body: " ", want: same(40035, "缺少参数 json")},
		{name: "broken JSON", body: `{"msgtype":"text"`, want: same(40035, "缺少参数 json")},
		{name: "duplicate key", body: `{"msgtype":"text","text":{"content":"a","content":"a"}}`, want: same(40035, "缺少参数 json")},
		{name: "trailing text", body: hello + "x", want: same(40035, "缺少参数 json")},
		{name: "two values", body: hello + hello, want: same(40035, "缺少参数 json")},
		{name: "a list", body: "[" + hello + "]", want: same(40035, "缺少参数 json")},
		{name: "not UTF-8", body: "{\"msgtype\":\"text\",\"text\":{\"content\":\"\xff\"}}", want: same(40035, "缺少参数 json")},
		{name: "byte order mark", body: "\ufeff" + hello, want: same(40035, "缺少参数 json")},
		{name: "form", change: contentType("application/x-www-form-urlencoded"), want: same(43004, "无效的HTTP HEADER Content-Type")},
		{name: "no content type", change: contentType(""), want: same(43004, "无效的HTTP HEADER Content-Type")},
		{name: "unknown token", change: query("access_token=wrong"), want: same(300005, "token is not exist")},
		{name: "unknown token of old", options: Options{TokenCode: 300001}, change: query("access_token=wrong"), want: same(300001, "token is not exist")},
		{name: "removed", options: Options{Removed: true}, want: same(400106, "机器人不存在")},
		{name: "disabled", options: Options{Disabled: true}, want: same(400102, "机器人已停用")},
		{name: "dissolved", options: Options{Dissolved: true}, want: same(400013, "群已被解散")},
		{name: "no sign", options: Options{Secret: "SECx"}, want: each(310000, "sign not match",
			"description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;link:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;",
			"错误描述:机器人发送签名不匹配;解决方案:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;参考链接:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;")},
		{name: "no timestamp", options: Options{Secret: "SECx"}, change: query("access_token=" + DefaultToken + "&sign=x"), want: each(310000, "invalid timestamp",
			"description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;",
			"错误描述:机器人发送签名过期;解决方案:签名生成时间和发送时间请保持在 timestampms 以内;")},
		{name: "address", options: Options{AllowIPs: prefixes("10.0.0.0/8")}, want: each(310000, "ip 192.0.2.1 not in whitelist",
			"description:ip 不在白名单中;solution:请联系对应群的管理员，设置机器人安全ip地址段",
			"错误描述:ip 不在白名单中;解决方案:请联系对应群的管理员，设置机器人安全ip地址段")},
		{name: "image", body: `{"msgtype":"image","image":{"picURL":"https://a.example/"}}`, want: each(400105, "不支持的消息类型",
			"description: 不支持类型 msgType:image ;solution:请使用支持的类型;link:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;",
			"错误描述: 不支持类型 msgType:image ;解决方案:请使用支持的类型;参考链接:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;")},
		{name: "no msgtype", body: `{}`, want: each(400105, "不支持的消息类型",
			"description: 不支持类型 msgType: ;solution:请使用支持的类型;link:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;",
			"错误描述: 不支持类型 msgType: ;解决方案:请使用支持的类型;参考链接:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;")},
		{name: "20001 bytes", body: sized(20001), want: tooBig},
		{name: "300000 bytes", body: sized(300000), want: tooBig},
		{name: "keyword", options: Options{Keywords: []string{"Hello", ""}}, want: each(310000, "keywords not in content",
			"description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;",
			"错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;")},
		{name: "link to a script", body: link("javascript:alert(1)"), want: unsafe},
		{name: "link to a file", body: link("file:///etc/passwd"), want: unsafe},
		{name: "link without a host", body: link("https:///x"), want: unsafe},
		{name: "relative link", body: link("a.example/x"), want: unsafe},
		{name: "unreadable link", body: link("http://[::1"), want: unsafe},
		{name: "inline picture", body: `{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"https://a.example/","picUrl":"data:image/png;base64,AA=="}}`, want: unsafe},
	}
	for _, tt := range tests {
		tt.run(t)
	}
}

var tooBig = each(460101, "message too long, exceed 20000 bytes",
	"description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
	"错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。")

func query(q string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = q }
}

func contentType(s string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Content-Type", s) }
}

func link(address string) string {
	return `{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"` + address + `"}}`
}

// sized returns a message of exactly that many bytes.
func sized(n int) string {
	return strings.Replace(hello, "hello", strings.Repeat("x", n-len(hello)+len("hello")), 1)
}

func TestLargestBody(t *testing.T) {
	if got := post(t, newServer(Options{}), sized(20000)); got != ok {
		t.Errorf("20000 bytes: %v", got)
	}
}

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func TestAllowIPs(t *testing.T) {
	s := newServer(Options{AllowIPs: prefixes("10.0.0.0/8", "192.0.2.1/32")})
	for address, want := range map[string]int{
		"192.0.2.1:1234": 0, "10.9.8.7:1": 0, "[::ffff:10.1.1.1]:1": 0, "192.0.2.2:1": 310000, "nonsense": 310000,
	} {
		req := request(hello)
		req.RemoteAddr = address
		req.Header.Set("X-Forwarded-For", "10.0.0.1")
		if got := do(t, s, req); got.Code != want {
			t.Errorf("%s: code %d, want %d", address, got.Code, want)
		}
	}
}

func TestKeywordPlaces(t *testing.T) {
	tests := []struct {
		body string
		want int
	}{
		{`{"msgtype":"text","text":{"content":"a KEY b"}}`, 0},
		{`{"msgtype":"text","text":{"content":"a key b"}}`, 310000},
		{`{"msgtype":"markdown","markdown":{"title":"KEY","text":"x"}}`, 0},
		{`{"msgtype":"markdown","markdown":{"title":"x","text":"xKEYx"}}`, 0},
		{`{"msgtype":"link","link":{"title":"KEY","text":"x","messageUrl":"https://a.example/"}}`, 0},
		{`{"msgtype":"link","link":{"title":"x","text":"x","messageUrl":"https://a.example/KEY"}}`, 310000},
		{`{"msgtype":"actionCard","actionCard":{"title":"x","text":"KEY","singleTitle":"x","singleURL":"https://a.example/"}}`, 0},
		{`{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","singleTitle":"KEY","singleURL":"https://a.example/"}}`, 310000},
		{`{"msgtype":"feedCard","feedCard":{"links":[{"title":"a","messageURL":"https://a.example/","picURL":"https://a.example/"},{"title":"KEY","messageURL":"https://a.example/","picURL":"https://a.example/"}]}}`, 0},
		{`{"msgtype":"text","text":{"content":"x"},"KEY":"KEY"}`, 310000},
	}
	for _, tt := range tests {
		s := newServer(Options{Keywords: []string{"zebra", "KEY"}})
		if got := post(t, s, tt.body); got.Code != tt.want {
			t.Errorf("%s: code %d, want %d", tt.body, got.Code, tt.want)
		}
		if m := s.Messages(); tt.want == 0 && m[0].Keyword != "KEY" {
			t.Errorf("%s: keyword %q", tt.body, m[0].Keyword)
		}
	}
}

// mistake is something wrong with the robot's options or with a request. The message is a link, which every check can refuse.
type mistake struct {
	name    string
	code    int
	text    string // tells answers with the same code apart
	options func(*Options)
	message func(root, link object)
	request func(*http.Request)
}

// mistakes are in the order of the checks.
var mistakes = []mistake{
	{name: "method", code: 43002, request: func(r *http.Request) { r.Method = "PUT" }},
	{name: "no token", code: 40035, text: "access_token", request: query("")},
	{name: "json", code: 40035, text: "json", request: func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(r.Body, strings.NewReader("}")))
	}},
	{name: "content type", code: 43004, request: contentType("text/plain")},
	{name: "token", code: 300005, options: func(o *Options) { o.Token = "another" }},
	{name: "removed", code: 400106, options: func(o *Options) { o.Removed = true }},
	{name: "disabled", code: 400102, options: func(o *Options) { o.Disabled = true }},
	{name: "dissolved", code: 400013, options: func(o *Options) { o.Dissolved = true }},
	{name: "sign", code: 310000, text: "签名不匹配", options: func(o *Options) { o.Secret = "SECx" }},
	{name: "IP", code: 310000, text: "白名单", options: func(o *Options) { o.AllowIPs = prefixes("10.0.0.0/8") }},
	{name: "msgtype", code: 400105, message: func(root, _ object) { root["msgtype"] = "file" }},
	{name: "field", code: 400303, message: func(_, link object) { delete(link, "title") }},
	{name: "size", code: 460101, message: func(_, link object) { link["text"] = strings.Repeat("x", 20000) }},
	{name: "keyword", code: 310000, text: "关键词", options: func(o *Options) { o.Keywords = []string{"zebra"} }},
	{name: "URL", code: 430101, message: func(_, link object) { link["messageUrl"] = "ftp://a.example/" }},
	{name: "rate", code: 410100, options: func(o *Options) { o.PerMinute = 1 }},
}

// TestCheckOrder makes every two mistakes at once: the answer is about the first.
func TestCheckOrder(t *testing.T) {
	for i, first := range mistakes {
		for _, second := range mistakes[i+1:] {
			s := newServer(Options{PerMinute: 2})
			post(t, s, link("https://a.example/"))
			if got := do(t, s, withMistakes(s, first, second)); got.Code != first.code || !strings.Contains(got.Text, first.text) {
				t.Errorf("%s and %s: answer %v", first.name, second.name, got)
			}
		}
	}
}

func withMistakes(s *Server, both ...mistake) *http.Request {
	link := object{"title": "a", "text": "b", "messageUrl": "https://a.example/"}
	root := object{"msgtype": "link", "link": link}
	for _, m := range both {
		if m.options != nil {
			s.SetOptions(m.options)
		}
		if m.message != nil {
			m.message(root, link)
		}
	}
	body, _ := json.Marshal(root)
	req := request(string(body))
	for _, m := range both {
		if m.request != nil {
			m.request(req)
		}
	}
	return req
}

func TestMissingFields(t *testing.T) {
	card := func(rest string) string {
		return `{"msgtype":"actionCard","actionCard":{"title":"a","text":"b"` + rest + `}}`
	}
	feed := func(entry string) string { return `{"msgtype":"feedCard","feedCard":{"links":[` + entry + `]}}` }
	tests := []struct {
		body string
		want literals
	}{
		{`{"msgtype":"text"}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":"hello"}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":null}`, lacks(400201, "text")},
		{`{"msgtype":"text","markdown":{"title":"a","text":"b"}}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":{}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":""}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":" \n\u3000"}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":7}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"Content":"x"}}`, lacks(400202, "text content")},

		{`{"msgtype":"link"}`, lacks(400301, "link")},
		{`{"msgtype":"link","link":{}}`, lacks(400302, "link text")},
		{`{"msgtype":"link","link":{"text":"a"}}`, lacks(400303, "link title")},
		{`{"msgtype":"link","link":{"text":"a","title":"b"}}`, lacks(400304, "link messageUrl")},
		{`{"msgtype":"link","link":{"text":"a","title":"b","messageURL":"https://a.example/"}}`, lacks(400304, "link messageUrl")},

		{`{"msgtype":"markdown"}`, lacks(400401, "markdown")},
		{`{"msgtype":"markdown","markdown":{"title":"","text":"b"}}`, lacks(400402, "markdown title")},
		{`{"msgtype":"markdown","markdown":{"title":"a"}}`, lacks(400403, "markdown text")},
		{`{"msgtype":"markdown","markdown":{"title":" ","text":"b"}}`, lacks(400402, "markdown title")},
		{`{"msgtype":"markdown","markdown":{"title":"a","text":"\t"}}`, lacks(400403, "markdown text")},

		{`{"msgtype":"actionCard"}`, lacks(400501, "actionCard")},
		{`{"msgtype":"actionCard","actionCard":{}}`, lacks(400502, "actionCard title")},
		{`{"msgtype":"actionCard","actionCard":{"title":"a"}}`, lacks(400503, "actionCard text")},
		{card(``), lacks(400504, "actionCard btns")},
		{card(`,"btns":[]`), lacks(400504, "actionCard btns")},
		{card(`,"btns":{"title":"x","actionURL":"https://a.example/"}`), lacks(400504, "actionCard btns")},
		{card(`,"singleURL":"https://a.example/"`), lacks(400505, "actionCard singleTitle")},
		{card(`,"singleTitle":"x"`), lacks(400506, "actionCard singleURL")},
		{card(`,"singleTitle":" ","singleURL":"https://a.example/"`), lacks(400505, "actionCard singleTitle")},
		{card(`,"btns":[{"actionURL":"https://a.example/"}]`), lacks(400507, "actionCard btns title")},
		{card(`,"btns":["x"]`), lacks(400507, "actionCard btns title")},
		{card(`,"btns":[{"title":"x","actionUrl":"https://a.example/"}]`), lacks(400508, "actionCard btns actionURL")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","btnOrientation":0`), lacks(400509, "actionCard btnOrientation")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","btnOrientation":"2"`), lacks(400509, "actionCard btnOrientation")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","hideAvatar":true`), lacks(400510, "actionCard hideAvatar")},

		{`{"msgtype":"feedCard"}`, lacks(400601, "feedCard")},
		{`{"msgtype":"feedCard","feedCard":{}}`, lacks(400602, "feedCard links")},
		{feed(``), lacks(400602, "feedCard links")},
		{feed(`{}`), lacks(400603, "feedCard links title")},
		{feed(`{"title":"\u00a0","messageURL":"https://a.example/","picURL":"https://a.example/"}`), lacks(400603, "feedCard links title")},
		{feed(`{"title":"a"}`), lacks(400604, "feedCard links messageURL")},
		{feed(`{"title":"a","messageUrl":"https://a.example/"}`), lacks(400604, "feedCard links messageURL")},
		{feed(`{"title":"a","messageURL":"https://a.example/"}`), lacks(400605, "feedCard links picURL")},
		{feed(`{"title":"a","messageURL":"https://a.example/","picURL":"https://a.example/"},{}`), lacks(400603, "feedCard links title")},
	}
	for _, tt := range tests {
		refusalTest{name: tt.body, body: tt.body, want: tt.want}.run(t)
	}
}

// vectors were computed with other programs than this one (Python, OpenSSL).
var vectors = []struct{ secret, timestamp, sign, encoded string }{
	{"this is secret", "1577262236757", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=", "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"},
	{"SEC000000000000000000000", "1700000000000", "1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=", "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"},
	{"SECf3b1c0ffee1234567890abcdef1234567890abcdef1234567890abcdef12345678", "1763683200000", "YyuE/VzzLi9oYKlhchvm/3g1/+cSiNBcG5ICtbiWobo=", "YyuE%2FVzzLi9oYKlhchvm%2F3g1%2F%2BcSiNBcG5ICtbiWobo%3D"},
	{"SECdemo0000000000000000000000000000000000000000000000000000000000", "1763683200001", "W133+GrITPT/Sh0E/Shah4Xp7SIHpQUJnrA09vap6OQ=", "W133%2BGrITPT%2FSh0E%2FShah4Xp7SIHpQUJnrA09vap6OQ%3D"},
	{"密钥 SEC/+=", "1763683200001", "w3m4+NtPu3PUKcf0U10yv8VtJvGdDXzpES7i+wy+a4Q=", "w3m4%2BNtPu3PUKcf0U10yv8VtJvGdDXzpES7i%2Bwy%2Ba4Q%3D"},
	{"SEC-test", "1700000000000", "Sf/ft2shUSqoR1REF+DS39IoTlwQRyDPwfM8S94ODOc=", "Sf%2Fft2shUSqoR1REF%2BDS39IoTlwQRyDPwfM8S94ODOc%3D"},
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := signature(v.secret, v.timestamp); got != v.sign || url.QueryEscape(got) != v.encoded {
			t.Errorf("signature(%q, %s) = %s, %s", v.secret, v.timestamp, got, url.QueryEscape(got))
		}
	}
}

// TestSignedRequests sends vectors over HTTP, signed correctly and in the ways that senders get wrong.
func TestSignedRequests(t *testing.T) {
	const expired, mismatch = "签名过期", "签名不匹配"
	for _, v := range vectors {
		made, _ := parseMillis(v.timestamp)
		signed := "&timestamp=" + v.timestamp + "&sign=" + v.encoded
		tests := []struct {
			name  string
			query string
			late  time.Duration
			want  string
		}{
			{"right", signed, 0, "ok"},
			{"an hour late", signed, time.Hour, "ok"},
			{"an hour early", signed, -time.Hour, "ok"},
			{"too late", signed, time.Hour + time.Millisecond, expired},
			{"too early", signed, -time.Hour - time.Millisecond, expired},
			{"seconds", "&timestamp=" + v.timestamp[:10] + "&sign=" + v.encoded, 0, expired},
			{"not a number", "&timestamp=now&sign=" + v.encoded, 0, expired},
			{"a plus", "&timestamp=%2B" + v.timestamp + "&sign=" + v.encoded, 0, expired},
			{"no timestamp", "&sign=" + v.encoded, 0, expired},
			{"no sign", "&timestamp=" + v.timestamp, 0, mismatch},
			{"neither", "", 0, mismatch},
			{"encoded twice", "&timestamp=" + v.timestamp + "&sign=" + url.QueryEscape(v.encoded), 0, mismatch},
			{"another time", "&timestamp=" + v.timestamp[:12] + "9&sign=" + v.encoded, 0, mismatch},
			{"no padding", "&timestamp=" + v.timestamp + "&sign=" + strings.TrimSuffix(v.encoded, "%3D"), 0, mismatch},
			{"signed again at the end", "&timestamp=" + v.timestamp + "&sign=x" + signed, 0, mismatch},
		}
		if strings.Contains(v.sign, "+") { // which a query decodes to a space
			raw := tests[0]
			raw.name, raw.query, raw.want = "not encoded", "&timestamp="+v.timestamp+"&sign="+v.sign, mismatch
			tests = append(tests, raw)
		}
		for _, tt := range tests {
			s := New(&Options{Secret: v.secret, Now: func() time.Time { return made }})
			s.AdvanceClock(tt.late)
			req := request(hello)
			req.URL.RawQuery += tt.query
			if got := do(t, s, req); !strings.Contains(got.Text, tt.want) {
				t.Errorf("%s, %s: answer %v, want %s", v.secret, tt.name, got, tt.want)
			}
			if m := s.Messages(); tt.want == "ok" && (len(m) != 1 || !m[0].Signed || !s.Requests()[0].SignVerified) {
				t.Errorf("%s, %s: not recorded as signed", v.secret, tt.name)
			}
		}
	}
}

func TestUnsolicitedSignature(t *testing.T) {
	s := newServer(Options{})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=1&sign=x"
	if got := do(t, s, req); got != ok || s.Messages()[0].Signed {
		t.Errorf("answer = %v, signed %v", got, s.Messages()[0].Signed)
	}
}
