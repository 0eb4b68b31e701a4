package main

import (
	"net/url"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// leaks are what a runtime reveals that a user should know of. The token can leak
// when a request breaks after the probe: an SDK may quote the URL in its error or log.
type leaks struct {
	tokenInError, tokenInLog bool
	messagesInLog            bool
}

func (l leaks) String() string {
	var list []string
	for _, one := range []struct {
		leaked bool
		what   string
	}{
		{l.tokenInError, "the token in the error of a broken request"},
		{l.tokenInLog, "the token of a broken request in the log"},
		{l.messagesInLog, "all messages in the log"},
	} {
		if one.leaked {
			list = append(list, one.what)
		}
	}
	if list == nil {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// checkLeaks looks for credentials in everything that the runtime prints. Only a trap
// after the probe, which no plugin can prevent, may reveal the token.
func (r *caseRun) checkLeaks(step int, o *scenario.Outcome, response *protocol.Response) {
	list := credentials(r.settings.Config, o.Sent)
	posted := slices.ContainsFunc(o.Sent, func(one recorder.Request) bool { return one.Method == "POST" })
	if o.Trap != nil && (r.probed || posted) {
		r.leaks.tokenInError = r.leaks.tokenInError || find(list, response.Error) != ""
		r.leaks.tokenInLog = r.leaks.tokenInLog || find(list, response.Log) != ""
		list = slices.DeleteFunc(list, func(one credential) bool { return one.name != theSecret })
	}
	for where, text := range map[string]string{"output": response.Output, "error": response.Error, "log": response.Log} {
		if found := find(list, text); found != "" {
			r.fail(step, "the "+where+" holds "+found)
		}
	}
	text := gjson.Get(r.input, "params.arguments.text").String()
	if len(text) >= minMessage && strings.Contains(response.Log, text) {
		r.leaks.messagesInLog = true
	}
}

// Shorter texts may occur in an error or log by chance.
const minMessage, minCredential = 5, 8

const theSecret = "the secret"

// A credential is a secret text, as it is or escaped for a URL, and its name.
type credential struct{ name, text string }

func credentials(config map[string]string, sent []recorder.Request) (list []credential) {
	add := func(name, text string) {
		if len(text) >= minCredential {
			list = append(list, credential{name, text}, credential{name, url.QueryEscape(text)})
		}
	}
	add("the access token", canaryToken) // wherever it is configured
	add("the access token", accessToken(config))
	add(theSecret, canarySecret)
	add(theSecret, config[schema.KeySecret])
	for _, request := range sent {
		if address, err := url.Parse(request.URI); err == nil {
			add("a signature", address.Query().Get("sign"))
		}
	}
	return list
}

// accessToken returns the configured token, which may be part of an address. A
// variable that was not expanded is no token.
func accessToken(config map[string]string) string {
	for _, key := range []string{schema.KeyAccessToken, schema.KeyWebhookURL} {
		if address, err := url.Parse(config[key]); err == nil && address.Query().Has("access_token") {
			return address.Query().Get("access_token")
		}
	}
	if token := config[schema.KeyAccessToken]; !strings.HasPrefix(token, "${") {
		return token
	}
	return ""
}

// find returns the name of the first credential in the text, or "".
func find(list []credential, text string) string {
	for _, one := range list {
		if strings.Contains(text, one.text) {
			return one.name
		}
	}
	return ""
}
