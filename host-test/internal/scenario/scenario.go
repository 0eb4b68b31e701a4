// Package scenario reads the txtar files that define how the plugin behaves, and runs
// them in any runtime: the end-to-end tests in extism/go-sdk, and conformance in every
// SDK.
package scenario

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/tools/txtar"
)

// A Scenario is one txtar file: prose that describes the behavior, then
//
//	config      key = value lines, without DINGTALK_BOT_. $ROBOT is the fake's
//	            address, $HOST its host and port. Token, secret and address are
//	            set by default; an empty value removes the key.
//	robot       how the fake is set up: key = value lines, see robotOptions
//	host        what the host gives the plugin: "allowed hosts", separated by
//	            commas, and "memory pages" of 64 KiB
//	clock       what the plugin's clock shows, RFC 3339, or "frozen"
//	needs       a Capability in each line, in addition to those that follow
//	            from the rest
//
// and then steps, numbered from the second on ("call 2"):
//
//	before      what happens first, one action a line: "advance 61s", "robot-ahead 2h",
//	            "fault busy", "pass" (no fault for the next), "answer BODY",
//	            "restart", "dead" (nothing listens during this call)
//	call        a tool's name and its arguments, or a raw input from { or [ on; a
//	            template with the function repeat; or "describe", of which the
//	            tools' names and arguments are compared
//	times       how many calls, all with the same outcome; 1 by default
//	requests    the requests that the fake got, each with its verdict
//	result      the CallToolResult, or Trap and its cause in extism/go-sdk
//
// requests and result are written by -update. Any other section is an error.
type Scenario struct {
	Name   string
	Config map[string]string
	Needs  []Capability
	Steps  []Step

	robot, host map[string]string
	clock       string
}

// A Step is one call, or several with the same outcome.
type Step struct {
	Before, Call, Times, Requests, Result string
}

// A Capability is something that not every runtime has.
type Capability string

// The capabilities that scenarios need.
const (
	SettableClock Capability = "settable clock"
	MemoryLimit   Capability = "memory limit"
	RawInput      Capability = "raw input"           // no MCP client in between
	CutTraps      Capability = "cut answer traps"    // the host kills the call
	CutIsEmpty    Capability = "cut answer is empty" // the plugin gets an answer without a body

	// SurvivesTraps is the capability of an instance to work on after a trap. Without it
	// the next call has a new instance, which knows nothing of the calls before.
	SurvivesTraps Capability = "survives traps"

	// StopsRedirects is the capability not to follow redirects, for which libextism has
	// no setting.
	StopsRedirects Capability = "redirects stop"
)

var capabilities = []Capability{SettableClock, MemoryLimit, RawInput, CutTraps, CutIsEmpty, SurvivesTraps, StopsRedirects}

// Trap begins the result of a call that the host killed.
const Trap = "the host ended the call"

// defaultClock is the default time of scenarios; signatures depend on it.
const defaultClock = "2026-12-01T08:00:00Z"

// ParseFile reads a scenario, and returns the archive that it was made from.
func ParseFile(file string) (*Scenario, *txtar.Archive, error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return nil, nil, err
	}
	s, err := parse(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	s.Name = strings.TrimSuffix(filepath.Base(file), ".txtar")
	return s, archive, nil
}

