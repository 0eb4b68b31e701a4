package dingtalk

import (
	"strings"

	"dingtalk-plugin/schema"
)

// An ErrcodeInfo is what an errcode means and what to do about it.
//
// Codes and texts come from DingTalk's page
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages),
// its global list of codes, and users' reports, because the page lists only some
// of them. DingTalk has reworded its texts twice; Match holds a part of each.
type ErrcodeInfo struct {
	Code      int      // errcode
	LastCode  int      // last errcode of a range that begins with Code, or 0
	Match     []string // parts of errmsg, any of which must occur; none matches any text
	Cause     string   // one sentence
	Advice    string   // one sentence, in the imperative
	ConfigKey string   // configuration key concerned, or ""

	reason    Reason
	retryable bool
	after     int // seconds
}

const (
	errcodeBusy          = -1
	errcodeInternal      = 500100
	errcodeRateLimited   = 130101
	errcodeRateLimitedV2 = 410100
	lockSeconds          = 600 // how long a robot that was too fast stays locked
	firewallSeconds      = 300 // how long an IP address that called too often stays locked
)

const (
	adviceRepeat    = "Call again with the idempotencyKey given here; the message arrives at most once."
	adviceLocked    = "Wait 600 seconds, then send one message that holds everything."
	adviceOperator  = "Tell the operator; repeating the call does not help."
	adviceReword    = "Change the message: repeating it unchanged does not help."
	adviceReportBug = "Report it to the plugin's authors with this text; repeating the call does not help."

	causeUnknownToken = "DingTalk does not know this access token."
	adviceRecopyToken = "Have the operator copy the robot's webhook address again from the group's settings into DINGTALK_BOT_ACCESS_TOKEN."
)

