package dingtalk

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

// errcodeTests are errmsgs that users got, in three wordings, with the threads
// they come from, and what must come of them.
var errcodeTests = []struct {
	code  int
	msg   string
	cause string // a part of it
	want  Error  // only Reason, Key, Retryable and RetryAfter count
}{
	{-1, "系统繁忙", "busy", Error{Reason: ReasonUnknown, Retryable: true}},
	{500100, "description:系统异常，请稍后再试;", "internal error", Error{Reason: ReasonUnknown, Retryable: true}}, // jeessy2/ddns-go#1048

	{310000, "keywords not in content", "keywords", Error{Reason: ReasonRefused, ConfigKey: schema.KeyKeywords}},
	{310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]", "keywords", Error{Reason: ReasonRefused, ConfigKey: schema.KeyKeywords}},
	{310000, "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;", "keywords", Error{Reason: ReasonRefused, ConfigKey: schema.KeyKeywords}},           // RayWangQvQ/BiliBiliToolPro#271
	{310000, "错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;", "keywords", Error{Reason: ReasonRefused, ConfigKey: schema.KeyKeywords}},                      // mggger/chatgpt-bot-dingding#2
	{310000, "sign not match", "secret", Error{Reason: ReasonRefused, ConfigKey: schema.KeySecret}},                                                              // jenkinsci/dingtalk-plugin#88
	{310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;", "secret", Error{Reason: ReasonRefused, ConfigKey: schema.KeySecret}}, // qd-today/qd#510
	{310000, "错误描述:机器人发送签名不匹配;解决方案:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;", "secret", Error{Reason: ReasonRefused, ConfigKey: schema.KeySecret}},
	{310000, "invalid timestamp", "clock", Error{Reason: ReasonClock}},                                                           // jenkinsci/dingtalk-plugin#116
	{310000, "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;", "clock", Error{Reason: ReasonClock}},              // 0wQ/air780e-forwarder#51
	{310000, "错误描述:机器人发送签名过期;解决方案:签名生成时间和发送时间请保持在 timestampms 以内;", "clock", Error{Reason: ReasonClock}},                         //
	{310000, "ip 203.0.113.7 not in whitelist", "IP", Error{Reason: ReasonRefused}},                                              //
	{310000, "description:ip 不在白名单中;solution:请联系对应群的管理员，设置机器人安全ip地址段", "IP", Error{Reason: ReasonRefused}},                       // sansan0/TrendRadar#70
	{310000, "错误描述:ip 不在白名单中;解决方案:请联系对应群的管理员，设置机器人安全ip地址段", "IP", Error{Reason: ReasonRefused}},                                  //
	{310000, "something new", "security settings", Error{Reason: ReasonRefused}},                                                 //
	{130101, "send too fast, exceed 20 times per minute", "locked", Error{Reason: ReasonRate, Retryable: true, RetryAfter: 600}}, // ccfos/nightingale#369
	{410100, "发送速度太快而限流", "locked", Error{Reason: ReasonRate, Retryable: true, RetryAfter: 600}},

	{300001, "token is not exist", "does not know", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}},   // timonwong/prometheus-webhook-dingtalk#91
	{300005, "token is not exist", "external groups", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}}, // timonwong/prometheus-webhook-dingtalk#226
	{400101, "access_token不存在", "does not know", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}},
	{300001, "session 不存在", "session", Error{Reason: ReasonRefused, ConfigKey: schema.KeyWebhookURL}}, // agentscope-ai/QwenPaw#2221
	{40035, "缺少参数 access_token", "without an access token", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}},
	{40035, "缺少参数 json", "without its body", Error{Reason: ReasonRefused, ConfigKey: schema.KeyWebhookURL}},
	{40035, "Missing parameter json", "without its body", Error{Reason: ReasonRefused, ConfigKey: schema.KeyWebhookURL}}, // megaease/easeprobe#467
	{40035, "缺少参数 msgtype", "A parameter", Error{Reason: ReasonRefused}},
	{40014, "不合法的access_token", "another kind", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}},
	{88, "鉴权异常", "different API", Error{Reason: ReasonRefused, ConfigKey: schema.KeyAccessToken}},
	{43002, "需要POST请求", "GET", Error{Reason: ReasonRefused, ConfigKey: schema.KeyWebhookURL}},
	{43004, "无效的HTTP HEADER Content-Type", "content type", Error{Reason: ReasonRefused, ConfigKey: schema.KeyWebhookURL}},

	{460101, "message too long, exceed 20000 bytes", "20000", Error{Reason: ReasonRefused}},                   // timonwong/prometheus-webhook-dingtalk#30
	{460101, "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;", "20000", Error{Reason: ReasonRefused}}, // feiyu563/PrometheusAlert#318
	{460101, "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。", "20000", Error{Reason: ReasonRefused}},            // ZhuLinsen/daily_stock_analysis#61
	{101002, "message is too long", "too long", Error{Reason: ReasonRefused}},

	{400013, "群已被解散", "dissolved", Error{Reason: ReasonRefused}},
	{400102, "机器人已停用", "switched off", Error{Reason: ReasonRefused}},
	{400105, "不支持的消息类型", "type", Error{Reason: ReasonRefused}},
	{400105, "错误描述: 不支持类型 msgType:image ;解决方案:请使用支持的类型;", "type", Error{Reason: ReasonRefused}},
	{400106, "机器人不存在", "removed", Error{Reason: ReasonRefused}},
	{400201, "miss param : text", "text message", Error{Reason: ReasonRefused}},
	{400301, "miss param : link", "link message", Error{Reason: ReasonRefused}},
	{400401, "miss param : markdown", "Markdown", Error{Reason: ReasonRefused}},
	{400402, "miss param : markdown->title", "Markdown", Error{Reason: ReasonRefused}},                                       // RayWangQvQ/BiliBiliToolPro#183
	{400402, "description:参数 markdown --》 title 缺失，或者参数格式不正确; solution:请填充上对应参数;", "Markdown", Error{Reason: ReasonRefused}}, // blinkbean/dingtalk#4
	{400403, "错误描述:参数 markdown --》 text 缺失，或者参数格式不正确;解决方案:请填充上对应参数;", "Markdown", Error{Reason: ReasonRefused}},              // jenkinsci/dingtalk-plugin#369
	{400501, "miss param : actionCard", "action card", Error{Reason: ReasonRefused}},
	{400602, "miss param : feedCard->links", "feed card", Error{Reason: ReasonRefused}},
	{430101, "含有不安全的外链", "unsafe", Error{Reason: ReasonRefused}},
	{430101, "错误描述:本次请求包含安全风险 unSafe URL ;解决方案:请删去可能造成安全风险的内容;", "unsafe", Error{Reason: ReasonRefused}}, // centerzx/UploadApkPlugin#7
	{430102, "含有不合适的文本", "text", Error{Reason: ReasonRefused}},
	{430103, "含有不合适的图片", "picture", Error{Reason: ReasonRefused}},
	{430104, "含有不合适的内容", "content", Error{Reason: ReasonRefused}},
	{45009, "接口调用超过限制", "limit", Error{Reason: ReasonRate}},
	{90002, "服务器调用超过限制", "throttling", Error{Reason: ReasonRate, Retryable: true, RetryAfter: 60}},
	{90018, "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了", "this second", Error{Reason: ReasonRate, Retryable: true, RetryAfter: 1}},
	{90020, "您的企业本月api调用量已超过限制", "API calls", Error{Reason: ReasonRate}}, // https://www.dingtalk.com/qidian/help-detail-1061621972.html
	{90030, "webhook over limit", "quota of webhook calls", Error{Reason: ReasonRate}},
	{123456, "something new", "does not know", Error{Reason: ReasonRefused}},
}