// ParseFolder reads all scenarios of a folder, in the order of their names.
func ParseFolder(folder string) (list []*Scenario, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no scenarios in %s: %v", folder, err)
	}
	for _, file := range files {
		s, _, err := ParseFile(file)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func parse(archive *txtar.Archive) (*Scenario, error) {
	s := &Scenario{}
	seen := map[string]bool{}
	for _, file := range archive.Files {
		if seen[file.Name] {
			return nil, fmt.Errorf("section %q occurs twice", file.Name)
		}
		seen[file.Name] = true
		if err := s.addSection(file.Name, strings.Trim(string(file.Data), "\n")); err != nil {
			return nil, fmt.Errorf("section %q: %w", file.Name, err)
		}
	}
	if len(s.Steps) == 0 || strings.TrimSpace(string(archive.Comment)) == "" {
		return nil, errors.New("prose or a call is missing")
	}
	s.deriveNeeds()
	return s, s.check()
}

func (s *Scenario) addSection(section, data string) (err error) {
	switch section {
	case "config":
		s.Config, err = parseSettings(data)
	case "robot":
		s.robot, err = parseSettings(data)
	case "host":
		s.host, err = parseSettings(data)
	case "clock":
		s.clock = data
	case "needs":
		for line := range strings.Lines(data) {
			s.Needs = append(s.Needs, Capability(strings.TrimSpace(line)))
		}
	default:
		err = s.addToStep(section, data)
	}
	return err
}

func (s *Scenario) addToStep(section, data string) error {
	name, number, numbered := strings.Cut(section, " ")
	n := 1
	if numbered {
		n, _ = strconv.Atoi(number) // 0 is no step either
	}
	if n < 1 || n > len(s.Steps)+1 {
		return errors.New("it does not follow the step before")
	}
	if n > len(s.Steps) {
		s.Steps = append(s.Steps, Step{})
	}
	step := &s.Steps[n-1]
	field := map[string]*string{
		"before": &step.Before, "call": &step.Call, "times": &step.Times, "requests": &step.Requests, "result": &step.Result,
	}[name]
	if field == nil {
		return errors.New("unknown")
	}
	*field = data
	return nil
}

// parseSettings reads "key = value" lines.
func parseSettings(data string) (map[string]string, error) {
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

// deriveNeeds adds the needs that follow from the sections.
func (s *Scenario) deriveNeeds() {
	if s.clock != "" || s.anyLine("advance ") {
		s.Needs = append(s.Needs, SettableClock)
	}
	if s.host["memory pages"] != "" {
		s.Needs = append(s.Needs, MemoryLimit)
	}
	if s.anyLine("fault cut") && !slices.Contains(s.Needs, CutIsEmpty) {
		s.Needs = append(s.Needs, CutTraps)
	}
	if slices.ContainsFunc(s.Steps, func(step Step) bool { return step.raw() }) {
		s.Needs = append(s.Needs, RawInput)
	}
}

// anyLine reports whether a before section has a line with the prefix.
func (s *Scenario) anyLine(prefix string) bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool { return strings.Contains("\n"+step.Before, "\n"+prefix) })
}

// RunsWith reports whether these capabilities include all that the scenario needs.
func (s *Scenario) RunsWith(available []Capability) bool {
	return !slices.ContainsFunc(s.Needs, func(c Capability) bool { return !slices.Contains(available, c) })
}