// Errcodes are all that are known. The first that matches counts. The
// table in plugin/ERRORS.md is made from them.
var Errcodes = []ErrcodeInfo{
	{Code: errcodeBusy, reason: ReasonUnknown, retryable: true,
		Cause:  "DingTalk is busy; the message may or may not have arrived.",
		Advice: adviceRepeat},
	{Code: errcodeInternal, reason: ReasonUnknown, retryable: true,
		Cause:  "DingTalk reports an internal error; the message may or may not have arrived.",
		Advice: adviceRepeat},

	{Code: 310000, Match: []string{"keywords not in content", "关键词不匹配"}, ConfigKey: schema.KeyKeywords,
		Cause:  "The robot only accepts messages that contain one of its keywords.",
		Advice: "Put one of the robot's keywords into the text, or have the operator set DINGTALK_BOT_KEYWORDS so that it is added."},
	{Code: 310000, Match: []string{"sign not match", "签名不匹配"}, ConfigKey: schema.KeySecret,
		Cause:  "The robot requires signed requests, and the configured secret is missing or not this robot's.",
		Advice: "Have the operator set DINGTALK_BOT_SECRET to the SEC… text of this robot's security settings."},
	{Code: 310000, Match: []string{"invalid timestamp", "签名过期", "timestampms"}, reason: ReasonClock,
		Cause:  "The host's clock is more than one hour off DingTalk's.",
		Advice: "Have the operator set the host's clock; a host written in Go with extism/go-sdk must pass a ModuleConfig with WithSysWalltime()."},
	{Code: 310000, Match: []string{"not in whitelist", "不在白名单"},
		Cause:  "The robot only accepts requests from listed IP addresses, and the host's public address is none of them.",
		Advice: "Have the operator add the host's public IPv4 address to the robot's security settings."},
	{Code: 310000,
		Cause:  "The robot's security settings refuse the message.",
		Advice: "Have the operator compare keywords, signature and IP addresses in the robot's security settings with the plugin's configuration."},

	{Code: errcodeRateLimited, reason: ReasonRate, retryable: true, after: lockSeconds,
		Cause:  "The robot posted more than 20 messages in a minute and is locked for ten minutes.",
		Advice: adviceLocked},
	{Code: errcodeRateLimitedV2, reason: ReasonRate, retryable: true, after: lockSeconds,
		Cause:  "The robot posted more than 20 messages in a minute and is locked for ten minutes.",
		Advice: adviceLocked},

	{Code: 300001, Match: []string{"session"}, ConfigKey: schema.KeyWebhookURL,
		Cause:  "The address is that of a conversation's session, which has expired.",
		Advice: "Have the operator configure the webhook address of a custom robot instead."},
	{Code: 300001, Match: []string{"token"}, ConfigKey: schema.KeyAccessToken, Cause: causeUnknownToken, Advice: adviceRecopyToken},
	{Code: 300005, ConfigKey: schema.KeyAccessToken, Advice: adviceRecopyToken,
		Cause: "DingTalk does not know this access token; users report this of external groups, too, and now and then of a valid token."},
	{Code: 400101, ConfigKey: schema.KeyAccessToken, Cause: causeUnknownToken, Advice: adviceRecopyToken},
	{Code: 40035, Match: []string{"access_token"}, ConfigKey: schema.KeyAccessToken,
		Cause:  "The request arrived without an access token.",
		Advice: "Have the operator check that the webhook address does not lead to a server that drops the query."},
	{Code: 40035, Match: []string{"json"}, ConfigKey: schema.KeyWebhookURL,
		Cause:  "The request arrived without its body.",
		Advice: "Have the operator check that the webhook address leads straight to DingTalk and not over a redirect."},
	{Code: 40035, Cause: "A parameter is missing.", Advice: adviceReportBug},
	{Code: 40014, ConfigKey: schema.KeyAccessToken,
		Cause:  "The token is of another kind, not that of a custom robot.",
		Advice: adviceRecopyToken},
	{Code: 88, ConfigKey: schema.KeyAccessToken,
		Cause:  "DingTalk treats the address as a different API and refuses the token.",
		Advice: adviceRecopyToken},
	{Code: 43002, ConfigKey: schema.KeyWebhookURL,
		Cause:  "The request arrived as a GET, as happens after a redirect.",
		Advice: "Have the operator configure the address that the redirect leads to."},
	{Code: 43004, ConfigKey: schema.KeyWebhookURL,
		Cause:  "The request arrived without its content type.",
		Advice: "Have the operator check what is between the host and DingTalk."},

	{Code: 460101, Cause: "The message is over 20000 bytes.", Advice: "Shorten it or send it in several calls."},
	{Code: 101002, Cause: "The message is too long.", Advice: "Shorten it or send it in several calls."},

	{Code: 400013, Cause: "The group has been dissolved.", Advice: adviceOperator},
	{Code: 400102, Cause: "The robot is switched off in the group's settings.", Advice: adviceOperator},
	{Code: 400105, Cause: "This robot does not accept this type of message.", Advice: "Use send_text_message or send_markdown_message."},
	{Code: 400106, Cause: "The robot was removed from the group.", Advice: adviceOperator},
	{Code: 400200, LastCode: 400299, Cause: "DingTalk reports a missing field in the text message.", Advice: adviceReportBug},
	{Code: 400300, LastCode: 400399, Cause: "DingTalk reports a missing field in the link message.", Advice: adviceReportBug},
	{Code: 400400, LastCode: 400499, Cause: "DingTalk reports a missing field in the Markdown message; perhaps it takes a blank title or text for missing.", Advice: "Give a title and a text that are not blank."},
	{Code: 400500, LastCode: 400599, Cause: "DingTalk reports a missing field in the action card.", Advice: adviceReportBug},
	{Code: 400600, LastCode: 400699, Cause: "DingTalk reports a missing field in the feed card.", Advice: adviceReportBug},

	{Code: 430101, Cause: "DingTalk considers a link in the message unsafe.", Advice: adviceReword},
	{Code: 430102, Cause: "DingTalk's content filter rejected the text.", Advice: adviceReword},
	{Code: 430103, Cause: "DingTalk's content filter rejected a picture in the message.", Advice: adviceReword},
	{Code: 430104, Cause: "DingTalk's content filter rejected the content.", Advice: adviceReword},

	{Code: 45009, reason: ReasonRate, Cause: "A call limit of the organization is used up.", Advice: adviceOperator},
	{Code: 90002, reason: ReasonRate, retryable: true, after: 60, Cause: "DingTalk as a whole is throttling.", Advice: "Wait a minute, then repeat the call."},
	{Code: 90018, reason: ReasonRate, retryable: true, after: 1, Cause: "Too many calls in this second.", Advice: "Wait a second, then repeat the call."},
	{Code: 90020, reason: ReasonRate, Cause: "The organization's monthly quota of API calls is used up.", Advice: adviceOperator},
	// guess: users got the text; that it is about the month is inferred from the billing model.
	{Code: 90030, reason: ReasonRate, Advice: adviceOperator,
		Cause: "The organization's or the robot's monthly quota of webhook calls is probably used up."},
}

// lookupErrcode explains an errcode, also one that is not in the table.
func lookupErrcode(code int, msg string) ErrcodeInfo {
	info := ErrcodeInfo{
		Cause:  "DingTalk refused the message for a reason this plugin does not know.",
		Advice: "Read DingTalk's own words; repeating the call unchanged hardly helps.",
	}
	for i := range Errcodes {
		if Errcodes[i].matches(code, msg) {
			info = Errcodes[i]
			break
		}
	}
	if info.reason == "" {
		info.reason = ReasonRefused
	}
	return info
}

func (c *ErrcodeInfo) matches(code int, msg string) bool {
	if code != c.Code && (code < c.Code || code > c.LastCode) {
		return false
	}
	for _, part := range c.Match {
		if strings.Contains(msg, part) {
			return true
		}
	}
	return len(c.Match) == 0
}
