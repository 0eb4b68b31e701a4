package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/recorder"
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
func printTable(w io.Writer, rows []row, calls int) {
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
	if d == 0 || base == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms (×%.1f)", float64(d)/float64(time.Millisecond), float64(d)/float64(base))
}

// speed is the median times of a runtime, measured inside its driver. A call includes
// a request to the robot, and the first call a probe.
type speed struct{ load, first, call time.Duration }

// starts is how many processes are started to measure load and first.
const starts = 5

func (s *suiteRun) measure(ctx context.Context, command []string, calls int) (result speed, err error) {
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
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}
