package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
	"dingtalk-plugin/host-test/robot"
)

// speed is how long a runtime takes, from its SDK's side: each the median of
// what was measured. A call includes a request to the robot, the first one the
// probe as well.
type speed struct{ load, first, call time.Duration }

// starts is how many processes are started for load and first.
const starts = 5

func (b *bench) measure(ctx context.Context, command []string, calls int) (s speed, err error) {
	fake, err := newFake(&robot.Options{Token: b.suite.Robot.Token, Secret: b.suite.Robot.Secret, PerMinute: -1})
	if err != nil {
		return s, err
	}
	defer fake.die()
	c := testCase{Config: map[string]*string{"DINGTALK_BOT_MESSAGES_PER_MINUTE": new(string)}}
	*c.Config["DINGTALK_BOT_MESSAGES_PER_MINUTE"] = "0"
	m := &meter{fake: fake, settings: b.suite.settings(&c, fake.hostPort)}
	for i := range starts {
		n := 1
		if i == starts-1 {
			n += calls
		}
		if err := m.start(ctx, command, n); err != nil {
			return s, err
		}
	}
	return speed{median(m.loads), median(m.firsts), median(m.calls)}, nil
}

type meter struct {
	fake                 *fake
	settings             *protocol.Settings
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
		order, err := (&call{Tool: "send_text_message", Arguments: map[string]any{"text": text}}).order()
		if err != nil {
			return err
		}
		if i == 0 {
			order.Fresh = m.settings
		}
		answer, err := driver.ask(order)
		if err != nil {
			return err
		}
		if err := m.check(answer, text); err != nil {
			return err
		}
		took := time.Duration(answer.Call) * time.Microsecond
		if i == 0 {
			m.loads = append(m.loads, time.Duration(answer.Load)*time.Microsecond)
			m.firsts = append(m.firsts, took)
		} else {
			m.calls = append(m.calls, took)
		}
	}
	return nil
}

func (m *meter) check(answer *protocol.Answer, text string) error {
	var got output
	_ = json.Unmarshal([]byte(answer.Output), &got) // what is no output is not ok
	messages := m.fake.robot.Messages()
	result, _ := got.Structured.(map[string]any)
	if result["ok"] != true || len(messages) == 0 || messages[len(messages)-1].Text != text {
		return fmt.Errorf("measuring: %q was answered with %s %s", text, answer.Output, answer.Error)
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
