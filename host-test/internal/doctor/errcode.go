package doctor

import (
	"slices"
	"strings"

	"dingtalk-plugin/schema"
)

// An errcodeInfo is what an errcode means for the doctor. Codes and texts are
// those of https://open.dingtalk.com/document/development/custom-robots-send-group-messages
// and of users' reports; DingTalk has reworded its texts twice.
type errcodeInfo struct {
	codes  []int
	match  []string // parts of errmsg, one of which must occur; none matches any text
	stage  stage
	status Status
	name   format
	detail format
	fix    format // or ""
}

const (
	copyToken  format = "Copy the robot's webhook address again from the group's settings into the configuration."
	addRobot   format = "Ask the group's owner to add a robot, and configure its address."
	checkProxy format = "Check the proxy or gateway in between."
	buyCalls   format = "Have an administrator look at the usage and buy more, or wait for the next month."
	setClock   format = "Set this machine's clock, preferably by NTP."
)

// errcodes is searched in order; the first match counts.
var errcodes = []errcodeInfo{
	{[]int{400105}, nil, atType, OK, "", "", ""},

	{[]int{0}, nil, atToken, Unknown, "access token", "the robot accepts a request that DingTalk rejects, so it is not DingTalk's own", "Look whether the group shows anything."},

	{[]int{43002}, nil, atRequest, Fail, "request", "it arrived as a GET, as happens after a redirect", "Configure the address that the redirect leads to."},
	{[]int{43004}, nil, atRequest, Fail, "request", "it arrived without its content type", checkProxy},
	{[]int{40035}, []string{"access_token"}, atRequest, Fail, "request", "it arrived without the access token", "Check the proxy or gateway in between, which drops the query."},
	{[]int{40035}, nil, atRequest, Fail, "request", "it arrived without its body", checkProxy},

	{[]int{300001}, []string{"session"}, atToken, Fail, "access token", "the address is that of a conversation's session, which has expired", "Configure the webhook address of a custom robot."},
	{[]int{300005}, nil, atToken, Fail, "access token", "DingTalk does not know it; users report this of external groups, too, and now and then of a valid token", copyToken},
	{[]int{300001, 400101}, nil, atToken, Fail, "access token", "DingTalk does not know it", copyToken},
	{[]int{40014, 88}, nil, atToken, Fail, "access token", "it is not that of a custom robot", copyToken},

	{[]int{400106}, nil, atRobot, Fail, "robot", "it was removed from the group", addRobot},
	{[]int{400102}, nil, atRobot, Fail, "robot", "it is switched off", "Switch it on in the group's settings."},
	{[]int{400013}, nil, atRobot, Fail, "robot", "its group was dissolved", addRobot},
	{[]int{130101, 410100}, nil, atRobot, Fail, "robot", "it posted more than 20 messages in a minute and is locked for ten minutes", "Wait, and leave " + schema.KeyMessagesPerMinute + " at 20."},
	{[]int{90020}, nil, atRobot, Fail, "quota", "the organization's API calls of this month are used up", buyCalls},
	// guess: users got this errcode; that it is about the month is inferred.
	{[]int{90030}, nil, atRobot, Fail, "quota", "the webhook calls of this month are probably used up, the organization's (3000 in the standard edition) or those that an administrator allows this robot", buyCalls},
	{[]int{45009}, nil, atRobot, Fail, "quota", "a call limit of the organization is used up", "Ask an administrator."},

	{[]int{310000}, []string{"sign not match", "签名不匹配"}, atSignature, Fail, "signature", "it does not match the robot's secret", "Copy the SEC… text of the robot's security settings (加签) into the configuration's secret."},
	{[]int{310000}, []string{"invalid timestamp", "签名过期", "timestampms"}, atSignature, Fail, "signature", "its time is more than an hour off DingTalk's", setClock},
	{[]int{310000}, []string{"not in whitelist", "不在白名单"}, atSource, Fail, "IP address", "this machine's public one is not on the robot's list", "Add it to the robot's security settings (IP地址段)."},
	{[]int{310000}, []string{"keywords not in content", "关键词不匹配"}, atKeyword, OK, "", "", ""},
	{[]int{310000}, nil, atSignature, Fail, "security settings", "they reject the request", "Compare keywords, signature and IP addresses with the configuration."},
}

// lookupErrcode returns what an answer means. An unknown errcode is inconclusive.
func lookupErrcode(r *reply) errcodeInfo {
	for _, info := range errcodes {
		if slices.Contains(info.codes, r.code) && info.matches(r.text) {
			return info
		}
	}
	return errcodeInfo{nil, nil, atToken, Unknown, "access token", "the answer is inconclusive", "Run the doctor again in a minute."}
}

func (info *errcodeInfo) matches(errmsg string) bool {
	return info.match == nil || slices.ContainsFunc(info.match, func(part string) bool { return strings.Contains(errmsg, part) })
}

// report adds the check that rejected the request, with DingTalk's words up to
// the solution that they propose.
func (info *errcodeInfo) report(report *Report, r *reply, detail *Text) {
	var fix *Text
	if info.fix != "" {
		fix = say(info.fix)
	}
	errmsg, _, _ := strings.Cut(r.text, ";")
	report.add(info.status, say(info.name), say("%s (errcode %d, %s)", detail, r.code, errmsg), fix)
}
