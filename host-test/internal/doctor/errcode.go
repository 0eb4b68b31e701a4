package doctor

import (
	"fmt"
	"strings"
)

// A refusal is what an errcode means for the doctor. Codes and texts are those
// of https://open.dingtalk.com/document/development/custom-robots-send-group-messages
// and of users' reports; DingTalk has reworded its texts twice.
type refusal struct {
	code    int
	says    []string // parts of errmsg, any of which must occur; none is any text
	stage   stage
	verdict Verdict
	what    string
	text    string
	remedy  string
}

const (
	copyToken = "Copy the robot's webhook address anew from the group's settings into the configuration."
	askGroup  = "Ask the group's owner to add a robot, and configure its address."
)

// refusals are looked through in order; the first that fits counts.
var refusals = []refusal{
	{400105, nil, atType, Well, "", "", ""},

	{0, nil, atToken, Untested, "access token", "the robot takes a request that DingTalk refuses, so it is not DingTalk's own", "Look whether the group shows anything."},

	{43002, nil, atRequest, Wrong, "request", "it arrived as a GET, as happens after a redirect", "Configure the address that the redirect leads to."},
	{43004, nil, atRequest, Wrong, "request", "it arrived without its content type", "Look at the proxy or gateway in between."},
	{40035, []string{"access_token"}, atRequest, Wrong, "request", "it arrived without the access token", "Look at the proxy or gateway in between, which drops the query."},
	{40035, nil, atRequest, Wrong, "request", "it arrived without its body", "Look at the proxy or gateway in between."},

	{300001, []string{"session"}, atToken, Wrong, "access token", "the address is that of a conversation's session, which has expired", "Configure the webhook address of a custom robot."},
	{300001, nil, atToken, Wrong, "access token", "DingTalk does not know it", copyToken},
	{300005, nil, atToken, Wrong, "access token", "DingTalk does not know it", copyToken},
	{400101, nil, atToken, Wrong, "access token", "DingTalk does not know it", copyToken},
	{40014, nil, atToken, Wrong, "access token", "it is not that of a custom robot", copyToken},
	{88, nil, atToken, Wrong, "access token", "it is not that of a custom robot", copyToken},

	{400106, nil, atRobot, Wrong, "robot", "it was removed from the group", askGroup},
	{400102, nil, atRobot, Wrong, "robot", "it is switched off", "Switch it on in the group's settings."},
	{400013, nil, atRobot, Wrong, "robot", "its group was dissolved", askGroup},
	{130101, nil, atRobot, Wrong, "robot", "it posted more than 20 messages in a minute and is locked for ten minutes", "Wait, and leave DINGTALK_BOT_MESSAGES_PER_MINUTE at 20."},
	{410100, nil, atRobot, Wrong, "robot", "it posted more than 20 messages in a minute and is locked for ten minutes", "Wait, and leave DINGTALK_BOT_MESSAGES_PER_MINUTE at 20."},
	{90020, nil, atRobot, Wrong, "quota", "the organisation's webhook calls of this month are used up", "Have an administrator buy more, or wait for the next month."},
	{45009, nil, atRobot, Wrong, "quota", "a call limit of the organisation is used up", "Ask an administrator."},

	{310000, []string{"sign not match", "签名不匹配"}, atSignature, Wrong, "signature", "it is not the one that the robot's secret gives", "Copy the SEC… text of the robot's security settings (加签) into the configuration's secret."},
	{310000, []string{"invalid timestamp", "签名过期", "timestampms"}, atSignature, Wrong, "signature", "its time is more than an hour off DingTalk's", "Set this machine's clock, best by NTP."},
	{310000, []string{"not in whitelist", "不在白名单"}, atSource, Wrong, "IP address", "this machine's public one is not on the robot's list", "Add it to the robot's security settings (IP地址段)."},
	{310000, []string{"keywords not in content", "关键词不匹配"}, atKeyword, Well, "", "", ""},
	{310000, nil, atSignature, Wrong, "security settings", "they refuse the request", "Compare keywords, signature and IP addresses with the configuration."},
}

// refusalOf never fails: a code that is not known tells nothing of any stage.
func refusalOf(r *reply) refusal {
	for _, known := range refusals {
		if known.fits(r) {
			return known
		}
	}
	return refusal{r.code, nil, atToken, Untested, "access token", "the answer tells nothing about it", "Run the doctor again in a minute."}
}

func (known *refusal) fits(r *reply) bool {
	if known.code != r.code {
		return false
	}
	for _, part := range known.says {
		if strings.Contains(r.text, part) {
			return true
		}
	}
	return len(known.says) == 0
}

// finding holds DingTalk's own words, too, up to the solution that they propose.
func (known *refusal) finding(r *reply) Finding {
	words, _, _ := strings.Cut(r.text, ";")
	return Finding{known.verdict, known.what, fmt.Sprintf("%s (DingTalk says %d %s)", known.text, r.code, words), known.remedy}
}
