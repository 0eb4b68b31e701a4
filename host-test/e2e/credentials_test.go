package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	extism "github.com/extism/go-sdk"
)

// Credentials that occur in no text by chance.
const (
	canaryToken  = "CANARYtokenCANARYtoken0123456789"
	canarySecret = "SECcanaryCANARYcanary/+=0123456789"
)

// A leakCase is one way in which a call can fail.
type leakCase struct {
	name     string
	webhook  string // the fake's unless given
	hosts    []string
	fake     dingtalktest.Options
	fault    string
	probeErr bool // fails in the probe, or before
}

func leakCases(t *testing.T) []leakCase {
	list := []leakCase{
		{name: "host not allowed", hosts: []string{"example.com"}, probeErr: true},
		{name: "no host allowed", hosts: []string{}, probeErr: true},
		{name: "refused connection", webhook: "http://" + freeAddress(t), probeErr: true},
		{name: "unknown name", webhook: "https://robot.invalid/robot/send", hosts: []string{"*"}, probeErr: true},
		{name: "no TLS there", webhook: strings.Replace(serve(t, "127.0.0.1:0", http.NotFoundHandler()), "http:", "https:", 1), probeErr: true},
		{name: "not an address", webhook: "https://exa mple/?access_token=" + canaryToken, probeErr: true},
		{name: "plain http", webhook: "http://example.com/?access_token=" + canaryToken, probeErr: true},
		{name: "unknown token", fake: dingtalktest.Options{Token: "another"}},
		{name: "wrong secret", fake: dingtalktest.Options{Secret: "SECanother"}},
		{name: "keyword", fake: dingtalktest.Options{Keywords: []string{"x"}}},
	}
	for _, name := range dingtalktest.FaultNames() {
		list = append(list, leakCase{name: "fault " + name, fault: name})
	}
	return list
}

// However a call fails, no credential leaks into a result, an error, the SDK's log
// or the fake's record. README documents one exception, which the harness hides:
// when the connection breaks after the probe, extism/go-sdk's own error quotes the
// address.
func TestNoCredentialLeaks(t *testing.T) {
	for build := range builds {
		for _, c := range leakCases(t) {
			t.Run(builds[build].name+"/"+c.name, func(t *testing.T) { c.run(t, build) })
		}
	}
}

func (c *leakCase) run(t *testing.T, build int) {
	c.fake.Token, c.fake.Secret = cmp.Or(c.fake.Token, canaryToken), cmp.Or(c.fake.Secret, canarySecret)
	values := map[string]string{schema.KeyAccessToken: canaryToken, schema.KeySecret: canarySecret, schema.KeyRetries: "0"}
	if c.webhook != "" {
		values[schema.KeyWebhookURL] = c.webhook
	}
	fake, values := newFake(t, &c.fake, values)
	fault, known := dingtalktest.FaultByName(c.fault)
	if !known {
		fault.Body = fmt.Sprintf(`{"errcode":310000,"errmsg":"sign not match: %s %s %s"}`, canaryToken, canarySecret, url.QueryEscape(canarySecret))
	}
	fake.InjectFaults(fault)
	var output bytes.Buffer
	log.SetOutput(&output)
	defer log.SetOutput(io.Discard)
	c.call(t, load(t, build, host.Options{Config: values, AllowedHosts: c.hosts}), &output)
	fmt.Fprintf(&output, "%+v", fake.Requests())
	checkNoCredential(t, output.String())
}

// call makes two calls, because the first one uses up the fault, and writes down
// their results and errors.
func (c *leakCase) call(t *testing.T, plugin *host.Plugin, output io.Writer) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	extism.SetLogLevel(extism.LogLevelTrace)
	for range 2 {
		result, err := plugin.Call(ctx, "send_text_message", json.RawMessage(`{"text":"hi","idempotencyKey":"k"}`))
		var trap *host.TrapError
		if errors.As(err, &trap) && c.probeErr {
			fmt.Fprint(output, trap.Unwrap())
		}
		fmt.Fprint(output, err, toJSON(t, result))
	}
}

func checkNoCredential(t *testing.T, output string) {
	t.Helper()
	for _, credential := range []string{canaryToken, canarySecret, url.QueryEscape(canarySecret)} {
		if i := strings.Index(output, credential); i >= 0 {
			t.Errorf("%q leaked in: …%s", credential, output[max(0, i-200):min(len(output), i+100)])
		}
	}
	if strings.Contains(output, "&sign=") && !strings.Contains(output, "sign=***") {
		t.Errorf("a signature leaked in: %s", output)
	}
}
