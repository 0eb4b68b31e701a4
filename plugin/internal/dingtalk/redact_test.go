package dingtalk

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

// What a response may echo: parts of a request's address and body.
const (
	realToken  = "6d1f0c3b9a8e47525f60718293a4b5c6d7e8f9001a2b3c4d5e6f708192a3b4c5"
	realSecret = "SEC9f8e7d6c5b4a39281706f5e4d3c2b1a0998877665544332211ffeeddccbbaa00"
	realPath   = "/hooks/hunterkeyring/send"
	realQuery  = "apikey=opensesame&tenant=zhangsan"
	realMobile = "13800000001"
)

// spread separates pieces of n bytes.
func spread(s, separator string, n int) string {
	return strings.Join(slices.Collect(func(yield func(string) bool) {
		for ; len(s) > n && yield(s[:n]); s = s[n:] {
		}
		yield(s)
	}), separator)
}

// each formats every byte of s.
func each(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func shifted(s string, by rune) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r + by
		}
		return r
	}, s)
}

func mixed(s string) string {
	b := []byte(strings.ToUpper(s))
	for i := 0; i < len(b); i += 3 {
		b[i] = strings.ToLower(string(b[i]))[0]
	}
	return string(b)
}

// echoes are the forms in which a credential may come back.
var echoes = []struct {
	name string
	form func(s string) string
}{
	{"as it is", func(s string) string { return s }},
	{"upper case", strings.ToUpper},
	{"lower case", strings.ToLower},
	{"mixed case", mixed},
	{"cut at its start", func(s string) string { return s[3:] }},
	{"cut at its end", func(s string) string { return s[:len(s)-3] }},
	{"its first half", func(s string) string { return s[:len(s)/2] + "…" }},
	{"reversed", func(s string) string { b := []byte(s); slices.Reverse(b); return string(b) }},
	{"without its first three", func(s string) string { return strings.TrimPrefix(s, "SEC") }},
	{"broken by a newline", func(s string) string { return spread(s, "\n", 20) }},
	{"broken by a tab", func(s string) string { return spread(s, "\t", 20) }},
	{"broken by soft hyphens", func(s string) string { return spread(s, "\u00ad", 8) }},
	{"broken by zero-width spaces", func(s string) string { return spread(s, "\u200b", 1) }},
	{"broken by NUL", func(s string) string { return spread(s, "\x00", 5) }},
	{"blanks after each character", func(s string) string { return spread(s, " ", 1) }},
	{"blanks after four characters", func(s string) string { return spread(s, " ", 4) }},
	{"hyphens after four characters", func(s string) string { return spread(s, "-", 4) }},
	{"commas after two characters", func(s string) string { return spread(s, ", ", 2) }},
	{"Chinese after each character", func(s string) string { return spread(s, "的", 1) }},
	{"percent-encoded", url.QueryEscape},
	{"percent-encoded in lower case", func(s string) string { return strings.ToLower(url.QueryEscape(s)) }},
	{"percent-encoded whole", func(s string) string { return each(s, "%%%02X") }},
	{"percent-encoded twice", func(s string) string { return each(s, "%%25%02x") }},
	{"plus read as blank", func(s string) string { return strings.ReplaceAll(s, "+", " ") }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 for addresses", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 in pieces", func(s string) string { return spread(base64.StdEncoding.EncodeToString([]byte(s)), " ", 4) }},
	{"base32", func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }},
	{"base32 in pieces", func(s string) string { return spread(base32.StdEncoding.EncodeToString([]byte(s)), " ", 4) }},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"hex in pieces", func(s string) string { return fmt.Sprintf("% x", s) }},
	{"decimal", func(s string) string { return each(s, "%d ") }},
	{"HTML entities", func(s string) string { return each(s, "&#%d;") }},
	{"HTML entities in hex", func(s string) string { return each(s, "&#x%x;") }},
	{"JavaScript escapes", func(s string) string { return each(s, `\x%02x`) }},
	{"JSON escapes", func(s string) string { return each(s, `\u%04x`) }},
	{"full-width", func(s string) string { return shifted(s, '０'-'0') }},
	{"Arabic digits", func(s string) string { return shifted(s, '٠'-'0') }},
	{"quoted JSON", func(s string) string { return `{"value":"` + s + `"}` }},
	{"in an address", func(s string) string { return "https://example.com/robot/send?access_token=" + s }},
	{"behind DingTalk's documentation", func(s string) string { return "https://open.dingtalk.com/document/" + s }},
	{"without a scheme", func(s string) string { return "example.com/" + s }},
	{"among words", func(s string) string { return "invalid " + s + " in request" }},
}

