package main

import (
	"errors"
	"testing"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"
)

func TestFind(t *testing.T) {
	config := map[string]string{
		"DINGTALK_BOT_SECRET":      "SECRET+/=",
		"DINGTALK_BOT_WEBHOOK_URL": "https://example.com/?access_token=TOKEN0000&x=1",
	}
	list := credentials(config, []recorder.Request{{URI: "/?timestamp=1&sign=aaaaaaaa%2Bb"}})
	for text, want := range map[string]string{
		"Post \"https://x/?access_token=TOKEN0000\"": "the access token",
		"SECRET+/=":            "the secret",
		"SECRET%2B%2F%3D":      "the secret",
		"sign=aaaaaaaa%2Bb":    "a signature",
		"sign aaaaaaaa+b":      "a signature",
		"token " + canaryToken: "the access token",
		"nothing":              "",
	} {
		if got := find(list, text); got != want {
			t.Errorf("find in %q: %q, want %q", text, got, want)
		}
	}
}

// A leaked credential fails the scenario, except for the token in a trap after the
// probe: that is recorded as a leak of the runtime.
func TestCheckLeaks(t *testing.T) {
	trap := errors.New(scenario.Trap)
	post := []recorder.Request{{Method: "POST"}}
	for name, one := range map[string]struct {
		outcome  scenario.Outcome
		response protocol.Response
		fails    bool
		leaks    leaks
	}{
		"nothing":               {scenario.Outcome{Sent: post}, protocol.Response{Output: "sent", Log: "INFO"}, false, leaks{}},
		"token in the output":   {scenario.Outcome{}, protocol.Response{Output: canaryToken}, true, leaks{}},
		"secret in the log":     {scenario.Outcome{}, protocol.Response{Log: canarySecret}, true, leaks{}},
		"token before a post":   {scenario.Outcome{Trap: trap}, protocol.Response{Error: canaryToken}, true, leaks{}},
		"token after a post":    {scenario.Outcome{Trap: trap, Sent: post}, protocol.Response{Error: canaryToken}, false, leaks{tokenInError: true}},
		"token in the last log": {scenario.Outcome{Trap: trap, Sent: post}, protocol.Response{Log: canaryToken}, false, leaks{tokenInLog: true}},
		"secret after a post":   {scenario.Outcome{Trap: trap, Sent: post}, protocol.Response{Error: canarySecret}, true, leaks{tokenInError: true}},
		"the message":           {scenario.Outcome{Sent: post}, protocol.Response{Log: "text: hello"}, false, leaks{messagesInLog: true}},
	} {
		r := &caseRun{
			caseRunner: &caseRunner{runtime: sdks()[0]}, scenario: &scenario.Scenario{}, settings: &scenario.Settings{},
			input: `{"params":{"arguments":{"text":"hello"}}}`,
		}
		r.checkLeaks(0, &one.outcome, &one.response)
		if len(r.failures) > 0 != one.fails || r.leaks != one.leaks {
			t.Errorf("%s: leaks %v, failures %v", name, r.leaks, r.failures)
		}
	}
}
