package main

import (
	"net/url"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// tells is what a runtime says that a user should know of. The token, where a
// request breaks after the plugin had made sure of the host: an SDK may quote the
// address in its error or log.
type tells struct {
	tokenInError, tokenInLog bool
	messagesInLog            bool
}

func (t tells) String() string {
	var list []string
	for _, one := range []struct {
		told bool
		what string
	}{
		{t.tokenInError, "the token in the error of a broken request"},
		{t.tokenInLog, "the token of a broken request in the log"},
		{t.messagesInLog, "all messages in the log"},
	} {
		if one.told {
			list = append(list, one.what)
		}
	}
	if list == nil {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// checkSecrets looks for credentials wherever the runtime said something. Only
// the one failure that no plugin can prevent may show them, but for the secret.
func (s *scene) checkSecrets(c *call, answer *protocol.Answer, requests []seen) {
	list := credentials(s.settings.Config, requests)
	if c.Fails == "reached" {
		s.tells.tokenInError = s.tells.tokenInError || find(list, answer.Error) != ""
		s.tells.tokenInLog = s.tells.tokenInLog || find(list, answer.Log) != ""
		list = slices.DeleteFunc(list, func(one credential) bool { return one.name != theSecret })
	}
	for where, text := range map[string]string{"output": answer.Output, "error": answer.Error, "log": answer.Log} {
		if found := find(list, text); found != "" {
			s.fail("the "+where, "it holds "+found)
		}
	}
	arguments, _ := c.Arguments.(map[string]any)
	if text, ok := arguments["text"].(string); ok && text != "" && strings.Contains(answer.Log, text) {
		s.tells.messagesInLog = true
	}
}

const theSecret = "the secret"

// A credential by its name, in one of the forms in which it may be written.
type credential struct{ name, text string }

func credentials(config map[string]string, requests []seen) (list []credential) {
	add := func(name, text string) {
		if text != "" {
			list = append(list, credential{name, text}, credential{name, url.QueryEscape(text)})
		}
	}
	add("the access token", accessToken(config))
	add(theSecret, config["DINGTALK_BOT_SECRET"])
	for _, request := range requests {
		if query, err := url.ParseQuery(request.query); err == nil {
			add("a signature", query.Get("sign"))
		}
	}
	return list
}

// accessToken is the configured one, by itself or in an address. What was never
// expanded is none.
func accessToken(config map[string]string) string {
	for _, key := range []string{"DINGTALK_BOT_ACCESS_TOKEN", "DINGTALK_BOT_WEBHOOK_URL"} {
		if address, err := url.Parse(config[key]); err == nil && address.Query().Has("access_token") {
			return address.Query().Get("access_token")
		}
	}
	if token := config["DINGTALK_BOT_ACCESS_TOKEN"]; !strings.HasPrefix(token, "${") {
		return token
	}
	return ""
}

// find returns the name of the first credential in the text, or nothing.
func find(list []credential, text string) string {
	for _, one := range list {
		if strings.Contains(text, one.text) {
			return one.name
		}
	}
	return ""
}
