package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/robot"

	"github.com/tidwall/gjson"
)

// A stage is what a scenario plays on.
type stage struct {
	t      *testing.T
	build  int
	fake   *robot.Robot
	wire   *wire
	plugin *host.Plugin
	config map[string]string
	mu     sync.Mutex
	now    time.Time
}

func (s *scenario) set(t *testing.T, build int) *stage {
	now, err := s.parseClock()
	if err != nil {
		t.Fatal(err)
	}
	stage := &stage{t: t, build: build, now: now}
	options := robot.Options{Token: "token", Secret: "SEC000000000000000000000", Now: stage.clock}
	if now.IsZero() {
		options.Now = nil
	}
	faults, err := configureRobot(&options, s.robot)
	if err != nil {
		t.Fatal(err)
	}
	stage.fake = robot.New(&options)
	for _, name := range faults {
		stage.prepare("fault " + name)
	}
	stage.wire = newWire(t, stage.fake)
	stage.config = map[string]string{
		config.Token: "token", config.Secret: "SEC000000000000000000000", config.Webhook: stage.wire.URL + "/robot/send",
	}
	for key, value := range s.config {
		stage.config[config.Prefix+key] = strings.ReplaceAll(value, "$ROBOT", stage.wire.URL)
	}
	stage.load()
	return stage
}

// describe lists the tools with their arguments, and what the configuration
// has put into those.
func (s *stage) describe() string {
	var b strings.Builder
	for _, tool := range describedTools(s.t, s.plugin) {
		fmt.Fprintf(&b, "%s %s\n", tool.Name, strings.Join(tool.arguments(), " "))
		for _, name := range []string{"atNames", "robot"} {
			argument := gjson.GetBytes(tool.InputSchema, "properties."+name)
			if argument.Exists() {
				fmt.Fprintf(&b, "  %s: %s %s\n", name, argument.Get("enum").Raw+argument.Get("items.enum").Raw, argument.Get("description"))
			}
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *stage) load() {
	plugin, err := host.Load(s.t.Context(), module(s.t, s.build), &host.Options{
		Config: s.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache,
		Now: s.clock, Frozen: s.now.IsZero(), Random: zeros{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { plugin.Close(s.t.Context()) })
	s.plugin = plugin
}

// zeros is a random source for bytes that must come out alike.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// prepare does what a step's before section says, a line each.
func (s *stage) prepare(before string) {
	s.t.Helper()
	for line := range strings.Lines(before) {
		verb, object, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "advance":
			s.mu.Lock()
			s.now = s.now.Add(s.duration(object))
			s.mu.Unlock()
		case "robot-ahead":
			s.fake.Advance(s.duration(object))
		case "fault":
			fault, known := robot.Named(object)
			if !known {
				s.t.Fatalf("unknown fault %q; known are %v", object, robot.FaultNames())
			}
			s.fake.Script(fault)
		case "answer":
			s.fake.Script(robot.Fault{Body: object})
		case "pass":
			s.fake.Script(robot.Fault{})
		case "restart":
			s.load()
		default:
			s.t.Fatalf("unknown preparation %q", line)
		}
	}
}

func (s *stage) duration(text string) time.Duration {
	s.t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}