func TestErrcodes(t *testing.T) {
	for _, test := range errcodeTests {
		reply, _ := json.Marshal(map[string]any{"errcode": test.code, "errmsg": test.msg})
		got := ParseResponse(200, reply)
		if got == nil {
			t.Errorf("%d %s: accepted", test.code, test.msg)
			continue
		}
		if got.Reason != test.want.Reason || got.ConfigKey != test.want.ConfigKey || got.Retryable != test.want.Retryable || got.RetryAfter != test.want.RetryAfter {
			t.Errorf("%d %s: got %+v, want %+v", test.code, test.msg, got, test.want)
		}
		if got.Code != test.code || got.Msg != test.msg || !got.HasErrcode || !strings.Contains(got.Message, test.cause) || got.Advice == "" {
			t.Errorf("%d %s: got %q, want %q", test.code, test.msg, got.Message, test.cause)
		}
	}
}

func TestParseResponse(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		reply  string
		reason Reason // "" is success
		text   string // a part of the explanation
	}{
		{"number", 200, `{"errcode":0,"errmsg":"ok"}`, "", ""},
		{"string", 200, `{"errcode":"0","errmsg":"ok"}`, "", ""},
		{"refusal as a string", 200, `{"errcode":"300005","errmsg":"token is not exist"}`, ReasonRefused, "code: 300005"},
		{"success under 502", 502, `{"errcode":0}`, ReasonUnknown, "HTTP 502"},
		{"success under 404", 404, `{"errcode":0}`, ReasonRefused, "HTTP 404"},
		{"no errcode", 200, `{}`, ReasonUnknown, "without a usable errcode"},
		{"null errcode", 200, `{"errcode":null}`, ReasonUnknown, "without a usable errcode"},
		{"true errcode", 200, `{"errcode":true}`, ReasonUnknown, "without a usable errcode"},
		{"fraction", 200, `{"errcode":0.5}`, ReasonUnknown, "without a usable errcode"},
		{"array", 200, `[0]`, ReasonUnknown, "without a usable errcode"},
		{"empty", 200, ``, ReasonUnknown, "an empty body"},
		{"page", 502, "<html><h1>502 Bad Gateway</h1>", ReasonUnknown, "HTTP 502 with a web page"},
		{"gateway refusal", 400, "<html>tengine</html>", ReasonRefused, "HTTP 400 with a web page"},
		{"redirect", 302, "", ReasonRefused, "HTTP 302"},
		{"cut", 200, `{"errcode":0,"errm`, ReasonUnknown, "cut short"},
		{"binary", 200, "\x00\x01\xff", ReasonUnknown, "binary"},
		{"text", 200, "ok", ReasonUnknown, "not JSON"},
		{"deep", 200, strings.Repeat("[", 5000), ReasonUnknown, "not JSON"},
		{"megabyte", 200, `{"errcode":0,"x":"` + strings.Repeat("x", MaxResponse), ReasonUnknown, "overlong"},
		{"punished, JSON", 200, `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"1"}`, ReasonRate, "firewall"},
		{"punished, page", 200, `<html><script src="/x5/punish?action=deny">`, ReasonRate, "firewall"},
		{"punished with an errcode", 200, `{"errcode":130101,"errmsg":"send too fast","punish":"deny"}`, ReasonRate, "locked for ten minutes"},
		{"HTTP is off", 0, "", ReasonHTTPDisabled, "switched off"},
	} {
		var reason Reason
		var text string
		if e := ParseResponse(test.status, []byte(test.reply)); e != nil {
			reason, text = e.Reason, e.Message
		}
		if reason != test.reason || !strings.Contains(text, test.text) {
			t.Errorf("%s: got %q %q, want %q %q", test.name, reason, text, test.reason, test.text)
		}
	}
}