// check finds errors that would otherwise end a run halfway.
func (s *Scenario) check() error {
	for _, need := range s.Needs {
		if !slices.Contains(capabilities, need) {
			return fmt.Errorf("needs: unknown capability %q", need)
		}
	}
	if _, err := s.parseClock(); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	if _, err := s.robotOptions(); err != nil {
		return fmt.Errorf("robot: %w", err)
	}
	if _, err := s.settings(); err != nil {
		return fmt.Errorf("host: %w", err)
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		_, _, callErr := step.Input()
		_, timesErr := step.times()
		_, beforeErr := parseBefore(step.Before)
		if err := cmp.Or(callErr, timesErr, beforeErr); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

// parseClock returns the scenario's time, or the zero time for a frozen clock.
func (s *Scenario) parseClock() (time.Time, error) {
	if s.clock == "frozen" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, cmp.Or(s.clock, defaultClock))
}

func (s *Step) raw() bool { return strings.HasPrefix(s.Call, "{") || strings.HasPrefix(s.Call, "[") }

func (s *Step) times() (int, error) {
	n, err := strconv.Atoi(cmp.Or(s.Times, "1"))
	if err == nil && n < 1 {
		err = fmt.Errorf("%d calls", n)
	}
	return n, err
}

// Input returns the export to call and its input.
func (s *Step) Input() (export string, input []byte, err error) {
	if s.Call == "describe" {
		return "describe", nil, nil
	}
	text, err := expand(s.Call)
	if err != nil || s.raw() {
		return "call", []byte(text), err
	}
	name, arguments, _ := strings.Cut(text, " ")
	switch {
	case name == "":
		return "", nil, fmt.Errorf("the call is missing")
	case arguments == "":
		input, err = json.Marshal(map[string]any{"params": map[string]any{"name": name}})
		return "call", input, err
	case !json.Valid([]byte(arguments)):
		return "", nil, fmt.Errorf("the arguments are not JSON: %s", arguments)
	}
	return "call", []byte(`{"params":{"name":"` + name + `","arguments":` + arguments + `}}`), nil
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

// token matches the scenario's token as a separate word, as in access_token=token.
var token = regexp.MustCompile(`\b` + Token + `\b`)

// replaceCredentials replaces the scenario's credentials with those of the options.
func (r *Run) replaceCredentials(text string) string {
	if r.options.Token != "" {
		text = token.ReplaceAllLiteralString(text, r.options.Token)
	}
	if r.options.Secret != "" {
		text = strings.ReplaceAll(text, Secret, r.options.Secret)
	}
	return text
}

// Text restores the scenario's own credentials and addresses.
func (r *Run) Text(text string) string {
	text = strings.ReplaceAll(text, r.Recorder.URL, "$ROBOT")
	for own, other := range map[string]string{Token: r.options.Token, Secret: r.options.Secret} {
		if other != "" {
			text = strings.NewReplacer(other, own, url.QueryEscape(other), own).Replace(text)
		}
	}
	return text
}

// Placeholders replace what differs between runs if clock and random source cannot be
// set. Equal identifiers have equal placeholders.
type Placeholders map[string]string

var (
	identifiers = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	signatures  = regexp.MustCompile(`timestamp=[0-9]{13}&sign=[A-Za-z0-9%]+`)
	waits       = regexp.MustCompile(`(Wait |retryAfterSeconds": ?)[0-9]+`)
)

// Replace inserts the placeholders.
func (p Placeholders) Replace(text string) string {
	text = signatures.ReplaceAllString(text, "timestamp=<timestamp>&sign=<sign>")
	text = waits.ReplaceAllString(text, "$1<seconds>")
	return identifiers.ReplaceAllStringFunc(text, func(id string) string {
		if p[id] == "" {
			p[id] = fmt.Sprintf("<uuid %d>", len(p)+1)
		}
		return p[id]
	})
}

// describe lists the tools with their arguments, and what the configuration added to
// those.
func describe(output []byte) (string, error) {
	if !json.Valid(output) {
		return "", fmt.Errorf("the output is not JSON: %q", output)
	}
	var b strings.Builder
	for _, tool := range gjson.GetBytes(output, "tools").Array() {
		input := tool.Get("inputSchema")
		fmt.Fprintf(&b, "%s %s\n", tool.Get("name"), strings.Join(Arguments(input), " "))
		for _, name := range []string{"atNames", "robot"} {
			if argument := input.Get("properties." + name); argument.Exists() {
				fmt.Fprintf(&b, "  %s: %s %s\n", name, argument.Get("enum").Raw+argument.Get("items.enum").Raw, argument.Get("description"))
			}
		}
	}
	return strings.TrimSpace(b.String()), nil
}

// Arguments names the arguments of an input schema as README writes them.
func Arguments(input gjson.Result) (list []string) {
	input.Get("properties").ForEach(func(name, _ gjson.Result) bool {
		mark := "?"
		if slices.ContainsFunc(input.Get("required").Array(), func(required gjson.Result) bool { return required.Str == name.Str }) {
			mark = ""
		}
		list = append(list, "`"+name.Str+mark+"`")
		return true
	})
	return list
}
