package dingtalktest

// text is the errmsg of a scripted error: its own, or the literal that is known for its code.
func (f Fault) text(g Wording) string {
	if f.Text != "" {
		return f.Text
	}
	for _, s := range known() {
		if s.code == f.Code {
			return s.text(g, "")
		}
	}
	return "unknown error"
}

// known are the sayings that a fault can be given by its code alone. Of several with one code the likeliest comes first.
func known() []saying {
	return []saying{
		always(-1, "系统繁忙"),
		// https://github.com/jeessy2/ddns-go/issues/1048
		always(500100, "description:系统异常，请稍后再试;"),
		tooFast, tooFastNew, noKeyword, unknownToken, noJSON, needPost, badContentType, removed, disabled, dissolved,
		badMsgType, tooLong, unsafeLink,
		// Conditions that the robot itself never finds, from the same page and its global list of codes.
		always(300001, "token is not exist"),
		always(400101, "access_token不存在"),
		always(430102, "含有不合适的文本"),
		always(430103, "含有不合适的图片"),
		always(430104, "含有不合适的内容"),
		always(40014, "不合法的access_token"),
		always(45009, "接口调用超过限制"),
		always(88, "鉴权异常"),
	}
}
