package doctor

import (
	"fmt"
	"strings"
)

// A errcodeInfo is what an errcode means for the doctor. Codes and texts are those
// of https://open.dingtalk.com/document/development/custom-robots-send-group-messages
// and of users' reports; DingTalk has reworded its texts twice.
type errcodeInfo struct {
	code   int
	match  []string // parts of errmsg, any of which must occur; none is any text
	stage  stage
	status Status
	name   string
	detail string
	fix    string
}

const (
	copyToken = "Copy the robot's webhook address anew from the group's settings into the configuration."
	askGroup  = "Ask the group's owner to add a robot, and configure its address."
)

// errcodes are looked through in order; the first that fits counts.
var errcodes = []errcodeInfo{
	{400105, nil, atType, OK, "", "", ""},

	{0, nil, atToken, Unknown, "access token", "the robot takes a request that DingTalk refuses, so it is not DingTalk's own", "Look whether the group shows anything."},

	{43002, nil, atRequest, Fail, "request", "it arrived as a GET, as happens after a redirect", "Configure the address that the redirect leads to."},
	{43004, nil, atRequest, Fail, "request", "it arrived without its content type", "Look at the proxy or gateway in between."},
	{40035, []string{"access_token"}, atRequest, Fail, "request", "it arrived without the access token", "Look at the proxy or gateway in between, which drops the query."},
	{40035, nil, atRequest, Fail, "request", "it arrived without its body", "Look at the proxy or gateway in between."},

	{300001, []string{"session"}, atToken, Fail, "access token", "the address is that of a conversation's session, which has expired", "Configure the webhook address of a custom robot."},
	{300001, nil, atToken, Fail, "access token", "DingTalk does not know it", copyToken},
	{300005, nil, atToken, Fail, "access token", "DingTalk does not know it", copyToken},
	{400101, nil, atToken, Fail, "access token", "DingTalk does not know it", copyToken},
	{40014, nil, atToken, Fail, "access token", "it is not that of a custom robot", copyToken},
	{88, nil, atToken, Fail, "access token", "it is not that of a custom robot", copyToken},

	{400106, nil, atRobot, Fail, "robot", "it was removed from the group", askGroup},
	{400102, nil, atRobot, Fail, "robot", "it is switched off", "Switch it on in the group's settings."},
	{400013, nil, atRobot, Fail, "robot", "its group was dissolved", askGroup},
	{130101, nil, atRobot, Fail, "robot", "it posted more than 20 messages in a minute and is locked for ten minutes", "Wait, and leave DINGTALK_BOT_MESSAGES_PER_MINUTE at 20."},
	{410100, nil, atRobot, Fail, "robot", "it posted more than 20 messages in a minute and is locked for ten minutes", "Wait, and leave DINGTALK_BOT_MESSAGES_PER_MINUTE at 20."},
	{90020, nil, atRobot, Fail, "quota", "the organisation's webhook calls of this month are used up", "Have an administrator buy more, or wait for the next month."},
	{45009, nil, atRobot, Fail, "quota", "a call limit of the organisation is used up", "Ask an administrator."},

	{310000, []string{"sign not match", "签名不匹配"}, atSignature, Fail, "signature", "it is not the one that the robot's secret gives", "Copy the SEC… text of the robot's security settings (加签) into the configuration's secret."},
	{310000, []string{"invalid timestamp", "签名过期", "timestampms"}, atSignature, Fail, "signature", "its time is more than an hour off DingTalk's", "Set this machine's clock, best by NTP."},
	{310000, []string{"not in whitelist", "不在白名单"}, atSource, Fail, "IP address", "this machine's public one is not on the robot's list", "Add it to the robot's security settings (IP地址段)."},
	{310000, []string{"keywords not in content", "关键词不匹配"}, atKeyword, OK, "", "", ""},
	{310000, nil, atSignature, Fail, "security settings", "they refuse the request", "Compare keywords, signature and IP addresses with the configuration."},
}

// lookupErrcode never fails: a code that is not known tells nothing of any stage.
func lookupErrcode(r *reply) errcodeInfo {
	for _, known := range errcodes {
		if known.matches(r) {
			return known
		}
	}
	return errcodeInfo{r.code, nil, atToken, Unknown, "access token", "the answer tells nothing about it", "Run the doctor again in a minute."}
}

func (known *errcodeInfo) matches(r *reply) bool {
	if known.code != r.code {
		return false
	}
	for _, part := range known.match {
		if strings.Contains(r.text, part) {
			return true
		}
	}
	return len(known.match) == 0
}

// check holds DingTalk's own words, too, up to the solution that they propose.
func (known *errcodeInfo) check(r *reply) Check {
	words, _, _ := strings.Cut(r.text, ";")
	return Check{known.status, known.name, fmt.Sprintf("%s (DingTalk says %d %s)", known.detail, r.code, words), known.fix}
}