// echoed returns the Error of a message whose response has the errmsg, which may
// depend on the request's signature.
func echoed(t *testing.T, code int, errmsg func(sign string) string) *Error {
	t.Helper()
	r := newRobot()
	r.Address = Webhook{Base: "https://example.com" + realPath, Query: realQuery}
	r.Token, r.Secret, r.MaxRetries = realToken, realSecret, 0
	h := newHost()
	env := h.env()
	send := env.Send
	env.Send = func(method, address string, body []byte) (int, []byte) {
		status, reply := send(method, address, body)
		if method == "POST" {
			parsed, _ := url.Parse(address)
			reply, _ = json.Marshal(map[string]any{"errcode": code, "errmsg": errmsg(parsed.Query().Get("sign"))})
		}
		return status, reply
	}
	_, e := r.Send(env, Message{Type: Text, Text: "hi", Mentions: Mentions{People: []Mention{{ID: realMobile, Name: "张三"}}}}, "")
	if e == nil {
		t.Fatal("no error")
	}
	return e
}

// Of a credential that is echoed in any form, nothing is shown.
func TestEchoes(t *testing.T) {
	for _, credential := range []struct {
		name string
		text func(sign string) string
	}{
		{"token", func(string) string { return realToken }},
		{"secret", func(string) string { return realSecret }},
		{"sign", func(sign string) string { return sign }},
		{"path", func(string) string { return "hunterkeyring" }},
		{"query", func(string) string { return "opensesame" }},
		{"user id", func(string) string { return "zhangsan4711" }},
		{"mobile", func(string) string { return realMobile }},
	} {
		for _, echo := range echoes {
			var text string
			e := echoed(t, 310000, func(sign string) string {
				text = echo.form(credential.text(sign))
				return "sign not match: " + text
			})
			if e.ConfigKey != schema.KeySecret {
				t.Errorf("%s, %s: another errcode info: %+v", credential.name, echo.name, e)
			}
			assertRedacted(t, credential.name+", "+echo.name, text, e)
		}
	}
}

// assertRedacted fails if more of an echoed text is shown than ordinary words,
// Chinese, punctuation and ***. Up to four letters may look like such a word.
func assertRedacted(t *testing.T, name, text string, e *Error) {
	t.Helper()
	left, found := strings.CutPrefix(e.Msg, "sign not match: ")
	if !found || !strings.Contains(left, redacted) || strings.Contains(text, left) {
		t.Errorf("%s: %q was echoed, %q is shown", name, text, e.Msg)
	}
	left = strings.ReplaceAll(left, "https://open.dingtalk.com/document/", "")
	for _, word := range strings.FieldsFunc(left, func(r rune) bool { return strings.ContainsRune(" *,=/…的", r) }) {
		known := strings.Contains(vocabulary, " "+word+" ") && strings.Trim(word, "0123456789") != ""
		if !known || len(word) > 4 && word != "invalid" && word != "request" {
			t.Errorf("%s: %q was echoed, %q is shown, of which %q is too much", name, text, e.Msg, word)
		}
	}
	if !strings.Contains(e.Message, "message: "+sentence(e.Msg)) {
		t.Errorf("%s: the text is %q", name, e.Message)
	}
}

