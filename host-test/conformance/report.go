package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/recorder"
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
	m := &meter{robot: fake, load: &protocol.Load{AllowedHosts: []string{"127.0.0.1"}, Config: map[string]string{
		"DINGTALK_BOT_ACCESS_TOKEN": canaryToken, "DINGTALK_BOT_SECRET": canarySecret,
		"DINGTALK_BOT_WEBHOOK_URL": recorder.URL, "DINGTALK_BOT_MESSAGES_PER_MINUTE": "0",
	}}}
	for i := range starts {
		n := 1
		if i == starts-1 {
			n += calls
		}
		if err := m.start(ctx, command, n); err != nil {
			return result, err
		}
	}
	return speed{median(m.loads), median(m.firsts), median(m.calls)}, nil
}

type meter struct {
	robot                *dingtalktest.Server
	load                 *protocol.Load
	loads, firsts, calls []time.Duration
}

// start starts a driver and makes n calls, each of which is checked.
func (m *meter) start(ctx context.Context, command []string, n int) error {
	driver, err := startDriver(ctx, command)
	if err != nil {
		return err
	}
	defer driver.close()
	for i := range n {
		text := fmt.Sprint("message ", i)
		request := &protocol.Request{Export: "call", Input: `{"params":{"name":"send_text_message","arguments":{"text":"` + text + `"}}}`}
		if i == 0 {
			request.Load = m.load
		}
		response, err := driver.ask(request)
		if err != nil {
			return err
		}
		if err := m.check(response, text); err != nil {
			return err
		}
		took := time.Duration(response.CallMicros) * time.Microsecond
		if i == 0 {
			m.loads = append(m.loads, time.Duration(response.LoadMicros)*time.Microsecond)
			m.firsts = append(m.firsts, took)
		} else {
			m.calls = append(m.calls, took)
		}
	}
	return nil
}

func (m *meter) check(response *protocol.Response, text string) error {
	var got output
	_ = json.Unmarshal([]byte(response.Output), &got) // anything else is not ok
	messages := m.robot.Messages()
	result, _ := got.Structured.(map[string]any)
	if result["ok"] != true || len(messages) == 0 || messages[len(messages)-1].Text != text {
		return fmt.Errorf("measuring: %q was answered with %s %s", text, response.Output, response.Error)
	}
	return nil
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}
