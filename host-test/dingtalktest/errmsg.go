package dingtalktest

import (
	"fmt"
	"slices"
	"strings"
)

// Wording is one of the three styles in which DingTalk has worded its errors. Its text form is "new", "mid" or "old".
type Wording int

// The wordings, by the years in which they were seen.
const (
	Wording2023   Wording = iota // 错误描述:…;解决方案:…, since 2023
	Wording2022                  // description:…;solution:…, since 2022, beside the new ones
	WordingLegacy                // sign not match, miss param : text; before 2022
)

var wordingNames = [...]string{Wording2023: "new", Wording2022: "mid", WordingLegacy: "old"}

// String returns "new", "mid" or "old".
func (w Wording) String() string {
	if w < 0 || int(w) >= len(wordingNames) {
		return fmt.Sprintf("Wording(%d)", int(w))
	}
	return wordingNames[w]
}

// MarshalText implements encoding.TextMarshaler.
func (w Wording) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that a flag or a form can set a wording.
func (w *Wording) UnmarshalText(text []byte) error {
	i := slices.Index(wordingNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("dingtalktest: unknown wording %q: must be new, mid or old", text)
	}
	*w = Wording(i)
	return nil
}

// reply is what the robot answers in one situation: an errcode, and its errmsg in each wording.
type reply struct {
	code  int
	texts wordings
}

// wordings is indexed by Wording. In it, %s stands for something that the sender sent.
type wordings [3]string

func (r reply) text(w Wording) string {
	if w < 0 || int(w) >= len(r.texts) {
		w = Wording2023
	}
	return r.texts[w]
}

// with replaces %s.
func (r reply) with(arg string) reply {
	for i, text := range r.texts {
		r.texts[i] = strings.ReplaceAll(text, "%s", arg)
	}
	return r
}

// sameInAll returns a reply for which only one wording was seen.
func sameInAll(code int, text string) reply { return reply{code, wordings{text, text, text}} }

// labeled returns a reply whose texts of 2022 and 2023 differ only in their labels.
func labeled(code int, legacy, text2022 string) reply {
	labels := strings.NewReplacer("description:", "错误描述:", "solution:", "解决方案:", "link:", "参考链接:")
	return reply{code, wordings{WordingLegacy: legacy, Wording2022: text2022, Wording2023: labels.Replace(text2022)}}
}

// Codes and most texts come from https://open.dingtalk.com/document/development/custom-robots-send-group-messages. The
// others cite the thread in which they were seen.
var (
	needPost       = sameInAll(43002, "需要POST请求")
	noToken        = sameInAll(40035, "缺少参数 access_token")
	noJSON         = sameInAll(40035, "缺少参数 json") // https://github.com/ccfos/nightingale/issues/2704
	badContentType = sameInAll(43004, "无效的HTTP HEADER Content-Type")

	// https://github.com/timonwong/prometheus-webhook-dingtalk/issues/226; issue 91 there shows the same text as 300001.
	unknownToken = sameInAll(300005, "token is not exist")

	removed   = sameInAll(400106, "机器人不存在")
	disabled  = sameInAll(400102, "机器人已停用")
	dissolved = sameInAll(400013, "群已被解散")

	// https://github.com/jenkinsci/dingtalk-plugin/issues/88, https://github.com/qd-today/qd/issues/510.
	// guess: the text of 2023 was seen only up to 调用的网址中.
	signMismatch = labeled(310000, "sign not match",
		"description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;"+
			"link:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;")

	// https://github.com/jenkinsci/dingtalk-plugin/issues/116, https://github.com/0wQ/air780e-forwarder/issues/51.
	// guess: the text of 2023.
	signExpired = labeled(310000, "invalid timestamp",
		"description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;")

	// https://github.com/sansan0/TrendRadar/issues/70. %s is the sender's IP address. guess: the text of 2023.
	ipRefused = labeled(310000, "ip %s not in whitelist",
		"description:ip 不在白名单中;solution:请联系对应群的管理员，设置机器人安全ip地址段")

	// The text of 2023 is in the tests of https://github.com/nicholas-fedor/shoutrrr. %s is the msgtype.
	// guess: the text of 2022.
	badMsgType = labeled(400105, "不支持的消息类型",
		"description: 不支持类型 msgType:%s ;solution:请使用支持的类型;"+
			"link:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;")

	// https://github.com/timonwong/prometheus-webhook-dingtalk/issues/30,
	// https://github.com/feiyu563/PrometheusAlert/issues/318, https://github.com/ZhuLinsen/daily_stock_analysis/issues/61.
	tooLong = reply{460101, wordings{
		WordingLegacy: "message too long, exceed 20000 bytes",
		Wording2022:   "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
		Wording2023:   "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。",
	}}

	// https://github.com/RayWangQvQ/BiliBiliToolPro/issues/271, https://github.com/mggger/chatgpt-bot-dingding/issues/2.
	noKeyword = labeled(310000, "keywords not in content",
		"description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;")

	// The text of 2023: https://github.com/centerzx/UploadApkPlugin/issues/7. guess: the text of 2022.
	unsafeLink = labeled(430101, "含有不安全的外链", "description:本次请求包含安全风险 unSafe URL ;solution:请删去可能造成安全风险的内容;")

	// https://github.com/ccfos/nightingale/issues/369. guess: the newer of the two documented codes goes with the texts of 2023.
	tooFast    = sameInAll(130101, "send too fast, exceed 20 times per minute")
	tooFastNew = sameInAll(410100, "发送速度太快而限流")
)

// missingField is the reply to a field that is missing or malformed. The threads that show the wordings, oldest first:
// https://github.com/feiyu563/PrometheusAlert/issues/63, https://github.com/blinkbean/dingtalk/issues/4,
// https://github.com/cryozerolabs/n8n-nodes-dingtalk/issues/10.
func missingField(code int, path ...string) reply {
	return labeled(code, "miss param : "+strings.Join(path, "->"),
		"description:参数 %s 缺失，或者参数格式不正确; solution:请填充上对应参数;"+
			"link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;",
	).with(strings.Join(path, " --》 "))
}

// errmsgOf returns the errmsg that is known for an errcode, for faults that are injected by their code alone. Of several
// replies with one code the most likely is first.
func errmsgOf(code int, w Wording) string {
	for _, r := range []reply{
		tooFast, tooFastNew, noKeyword, unknownToken, noJSON, needPost, badContentType, removed, disabled, dissolved,
		badMsgType.with(""), tooLong, unsafeLink,
		sameInAll(500100, "description:系统异常，请稍后再试;"), // https://github.com/jeessy2/ddns-go/issues/1048
		// Documented, but in the fake no check leads to them.
		sameInAll(-1, "系统繁忙"),
		sameInAll(300001, "token is not exist"),
		sameInAll(400101, "access_token不存在"),
		sameInAll(430102, "含有不合适的文本"),
		sameInAll(430103, "含有不合适的图片"),
		sameInAll(430104, "含有不合适的内容"),
		sameInAll(40014, "不合法的access_token"),
		sameInAll(45009, "接口调用超过限制"),
		sameInAll(88, "鉴权异常"),
		sameInAll(90020, "您的企业本月api调用量已超过限制"),  // https://www.dingtalk.com/qidian/help-detail-1061621972.html
		sameInAll(90030, "webhook over limit"), // guess: that the monthly quota is meant
	} {
		if r.code == code {
			return r.text(w)
		}
	}
	return "unknown error"
}