// A mobile number is redacted however it is written.
func TestEchoedNumbers(t *testing.T) {
	for _, number := range []string{
		"13800000001", "138-0000-0001", "138 0000 0001", "+86 138 0000 0001", "(138) 0000.0001", "１３８００００００００１", "138,0000,0001",
		"1 3 8 0 0 0 0 0 0 0 1", "138的0000的0001", "138 or 0000 or 0001", "一三八零零零零零零零一", "一三八，〇〇〇〇，〇〇〇一", "壹叁捌零零零零零零零壹", "幺三八零零零零零零零幺", "138.0.0.1", "①③⑧",
		"mobile13800000001", "0x336b2b401", "1.38e10", "12345",
	} {
		e := echoed(t, 123456, func(string) string { return "号码 " + number + " 无效" })
		left := strings.NewReplacer("号码", "", "无效", "", redacted, "", " ", "", "的", "", "or", "", "，", "").Replace(e.Msg)
		if left != "" {
			t.Errorf("%s: %q is shown", number, e.Msg)
		}
	}
}

// What is not a credential is shown, so that an error can be understood.
func TestRedactKeeps(t *testing.T) {
	for _, test := range []struct{ msg, want string }{
		{"", ""},
		{"webhook over limit", "webhook over limit"},
		{"您的企业本月api调用量已超过限制", "您的企业本月api调用量已超过限制"},
		{"错误描述:本次请求包含安全风险 unSafe URL ;", "错误描述:本次请求包含安全风险 unSafe URL ;"},
		{"limit is 50", "limit is 50"},
		{"Request timeout (3000)", "Request timeout (3000)"},
		{"limit 1000, got 1001", "limit ***"},
		{"sign not match:\tretry\nlater", "sign not match: retry later"},
		{"ip 203.0.113.7 not in whitelist", "ip 203.0.113.7 not in whitelist"},
		{"ip 203.0.113.7 not in whitelist, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]", "ip 203.0.113.7 not in whitelist, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"},
		{"ip 203.0.113.700 not in whitelist", "ip *** not in whitelist"},
		{"token 203.0.113.7 not in whitelist", "token *** not in whitelist"},
		{"ip 203.0.113.7 is blocked", "ip *** is blocked"},
		{"见https://open.dingtalk.com/document/ 的说明", "见https://open.dingtalk.com/document/ 的说明"},
		{"见https://example.com/document/ 的说明", "见*** 的说明"},
		{"limit is 50 for zhangsan", "limit is *** for ***"},
		{"miss param : markdown->title", "miss param : markdown->title"},
		{"description:参数 feedCard --》 links 缺失，或者参数格式不正确; solution:请填充上对应参数;link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;",
			"description:参数 feedCard --》 links 缺失，或者参数格式不正确; solution:请填充上对应参数;link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"},
		{"keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]", "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"},
		{"token xyzzy plugh, is unknown", "token *** is unknown"},
	} {
		reply, _ := json.Marshal(map[string]any{"errcode": 1, "errmsg": test.msg})
		if got := ParseResponse(200, reply).Msg; got != test.want {
			t.Errorf("%q: got %q, want %q", test.msg, got, test.want)
		}
	}
}

// A mobile number is not an errcode.
func TestErrcodeIsShort(t *testing.T) {
	for _, code := range []string{"13800000001", `"13800000001"`, "2025550123", "-1380000000"} {
		e := ParseResponse(200, []byte(`{"errcode":`+code+`}`))
		if e == nil || e.HasErrcode || strings.Contains(e.Message, strings.Trim(code, `"`)) {
			t.Errorf("%s: %+v", code, e)
		}
	}
}

// No word of the vocabulary can be a piece of a token, except DingTalk's limit.
func TestVocabulary(t *testing.T) {
	for _, word := range strings.Fields(vocabulary) {
		if word != "20000" && (len(word) < 2 || strings.Trim(word, "0123456789abcdef") == "") {
			t.Errorf("%q could be a piece of a token", word)
		}
		if word != strings.ToLower(word) || strings.Count(vocabulary, " "+word+" ") != 1 {
			t.Errorf("%q is not in lower case, or there twice", word)
		}
	}
}

