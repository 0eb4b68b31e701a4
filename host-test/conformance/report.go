package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A row is the result for a runtime.
type row struct {
	name, version string
	passed, run   int
	speed         speed
	survives      bool
	leaks         leaks
}

// printTable prints a line for each runtime, with each time's ratio to that of the
// first runtime.
func printTable(w io.Writer, rows []row) {
	fmt.Fprintf(w, "\nTimes: medians of %d cold starts and of %d calls, each of which posts a message to a robot on this machine.\n\n", starts, calls)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "runtime\tversion\tcases\tload\tfirst call\tper call\tafter a failed request\tit leaks")
	for _, r := range rows {
		base := rows[0].speed
		instance := "needs a new instance"
		if r.survives {
			instance = "works on"
		}
		fmt.Fprintf(t, "%s\t%s\t%d/%d\t%s\t%s\t%s\t%s\t%s\n", r.name, r.version, r.passed, r.run,
			ratio(r.speed.load, base.load), ratio(r.speed.first, base.first), ratio(r.speed.call, base.call),
			instance, r.leaks)
	}
	t.Flush()
}

func ratio(d, base time.Duration) string {
	return fmt.Sprintf("%.1f ms (×%.1f)", float64(d)/float64(time.Millisecond), float64(d)/float64(base))
}

// speed is the median times of a runtime, measured inside its driver. A call includes
// a request to the robot, and the first call a probe.
type speed struct{ load, first, call time.Duration }

// starts is how many processes are started to measure load and first.
const starts = 5

func measure(ctx context.Context, command []string) (result speed, err error) {
	fake := dingtalktest.New(&dingtalktest.Options{Token: canaryToken, Secret: canarySecret, PerMinute: -1})
	recorder, err := recorder.New(fake)
	if err != nil {
		return result, err
	}
	defer recorder.Close()
	load := &protocol.Load{AllowedHosts: []string{"127.0.0.1"}, Config: map[string]string{
		schema.KeyAccessToken: canaryToken, schema.KeySecret: canarySecret,
		schema.KeyWebhookURL: recorder.URL, schema.KeyMessagesPerMinute: "0",
	}}
	var loads, firsts, others []time.Duration
	for i := range starts {
		n := 1
		if i == starts-1 {
			n += calls
		}
		responses, err := callTimes(ctx, command, load, fake, n)
		if err != nil {
			return result, err
		}
		loads, firsts = append(loads, micros(responses[0].LoadMicros)), append(firsts, micros(responses[0].CallMicros))
		for _, response := range responses[1:] {
			others = append(others, micros(response.CallMicros))
		}
	}
	return speed{median(loads), median(firsts), median(others)}, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// callTimes starts a driver and makes n calls, each of which must post a message.
func callTimes(ctx context.Context, command []string, load *protocol.Load, fake *dingtalktest.Server, n int) (list []*protocol.Response, err error) {
	driver, err := startDriver(ctx, command)
	if err != nil {
		return nil, err
	}
	defer driver.close()
	for i := range n {
		text := fmt.Sprint("message ", i)
		response, err := driver.ask(&protocol.Request{
			Load: load, Export: "call", Input: `{"params":{"name":"send_text_message","arguments":{"text":"` + text + `"}}}`,
		})
		if err != nil {
			return nil, err
		}
		messages := fake.Messages()
		if !gjson.Get(response.Output, "structuredContent.ok").Bool() || len(messages) == 0 || messages[len(messages)-1].Text != text {
			return nil, fmt.Errorf("measuring: %q was answered with %s %s", text, response.Output, response.Error)
		}
		list, load = append(list, response), nil
	}
	return list, nil
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

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
