package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/robot"
)

type soakCommand struct {
	Calls int `help:"How many calls." default:"1000000"`
}

// batch is after how many calls the group is counted and forgotten.
const batch = 500

// A soak calls one instance and keeps books of what the group must have.
type soak struct {
	*group
	plugin                         *host.Plugin
	calls                          int
	want                           map[string]bool // first words of the messages of this batch
	settled                        int             // memory after the first batches, in bytes
	lost, doubled, unsigned, ended int
}

// Run fails when a message was lost or doubled, a signature was wrong, or
// memory grew after the first batches.
func (c *soakCommand) Run(ctx context.Context, line *commands) error {
	s := &soak{group: startGroup(map[string]string{"DINGTALK_BOT_MESSAGES_PER_MINUTE": "0"}), want: map[string]bool{}}
	defer s.Close()
	s.robot.Configure(func(o *robot.Options) { o.PerMinute = -1 })
	plugin, err := line.load(ctx, s.config)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	s.plugin = plugin
	start := time.Now()
	for s.calls < c.Calls {
		if err := s.batch(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("%d calls in %v, %d of them ended by the host\n", s.calls, time.Since(start).Round(time.Second), s.ended)
	fmt.Printf("memory: %d bytes after %d calls, %d bytes at the end\n", s.settled, 4*batch, plugin.Memory())
	fmt.Printf("messages lost: %d, doubled: %d, signatures refused: %d\n", s.lost, s.doubled, s.unsigned)
	if s.lost+s.doubled+s.unsigned > 0 || plugin.Memory() != s.settled {
		return errors.New("the soak found a fault")
	}
	return nil
}

func (s *soak) batch(ctx context.Context) error {
	for range batch {
		if err := s.call(ctx); err != nil {
			return err
		}
	}
	s.count()
	if s.calls <= 4*batch {
		s.settled = s.plugin.Memory()
	}
	return nil
}

// faults are injected in turn, one in ten calls.
var faults = []string{"busy", "accept-then-502", "gateway", "empty", "error", "nocode", "drop-after", "accept-then-busy"}

// call sends the next of a cycle of messages until the plugin says that it
// arrived, as an agent does: under one key.
func (s *soak) call(ctx context.Context) error {
	s.calls++
	tool, arguments := s.message()
	if s.calls%10 == 0 {
		fault, _ := robot.Named(faults[s.calls/10%len(faults)])
		s.robot.Script(fault, fault) // the second outlasts the plugin's own repeat
	}
	for range 4 {
		result, err := s.plugin.Call(ctx, tool, arguments)
		var failure *host.Failure
		switch {
		case errors.As(err, &failure):
			s.ended++
			continue
		case err != nil:
			return err
		case !result.IsError:
			return nil
		case tool == "send_image":
			return nil
		}
	}
	return fmt.Errorf("call %d failed four times", s.calls)
}

// message returns a short text, a refused call, Markdown of 2 KB, of 19 KB, or a
// text of three parts.
func (s *soak) message() (tool string, arguments json.RawMessage) {
	id := fmt.Sprintf("m%d", s.calls)
	body := map[string]any{"text": id + " short", "idempotencyKey": id}
	tool = "send_text_message"
	switch s.calls % 20 {
	case 3:
		tool = "send_image"
	case 7, 12:
		tool, body["title"], body["text"] = "send_markdown_message", id, id+strings.Repeat(" 中文 \"text\"\n", 100)
	case 9:
		tool, body["title"], body["text"] = "send_markdown_message", id, id+strings.Repeat(" word\n", 2700)
	case 17:
		body["text"] = strings.Repeat(id+" ", 50000/len(id))
	}
	if tool != "send_image" {
		s.want[id] = true
	}
	arguments, _ = json.Marshal(body)
	return tool, arguments
}

// count compares what the group has with what it should have.
func (s *soak) count() {
	seen := map[string]int{}
	for _, message := range s.robot.Messages() {
		text := message.Text
		if strings.HasPrefix(text, "(1/") {
			_, text, _ = strings.Cut(text, "\n")
		} else if strings.HasPrefix(text, "(") {
			continue
		}
		id, _, _ := strings.Cut(text, " ")
		seen[id]++
	}
	for id := range s.want {
		if seen[id] == 0 {
			s.lost++
		}
		s.doubled += max(0, seen[id]-1)
	}
	for _, request := range s.robot.Requests() {
		if request.Code == 310000 {
			s.unsigned++
		}
	}
	clear(s.want)
	s.robot.Clear()
}
