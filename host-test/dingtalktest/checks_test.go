package dingtalktest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The tails that the answers to missing fields share.
const (
	midTail = "; solution:请填充上对应参数;link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"
	newTail = "; 解决方案:请填充上对应参数;参考链接:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"
)

// generations holds the literal answers to one situation, by Generation.
type generations [3]answer

func same(code int, text string) generations {
	return generations{{code, text}, {code, text}, {code, text}}
}

func each(code int, old, mid, new string) generations {
	return generations{Wording2023: {code, new}, Wording2022: {code, mid}, WordingLegacy: {code, old}}
}

// lacks is the answer to a missing field, which is written with blanks here: "markdown title".
func lacks(code int, path string) generations {
	name := strings.ReplaceAll(path, " ", " --》 ")
	return each(code, "miss param : "+strings.ReplaceAll(path, " ", "->"),
		"description:参数 "+name+" 缺失，或者参数格式不正确"+midTail, "错误描述:参数 "+name+" 缺失，或者参数格式不正确"+newTail)
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		change  func(*http.Request)
		body    string
		want    generations
	}{
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
		{name: "address", options: Options{AllowIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, want: each(310000, "ip 192.0.2.1 not in whitelist",
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
		{name: "link to a script", body: link("javascript:alert(1)"), want: same(430101, "含有不安全的外链")},
		{name: "link to a file", body: link("file:///etc/passwd"), want: same(430101, "含有不安全的外链")},
		{name: "link without a host", body: link("https:///x"), want: same(430101, "含有不安全的外链")},
		{name: "relative link", body: link("a.example/x"), want: same(430101, "含有不安全的外链")},
		{name: "unreadable link", body: link("http://[::1"), want: same(430101, "含有不安全的外链")},
		{name: "inline picture", body: `{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"https://a.example/","picUrl":"data:image/png;base64,AA=="}}`, want: same(430101, "含有不安全的外链")},
	}
	for _, tt := range tests {
		for g, want := range tt.want {
			tt.options.Wording = Wording(g)
			r := newRobot(tt.options)
			body := tt.body
			if body == "" {
				body = hello
			}
			req := request(strings.TrimPrefix(body, " "))
			if tt.change != nil {
				tt.change(req)
			}
			if got := do(t, r, req); got != want {
				t.Errorf("%s, %v: answer\n%v, want\n%v", tt.name, Wording(g), got, want)
			}
			seen := r.Requests()[0]
			if len(r.Messages()) != 0 || seen.Message != nil || !strings.HasPrefix(seen.Explanation, "refused: ") {
				t.Errorf("%s: stored %d messages, explained %q", tt.name, len(r.Messages()), seen.Explanation)
			}
			if got := (answer{seen.Code, seen.Text}); got != want || seen.Status != 200 {
				t.Errorf("%s: recorded %d %v", tt.name, seen.Status, got)
			}
		}
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

func TestFullBodyPasses(t *testing.T) {
	body := sized(20000)
	if got := post(t, newRobot(Options{}), body); len(body) != 20000 || got != ok {
		t.Errorf("a body of %d bytes: %v", len(body), got)
	}
}

func TestAllowedAddress(t *testing.T) {
	r := newRobot(Options{AllowIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}})
	for address, want := range map[string]int{
		"192.0.2.1:1234": 0, "10.9.8.7:1": 0, "[::ffff:10.1.1.1]:1": 0, "192.0.2.2:1": 310000, "nonsense": 310000,
	} {
		req := request(hello)
		req.RemoteAddr = address
		req.Header.Set("X-Forwarded-For", "10.0.0.1")
		if got := do(t, r, req); got.Code != want {
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
		r := newRobot(Options{Keywords: []string{"zebra", "KEY"}})
		if got := post(t, r, tt.body); got.Code != tt.want {
			t.Errorf("%s: code %d, want %d", tt.body, got.Code, tt.want)
		}
		if m := r.Messages(); tt.want == 0 && m[0].Keyword != "KEY" {
			t.Errorf("%s: keyword %q", tt.body, m[0].Keyword)
		}
	}
}

// wrong is one thing that is wrong with a setting or a message. A message is a link, which every check has an opinion on.
type wrong struct {
	name    string
	options func(*Options)
	message func(root, link map[string]any)
	request func(*http.Request)
	garbage string // after the JSON
	code    int
}

// wrongs are in the order of the checks.
var wrongs = []wrong{
	{name: "method", code: 43002, request: func(r *http.Request) { r.Method = "PUT" }},
	{name: "no token", code: 40035, request: func(r *http.Request) { r.URL.RawQuery = "" }},
	{name: "json", code: 40035, garbage: "}"},
	{name: "content type", code: 43004, request: contentType("text/plain")},
	{name: "token", code: 300005, options: func(o *Options) { o.Token = "another" }},
	{name: "removed", code: 400106, options: func(o *Options) { o.Removed = true }},
	{name: "disabled", code: 400102, options: func(o *Options) { o.Disabled = true }},
	{name: "dissolved", code: 400013, options: func(o *Options) { o.Dissolved = true }},
	{name: "sign", code: 310000, options: func(o *Options) { o.Secret = "SECx" }},
	{name: "address", code: 310000, options: func(o *Options) { o.AllowIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }},
	{name: "msgtype", code: 400105, message: func(root, _ map[string]any) { root["msgtype"] = "file" }},
	{name: "field", code: 400303, message: func(_, link map[string]any) { delete(link, "title") }},
	{name: "size", code: 460101, message: func(_, link map[string]any) { link["text"] = strings.Repeat("x", 20000) }},
	{name: "keyword", code: 310000, options: func(o *Options) { o.Keywords = []string{"zebra"} }},
	{name: "link", code: 430101, message: func(_, link map[string]any) { link["messageUrl"] = "ftp://a.example/" }},
	{name: "rate", code: 410100, options: func(o *Options) { o.PerMinute = 1 }},
}

// texts of the answers that share their code with another check.
var telling = map[string]string{
	"no token": "access_token", "json": "json", "sign": "签名不匹配", "address": "白名单", "keyword": "关键词",
}

// TestOrder takes every two things that can be wrong at once: the answer is about the first.
func TestOrder(t *testing.T) {
	for i, first := range wrongs {
		for _, second := range wrongs[i+1:] {
			r := newRobot(Options{PerMinute: 2})
			if got := post(t, r, link("https://a.example/")); got != ok {
				t.Fatalf("before: %v", got)
			}
			got := do(t, r, spoil(r, first, second))
			if got.Code != first.code || !strings.Contains(got.Text, telling[first.name]) {
				t.Errorf("%s and %s: answer %v", first.name, second.name, got)
			}
		}
	}
}

// spoil configures the robot and makes the request that has both things wrong.
func spoil(r *Server, both ...wrong) *http.Request {
	link := map[string]any{"title": "a", "text": "b", "messageUrl": "https://a.example/"}
	root := map[string]any{"msgtype": "link", "link": link}
	garbage := ""
	for _, w := range both {
		if w.options != nil {
			r.SetOptions(w.options)
		}
		if w.message != nil {
			w.message(root, link)
		}
		garbage += w.garbage
	}
	body, _ := json.Marshal(root)
	req := request(string(body) + garbage)
	for _, w := range both {
		if w.request != nil {
			w.request(req)
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
		want generations
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
		for g, want := range tt.want {
			r := newRobot(Options{Wording: Wording(g)})
			if got := post(t, r, tt.body); got != want {
				t.Errorf("%s, %v: answer\n%v, want\n%v", tt.body, Wording(g), got, want)
			}
		}
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

// TestSignedRequests sends vectors over HTTP, well signed and in the ways in which senders get it wrong.
func TestSignedRequests(t *testing.T) {
	const stale, unequal = "签名过期", "签名不匹配"
	for _, v := range vectors {
		made, _ := parseMillis(v.timestamp)
		tests := []struct {
			name  string
			query string
			late  time.Duration
			want  string
		}{
			{"right", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, 0, "ok"},
			{"an hour late", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, time.Hour, "ok"},
			{"an hour early", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, -time.Hour, "ok"},
			{"too late", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, time.Hour + time.Millisecond, stale},
			{"too early", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, -time.Hour - time.Millisecond, stale},
			{"seconds", "&timestamp=" + v.timestamp[:10] + "&sign=" + v.encoded, 0, stale},
			{"not a number", "&timestamp=now&sign=" + v.encoded, 0, stale},
			{"a plus", "&timestamp=%2B" + v.timestamp + "&sign=" + v.encoded, 0, stale},
			{"no timestamp", "&sign=" + v.encoded, 0, stale},
			{"no sign", "&timestamp=" + v.timestamp, 0, unequal},
			{"nothing", "", 0, unequal},
			{"encoded twice", "&timestamp=" + v.timestamp + "&sign=" + url.QueryEscape(v.encoded), 0, unequal},
			{"another time", "&timestamp=" + v.timestamp[:12] + "9&sign=" + v.encoded, 0, unequal},
			{"no padding", "&timestamp=" + v.timestamp + "&sign=" + strings.TrimSuffix(v.encoded, "%3D"), 0, unequal},
			{"signed again at the end", "&timestamp=" + v.timestamp + "&sign=x&timestamp=" + v.timestamp + "&sign=" + v.encoded, 0, unequal},
		}
		for _, tt := range tests {
			r := New(&Options{Secret: v.secret, Now: func() time.Time { return made }})
			r.AdvanceClock(tt.late)
			req := request(hello)
			req.URL.RawQuery += tt.query
			if got := do(t, r, req); !strings.Contains(got.Text, tt.want) {
				t.Errorf("%s, %s: answer %v, want %s", v.secret, tt.name, got, tt.want)
			}
			if m := r.Messages(); tt.want == "ok" && (len(m) != 1 || !m[0].Signed || !r.Requests()[0].SignVerified) {
				t.Errorf("%s, %s: not recorded as signed", v.secret, tt.name)
			}
		}
	}
}

// TestRawPlus shows why the sign must be encoded: a + in a query is a blank.
func TestRawPlus(t *testing.T) {
	v := vectors[3]
	r := newRobot(Options{Secret: v.secret})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=" + v.timestamp + "&sign=" + v.sign
	if got := do(t, r, req); got.Code != 310000 {
		t.Errorf("answer = %v", got)
	}
}

func TestNeedlessSignature(t *testing.T) {
	req := request(hello)
	req.URL.RawQuery += "&timestamp=1&sign=x"
	r := newRobot(Options{})
	if got := do(t, r, req); got != ok || r.Messages()[0].Signed {
		t.Errorf("answer = %v, signed %v", got, r.Messages()[0].Signed)
	}
}
