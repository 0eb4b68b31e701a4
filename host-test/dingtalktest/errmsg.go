package dingtalktest

import "strings"

// saying is what the robot answers in one situation: a code, and its text in each generation. A %s in the text stands for
// something of the sender's own, such as its address.
type saying struct {
	code  int
	texts texts
}

type texts [3]string // by Generation

func (s saying) text(g Wording, arg string) string {
	if g < 0 || int(g) >= len(s.texts) {
		g = Wording2023
	}
	return strings.ReplaceAll(s.texts[g], "%s", arg)
}

// always is a saying that has been worded alike in all years, as far as anybody has seen.
func always(code int, text string) saying { return saying{code, texts{text, text, text}} }

// The codes and most texts are those of
// https://open.dingtalk.com/document/development/custom-robots-send-group-messages; a literal that the page lacks names the
// thread that shows it.
var (
	fine = always(0, "ok")

	needPost       = always(43002, "需要POST请求")
	noToken        = always(40035, "缺少参数 access_token")
	noJSON         = always(40035, "缺少参数 json") // https://github.com/ccfos/nightingale/issues/2704
	badContentType = always(43004, "无效的HTTP HEADER Content-Type")

	// https://github.com/timonwong/prometheus-webhook-dingtalk/issues/226; issue 91 there shows the same text as 300001.
	unknownToken = always(300005, "token is not exist")

	removed   = always(400106, "机器人不存在")
	disabled  = always(400102, "机器人已停用")
	dissolved = always(400013, "群已被解散")

	// https://github.com/jenkinsci/dingtalk-plugin/issues/88, https://github.com/qd-today/qd/issues/510.
	signMismatch = saying{310000, texts{
		WordingLegacy: "sign not match",
		Wording2022: "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;" +
			"link:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;",
		// guess: seen up to 调用的网址中 only; the rest follows the mid text.
		Wording2023: "错误描述:机器人发送签名不匹配;解决方案:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;" +
			"参考链接:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/  搜索相关文档;",
	}}

	// https://github.com/jenkinsci/dingtalk-plugin/issues/116, https://github.com/0wQ/air780e-forwarder/issues/51.
	signExpired = saying{310000, texts{
		WordingLegacy: "invalid timestamp",
		Wording2022:   "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;",
		// guess: the mid text in the new words.
		Wording2023: "错误描述:机器人发送签名过期;解决方案:签名生成时间和发送时间请保持在 timestampms 以内;",
	}}

	// https://github.com/sansan0/TrendRadar/issues/70. %s is the sender's address.
	ipRefused = saying{310000, texts{
		WordingLegacy: "ip %s not in whitelist",
		Wording2022:   "description:ip 不在白名单中;solution:请联系对应群的管理员，设置机器人安全ip地址段",
		// guess: the mid text in the new words.
		Wording2023: "错误描述:ip 不在白名单中;解决方案:请联系对应群的管理员，设置机器人安全ip地址段",
	}}

	// The new literal is in the dingding tests of https://github.com/nicholas-fedor/shoutrrr. %s is the msgtype.
	badMsgType = saying{400105, texts{
		WordingLegacy: "不支持的消息类型",
		// guess: the new text in the mid words.
		Wording2022: "description: 不支持类型 msgType:%s ;solution:请使用支持的类型;" +
			"link:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;",
		Wording2023: "错误描述: 不支持类型 msgType:%s ;解决方案:请使用支持的类型;" +
			"参考链接:请参考本接口对应文档查看支持的消息类型，或者在https://open.dingtalk.com/document/ 搜索对应文档;",
	}}

	// https://github.com/timonwong/prometheus-webhook-dingtalk/issues/30,
	// https://github.com/feiyu563/PrometheusAlert/issues/318, https://github.com/ZhuLinsen/daily_stock_analysis/issues/61.
	tooLong = saying{460101, texts{
		WordingLegacy: "message too long, exceed 20000 bytes",
		Wording2022:   "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
		Wording2023:   "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。",
	}}

	// https://github.com/RayWangQvQ/BiliBiliToolPro/issues/271, https://github.com/mggger/chatgpt-bot-dingding/issues/2.
	noKeyword = saying{310000, texts{
		WordingLegacy: "keywords not in content",
		Wording2022:   "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;",
		Wording2023:   "错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;",
	}}

	unsafeLink = always(430101, "含有不安全的外链")

	// https://github.com/ccfos/nightingale/issues/369. guess: the page's newer code goes with the new texts.
	tooFast    = always(130101, "send too fast, exceed 20 times per minute")
	tooFastNew = always(410100, "发送速度太快而限流")
)

// missing is the answer to a field that is not there or not what it should be. The old style is shown by
// https://github.com/feiyu563/PrometheusAlert/issues/63, the mid one by https://github.com/blinkbean/dingtalk/issues/4, the
// new one by https://github.com/cryozerolabs/n8n-nodes-dingtalk/issues/10.
func missing(code int, path ...string) saying {
	name := strings.Join(path, " --》 ")
	return saying{code, texts{
		WordingLegacy: "miss param : " + strings.Join(path, "->"),
		Wording2022: "description:参数 " + name + " 缺失，或者参数格式不正确; solution:请填充上对应参数;" +
			"link:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;",
		Wording2023: "错误描述:参数 " + name + " 缺失，或者参数格式不正确; 解决方案:请填充上对应参数;" +
			"参考链接:请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;",
	}}
}
