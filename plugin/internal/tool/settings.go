package tool

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
)

// The configuration keys. README's table is held against Keys.
const (
	keyToken     = "DINGTALK_BOT_ACCESS_TOKEN"
	keySecret    = "DINGTALK_BOT_SECRET"
	keyWebhook   = "DINGTALK_BOT_WEBHOOK_URL"
	keyKeywords  = "DINGTALK_BOT_KEYWORDS"
	keyAllowAll  = "DINGTALK_BOT_ALLOW_AT_ALL"
	keyPerMinute = "DINGTALK_BOT_MESSAGES_PER_MINUTE"
	keyMaxParts  = "DINGTALK_BOT_MAX_PARTS"
	keyRetries   = "DINGTALK_BOT_RETRIES"
)

// Keys are all configuration keys, in README's order.
var Keys = []string{
	keyToken, keySecret, keyWebhook, keyKeywords, keyAllowAll, keyPerMinute, keyMaxParts, keyRetries,
}

// A reader reads configuration values and keeps the first fault it finds: what
// is wrong, under which key, never the value.
type reader struct {
	config func(key string) (string, bool)
	fault  *dingtalk.Error
}

// text returns a value, or "" when there is none. One that reads ${…} was never
// expanded by the runner and counts as none.
func (r *reader) text(key string) string {
	value, _ := r.config(key)
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

func (r *reader) number(key string, fallback, least, most int) int {
	value := r.text(key)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		r.fail(key, "is not a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n
}

func (r *reader) flag(key string, fallback bool) bool {
	switch r.text(key) {
	case "":
		return fallback
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	r.fail(key, "is neither true nor false")
	return fallback
}

func (r *reader) fail(key, fault string) {
	if r.fault == nil {
		r.fault = configError(key, fault)
	}
}

func configError(key, fault string) *dingtalk.Error {
	return &dingtalk.Error{
		Reason: dingtalk.ReasonConfigured,
		Text:   "The message was not sent: the configuration value " + key + " " + fault + ".",
		Next:   "Have the operator correct " + key + " in the runner's configuration.",
		Key:    key,
	}
}

// readRobot configures the one robot.
func readRobot(config func(key string) (string, bool)) (*dingtalk.Robot, *dingtalk.Error) {
	r := &reader{config: config}
	robot := &dingtalk.Robot{
		Secret:     r.text(keySecret),
		Keywords:   dingtalk.ParseKeywords(r.text(keyKeywords)),
		AllowAll:   r.flag(keyAllowAll, true),
		PerMinute:  r.number(keyPerMinute, 20, 0, 10000),
		MaxParts:   r.number(keyMaxParts, 5, 1, 10),
		MaxRepeats: r.number(keyRetries, 1, 0, 5),
	}
	r.address(robot)
	return robot, r.fault
}

// address finds the robot's address and token. A whole address is understood
// under the token's key too, because that is what DingTalk gives people to copy.
func (r *reader) address(robot *dingtalk.Robot) {
	token, webhook := r.text(keyToken), r.text(keyWebhook)
	webhookKey := keyWebhook
	if strings.Contains(token, "://") {
		if webhook == "" {
			webhook, webhookKey, token = token, keyToken, ""
		} else {
			token = r.parseAddress(keyToken, token).Token
		}
	}
	if webhook == "" {
		webhook = dingtalk.DefaultWebhook
	}
	robot.Address = r.parseAddress(webhookKey, webhook)
	token, fault := dingtalk.ParseToken(token)
	if fault != "" {
		r.fail(keyToken, fault)
	}
	switch inAddress := robot.Address.Token; {
	case token == "" && inAddress == "":
		r.fail(keyToken, "is missing")
	case token != "" && inAddress != "" && token != inAddress:
		r.fail(keyWebhook, "carries another access_token than "+keyToken)
	case token == "":
		token = inAddress
	}
	robot.Token = token
}

func (r *reader) parseAddress(key, value string) dingtalk.Address {
	address, fault := dingtalk.ParseAddress(value)
	if fault != "" {
		r.fail(key, fault)
	}
	return address
}