// An error is short, a single line, and holds no credential.
func FuzzParseResponse(f *testing.F) {
	f.Add(200, []byte(`{"errcode":310000,"errmsg":"sign not match CANARYTOKEN ab%2B%2Fc%3D 138-0000-0001"}`))
	f.Add(502, []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, reply []byte) {
		e := ParseResponse(status, reply)
		var parsed struct{ Errcode json.Number }
		if e == nil {
			if err := json.Unmarshal(reply, &parsed); err != nil || strings.Trim(parsed.Errcode.String(), "+-0") != "" {
				t.Fatalf("%q is accepted (%v)", reply, err)
			}
			return
		}
		all := e.Message + e.Advice + e.Msg
		if len(all) > 2000 || strings.ContainsAny(all, "\n\r\x00") {
			t.Errorf("too long or more than a line: %q", all)
		}
		if e.HasErrcode {
			assertHarmless(t, e.Msg)
		}
	})
}

// assertHarmless fails if a text holds more than words of the vocabulary, numbers
// with four digits in all, Chinese and punctuation.
func assertHarmless(t *testing.T, msg string) {
	t.Helper()
	digits := 0
	for _, link := range documentation {
		msg = strings.ReplaceAll(msg, link, " ")
	}
	msg = regexp.MustCompile(`ip (\d+\.){3}\d+ not in whitelist`).ReplaceAllString(msg, "")
	for _, word := range regexp.MustCompile(`[^\s\p{Han}，。、；：！？（）《》【】“”‘’…—.,:;!?()\[\]<>\-_='"/#*]+`).FindAllString(msg, -1) {
		if strings.Contains(vocabulary, " "+strings.ToLower(word)+" ") {
			continue
		}
		if digits += len(word); strings.Trim(word, "0123456789") != "" || digits > 4 {
			t.Errorf("%q holds %q", msg, word)
		}
	}
}
