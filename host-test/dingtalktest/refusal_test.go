package dingtalktest

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
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
