package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// A suite is cases.json, whose "about" says what its words mean.
type suite struct {
	About        []string
	Config       map[string]string
	Robot        setup
	AllowedHosts []string
	Cases        []testCase
}

// A testCase is played on an instance of its own. What it gives of config, robot
// and allowed hosts stands in place of the suite's.
type testCase struct {
	Name         string
	Needs        []trait
	Config       map[string]*string // nil takes the suite's value away
	Robot        json.RawMessage
	AllowedHosts []string
	MaxPages     int
	Calls        []call
}

type call struct {
	Tool      string
	Arguments any
	Input     *string // in place of tool and arguments
	Export    string  // in place of "call"

	Fresh   bool     // on a new instance
	Times   int      // so many times, each with the same result
	Dead    bool     // nothing listens at the robot's address
	Replies []string // the robot's faults, one for each POST; "" is none

	Fails    string // "unreached" or "reached": the host ends the call before or after it has seen a credential
	Result   *result
	Requests []request
}

type result struct {
	Text       string   // how the text begins
	Structured any      // of a call
	Tools      []string // of describe
}

// A request is what the robot must get.
type request struct {
	Method string
	Query  string // signed, unless given
	Body   any
	Fate   string // "shown", unless given
}

// parseSuite reads cases.json. What it does not know is an error, or a typo
// would pass for a case that holds.
func parseSuite(data []byte) (*suite, error) {
	s := &suite{}
	if err := strictly(data, s); err != nil {
		return nil, fmt.Errorf("cases.json: %w", err)
	}
	names := map[string]bool{}
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Name == "" || names[c.Name] {
			return nil, fmt.Errorf("cases.json: case %d needs a name of its own, not %q", i+1, c.Name)
		}
		names[c.Name] = true
		if _, err := s.setup(c); err != nil {
			return nil, fmt.Errorf("cases.json: %s: robot: %w", c.Name, err)
		}
		for _, trait := range c.Needs {
			if !slices.Contains(traits, trait) {
				return nil, fmt.Errorf("cases.json: %s: no runtime needs %q", c.Name, trait)
			}
		}
		for j := range c.Calls {
			if err := c.Calls[j].check(); err != nil {
				return nil, fmt.Errorf("cases.json: %s, call %d: %w", c.Name, j+1, err)
			}
		}
	}
	return s, nil
}

func strictly(data []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after its end")
	}
	return nil
}

func (c *call) check() error {
	ways := 0
	for _, given := range []bool{c.Tool != "", c.Input != nil, c.Export != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("want one of tool, input, export")
	case c.Arguments != nil && c.Tool == "":
		return errors.New("arguments are for a tool")
	case (c.Fails == "") == (c.Result == nil):
		return errors.New("want either fails or result")
	case c.Fails != "" && c.Fails != "unreached" && c.Fails != "reached":
		return fmt.Errorf("fails %q is neither unreached nor reached", c.Fails)
	}
	for _, request := range c.Requests {
		if request.Method != "GET" && request.Method != "POST" {
			return fmt.Errorf("no request has the method %q", request.Method)
		}
	}
	return nil
}

// setup is the robot that the case is played with.
func (s *suite) setup(c *testCase) (setup, error) {
	setup := s.Robot
	if c.Robot == nil {
		return setup, nil
	}
	return setup, strictly(c.Robot, &setup)
}

// settings are what the instance is loaded with, for a robot at that host and port.
func (s *suite) settings(c *testCase, hostPort string) *protocol.Settings {
	values := maps.Clone(s.Config)
	for key, value := range c.Config {
		delete(values, key)
		if value != nil {
			values[key] = *value
		}
	}
	hosts := s.AllowedHosts
	if c.AllowedHosts != nil {
		hosts = c.AllowedHosts
	}
	for key, value := range values {
		values[key] = strings.ReplaceAll(value, "$ROBOT", hostPort)
	}
	return &protocol.Settings{Config: values, AllowedHosts: hosts, MaxPages: c.MaxPages}
}