// A message may not hold a credential of a robot, as it is or in a simple disguise.
func TestOwnCredentials(t *testing.T) {
	const token, secret = "6d1f0c3b9a8e47525f60718293a4b5c6", "SEC9f8e7d6c5b4a3928/+="
	o := &MessageOptions{}
	for _, webhook := range []string{
		DefaultWebhook + "?access_token=" + token + "&key=0123456789abcdef",
		"https://relay.example/Hook/k3y?access_token=short",
	} {
		address, _ := ParseWebhook(webhook)
		o.AddCredentials(&Robot{Address: address, Token: address.Token, Secret: secret})
	}
	for held, texts := range map[bool][]string{
		true: {
			"the token is " + token,
			"密钥" + secret + "。",
			"x" + token + "y",
			strings.ToUpper(token),
			strings.ReplaceAll(token, "6", "%36"),
			"%" + token,
			"100%2" + token,
			DefaultWebhook + "?access_token=" + token,
			"dingtalk://dingtalkclient/page/link?url=" + encodeURIComponent(secret),
			"https://relay.example/hook/k3y",
			"relay.example%2FHook%2Fk3y",
			"key=0123456789abcdef",
			strings.Repeat("word ", 99) + token,
			strings.Repeat("x", 99) + token,
		},
		false: {DefaultWebhook, "https://relay.example/hook", "short", token[:31], ""},
	} {
		for _, text := range texts {
			if got := o.credentialIn(text) != ""; got != held {
				t.Errorf("%s: got %v, want %v", text, got, held)
			}
		}
	}
}

func TestSensitive(t *testing.T) {
	x := func(n int) string { return strings.Repeat("Ab1", n)[:n] }
	o := &MessageOptions{RefuseSensitive: true}
	for _, test := range []struct{ text, want string }{
		{"-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"},
		{"-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"},
		{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "an AWS access key"},
		{"ghp_" + x(36), "a GitHub token"},
		{"https://u:ghs_" + x(36) + "@github.com/a/b", "a GitHub token"},
		{"（github_pat_" + x(22) + "_" + x(59), "a GitHub token"},
		{"sk-" + x(48), "an API key"},
		{"sk-ant-api03-" + x(90) + "-AA", "an API key"},
		{`"xoxb-123456789012-1234567890123-` + x(24) + `"`, "a Slack token"},
		{"key=AIzaSy" + x(33), "a Google API key"},
		{"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "a JSON Web Token"},
		{"SEC" + strings.Repeat("0a", 32), "a robot's secret"},
		{DefaultWebhook + "?access_token=" + strings.Repeat("0a", 32), "a robot's token"},
		{"%access_token=" + strings.Repeat("0a", 32), "a robot's token"},
		{"https%3A%2F%2Fa%3Faccess_token%3D" + strings.Repeat("0a", 32), "a robot's token"},

		{"https://b.s3.amazonaws.com/a?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=" + strings.Repeat("0a", 32), ""},
		{"https://b.s3.amazonaws.com/a?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D", ""},
		{"[log](https://a.oss-cn-hangzhou.aliyuncs.com/a?OSSAccessKeyId=LTAI5tNQwuRdyJ8SnV4oXyAb&Signature=0a)", ""},
		{"https://private-user-images.githubusercontent.com/1.png?jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", ""},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", ""},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""},
		{"3d813cbb-47fb-32ba-91df-831e1593ac29", ""},
		{"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", ""},
		{"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMD", ""},
		{"eyJhIjoiYmFzZTY0IG9mIEpTT04gYWxvbmUifQ==", ""},
		{"sk-internationalization and task-force-2024-12-01-of-the-risk", ""},
		{"sk-learn-tutorial-2024-12-part-2", ""},
		{"-----BEGIN PUBLIC KEY-----\nMII and a private key", ""},
		{"access_token=$TOKEN or access_token=…", ""},
		{"AKIA, ghp_ and xoxb- begin tokens; SECURITY_2024_0123456789", ""},
	} {
		if got := o.credentialIn(test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", test.text, got, test.want)
		}
	}
	if got := (&MessageOptions{}).credentialIn("ghp_" + x(36)); got != "" {
		t.Errorf("off: got %q", got)
	}
}
