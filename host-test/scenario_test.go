package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"dingtalk-plugin/host-test/robot"

	"golang.org/x/tools/txtar"
)

// A scenario is one txtar file: prose that says what must hold, then
//
//	config      key = value lines, without DINGTALK_BOT_; $ROBOT is the fake's
//	            address. Token, secret and address are set unless given here.
//	robot       how the fake is set up: key = value lines, see configureRobot
//	clock       what the plugin's clock shows, RFC 3339, or "frozen"
//
// and then steps, numbered from the second on ("call 2"):
//
//	before      what happens first, a line each: "advance 61s", "robot-ahead 2h",
//	            "fault busy", "pass" (no fault for the next), "answer BODY", "restart"
//	call        a tool's name and its arguments, or a raw input from { on; a
//	            template with the function repeat; or "describe", of which the
//	            tools' names and arguments are compared
//	requests    what the fake got, a request and its verdict each
//	result      the CallToolResult
//
// requests and result are written by -update. Any other section is an error.
type scenario struct {
	config, robot map[string]string
	clock         string
	steps         []step
}

type step struct {
	before, call, requests, result string
}

// defaultClock is when scenarios take place; signatures depend on it.
const defaultClock = "2026-12-01T08:00:00Z"

func parseScenario(archive *txtar.Archive) (*scenario, error) {
	s := &scenario{clock: defaultClock}
	seen := map[string]bool{}
	for _, file := range archive.Files {
		if seen[file.Name] {
			return nil, fmt.Errorf("section %q stands twice", file.Name)
		}
		seen[file.Name] = true
		if err := s.take(file.Name, strings.TrimSpace(string(file.Data))); err != nil {
			return nil, err
		}
	}
	if len(s.steps) == 0 || strings.TrimSpace(string(archive.Comment)) == "" {
		return nil, fmt.Errorf("a scenario needs prose and a call")
	}
	return s, nil
}

func (s *scenario) take(section, data string) (err error) {
	switch section {
	case "config":
		s.config, err = settings(data)
		return err
	case "robot":
		s.robot, err = settings(data)
		return err
	case "clock":
		s.clock = data
		return nil
	}
	name, number, _ := strings.Cut(section, " ")
	n, err := strconv.Atoi(number)
	if number == "" {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > len(s.steps)+1 {
		return fmt.Errorf("section %q has no place", section)
	}
	if n > len(s.steps) {
		s.steps = append(s.steps, step{})
	}
	field := map[string]*string{
		"before": &s.steps[n-1].before, "call": &s.steps[n-1].call,
		"requests": &s.steps[n-1].requests, "result": &s.steps[n-1].result,
	}[name]
	if field == nil {
		return fmt.Errorf("unknown section %q", section)
	}
	*field = data
	return nil
}

// settings reads "key = value" lines.
func settings(data string) (map[string]string, error) {
	values := map[string]string{}
	for line := range strings.Lines(data) {
		key, value, found := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if _, twice := values[key]; twice || !found {
			return nil, fmt.Errorf("setting %q: want key = value, once", strings.TrimSpace(line))
		}
		values[key] = strings.TrimSpace(value)
	}
	return values, nil
}

// input is what goes into the plugin's call.
func (s *step) input() ([]byte, error) {
	text, err := expand(s.call)
	if err != nil || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return []byte(text), err
	}
	name, arguments, _ := strings.Cut(text, " ")
	if arguments == "" {
		return json.Marshal(map[string]any{"params": map[string]any{"name": name}})
	}
	if !json.Valid([]byte(arguments)) {
		return nil, fmt.Errorf("the arguments are not JSON: %s", arguments)
	}
	return []byte(`{"params":{"name":"` + name + `","arguments":` + arguments + `}}`), nil
}

func expand(text string) (string, error) {
	t, err := template.New("call").Funcs(template.FuncMap{
		"repeat": func(n int, s string) string { return strings.Repeat(s, n) },
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, nil)
	return b.String(), err
}

// configureRobot sets the fake up.
func configureRobot(o *robot.Options, settings map[string]string) (faults []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		value := settings[key]
		switch key {
		case "token":
			o.Token = value
		case "secret":
			o.Secret = value
		case "keywords":
			o.Keywords = strings.Split(value, ",")
		case "texts":
			err = o.Texts.UnmarshalText([]byte(value))
		case "string codes":
			o.StringCodes = value == "true"
		case "per minute":
			o.PerMinute, err = strconv.Atoi(value)
		case "token code":
			o.TokenCode, err = strconv.Atoi(value)
		case "state":
			o.Disabled, o.Dissolved, o.Removed = value == "disabled", value == "dissolved", value == "removed"
		case "faults":
			faults = strings.Split(value, ",")
		default:
			err = fmt.Errorf("unknown robot setting %q", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return faults, nil
}

// parseClock returns the scenario's time, or the zero time for a frozen clock.
func (s *scenario) parseClock() (time.Time, error) {
	if s.clock == "frozen" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, s.clock)
}
