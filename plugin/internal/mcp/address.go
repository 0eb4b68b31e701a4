package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
)

// readRobot configures one robot.
func readRobot(r *reader) *dingtalk.Robot {
	robot := &dingtalk.Robot{
		Secret:            r.text(keySecret),
		Keywords:          dingtalk.ParseKeywords(r.text(keyKeywords)),
		AllowAtAll:        r.flag(keyAllowAll, true),
		MessagesPerMinute: r.number(keyPerMinute, 20, 0, 10000),
		MaxParts:          r.number(keyMaxParts, 5, 1, 10),
		MaxRetries:        r.number(keyRetries, 1, 0, 5),
	}
	r.address(robot)
	return robot
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
