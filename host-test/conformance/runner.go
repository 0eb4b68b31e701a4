package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/conformance/protocol"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/google/go-cmp/cmp"
)

// A suiteRun runs all scenarios in one runtime after the other.
type suiteRun struct {
	scenarios   []*scenario.Scenario
	plugin      string
	readme      string // its text
	installer   *installer
	transcripts map[string]string // by scenario, of the first runtime that ran it
	failures    []string
}

// run runs all scenarios whose needs the runtime meets.
func (s *suiteRun) run(ctx context.Context, r *extismRuntime, command []string) (*row, error) {
	driver, err := startDriver(ctx, command)
	if err != nil {
		return nil, err
	}
	defer driver.close()
	c := &caseRunner{runtime: r, driver: driver, transcripts: s.transcripts}
	row := &row{name: r.name, version: driver.version, survives: r.survives()}
	for _, one := range s.scenarios {
		if !one.RunsWith(r.capabilities) {
			continue
		}
		passed, err := c.run(ctx, one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		row.run++
		if passed {
			row.passed++
		}
	}
	row.leaks = c.leaks
	s.failures = append(s.failures, c.failures...)
	if c.leaks != r.leaks {
		s.failures = append(s.failures, fmt.Sprintf("%s leaks %v, and was known to leak %v", r.name, c.leaks, r.leaks))
	}
	return row, nil
}

// A caseRunner runs scenarios in one runtime.
type caseRunner struct {
	runtime     *extismRuntime
	driver      *driver
	transcripts map[string]string
	failures    []string
	leaks       leaks
}

// The robot's credentials occur in no text by chance, and the secret has characters
// that a URL escapes.
const (
	canaryToken  = "CANARYtokenCANARYtoken0123456789"
	canarySecret = "SECcanaryCANARYcanary/+=0123456789"
)

// run runs a scenario and reports whether it passed. An error is the driver's.
func (c *caseRunner) run(ctx context.Context, s *scenario.Scenario) (bool, error) {
	before := len(c.failures)
	r := &caseRun{caseRunner: c, scenario: s, want: scenario.Placeholders{}, got: scenario.Placeholders{}}
	run, err := s.Start(ctx, r, &scenario.Options{RealClock: true, Token: canaryToken, Secret: canarySecret})
	if err != nil {
		return false, err
	}
	defer run.Close()
	for i := range s.Steps {
		outcome, err := run.Step(ctx, i)
		if r.broken != nil {
			return false, r.broken
		}
		if err != nil {
			r.fail(i, err.Error())
			break
		}
		r.check(i, run, outcome)
	}
	r.transcript = scenario.Placeholders{}.Replace(r.transcript)
	if first, found := c.transcripts[s.Name]; !found {
		c.transcripts[s.Name] = r.transcript
	} else if d := diff(first, r.transcript); d != "" {
		r.fail(len(s.Steps)-1, "the first runtime and this one differ: "+d)
	}
	return len(c.failures) == before, nil
}

// A caseRun is a scenario that is being run.
type caseRun struct {
	*caseRunner
	scenario   *scenario.Scenario
	settings   *scenario.Settings
	load       bool // load a new instance with the next call
	probed     bool // the instance has probed the address, and sends credentials
	input      string
	responses  []*protocol.Response // of the step
	broken     error                // of the driver
	want, got  scenario.Placeholders
	transcript string
}

// Load implements scenario.Runtime. The next call loads the instance.
func (r *caseRun) Load(_ context.Context, s *scenario.Settings) error {
	r.settings, r.load, r.probed = s, true, false
	return nil
}

// Call implements scenario.Runtime. It replaces an instance that does not survive a
// trap.
func (r *caseRun) Call(_ context.Context, export string, input []byte) ([]byte, error) {
	r.input = string(input)
	request := &protocol.Request{Export: export, Input: r.input}
	if r.settings.Now != nil {
		request.Now = r.settings.Now().UnixNano()
	}
	if r.load {
		request.Load = newLoad(r.settings)
	}
	response, err := r.driver.ask(request)
	if err != nil {
		r.broken = err
		return nil, err
	}
	r.responses = append(r.responses, response)
	loaded := request.Load == nil || response.LoadMicros > 0
	r.load = !loaded || response.Error != "" && !r.runtime.survives()
	if response.Error != "" {
		return nil, errors.New(scenario.Trap)
	}
	return []byte(response.Output), nil
}

func newLoad(s *scenario.Settings) *protocol.Load {
	load := &protocol.Load{Config: s.Config, AllowedHosts: s.AllowedHosts, MaxPages: s.MaxPages}
	switch {
	case s.Frozen:
		load.Clock = protocol.DefaultClock
	case s.Now != nil:
		load.Clock = protocol.RequestClock
	}
	return load
}

// fail records what is wrong in a step.
func (r *caseRun) fail(step int, what string) {
	if len(what) > maxShown {
		what = strings.ToValidUTF8(what[:maxShown], "") + "…"
	}
	r.failures = append(r.failures, fmt.Sprintf("%s: %s, step %d: %s", r.runtime.name, r.scenario.Name, step+1, what))
}

// check compares the outcome of a step with its sections, and looks for leaks.
func (r *caseRun) check(i int, run *scenario.Run, o *scenario.Outcome) {
	step := &r.scenario.Steps[i]
	for _, response := range r.responses {
		r.checkLeaks(i, o, response)
	}
	r.responses = nil
	r.probed = o.Trap == nil && (r.probed || len(o.Sent) > 0)
	want := r.want.Replace(step.Requests + "\n" + normalize(step, step.Result))
	got := r.got.Replace(o.Requests + "\n" + normalize(step, o.Result))
	if d := diff(want, got); d != "" {
		r.fail(i, "(-want +got) "+d)
	}
	r.transcript += run.Text(transcript(o.Sent) + canonical(o.Output))
}

func transcript(sent []recorder.Request) (text string) {
	for _, request := range sent {
		text += request.String() + "\n"
	}
	return text
}

// maxShown limits the difference in a failure, in bytes.
const maxShown = 2000

// normalize removes from a result what a runner may change, and from a trap its
// cause, which each host words differently.
func normalize(step *scenario.Step, result string) string {
	switch {
	case strings.HasPrefix(result, scenario.Trap):
		return scenario.Trap
	case step.Call == "describe":
		return sortArguments(result)
	}
	return canonical(result)
}

// sortArguments sorts the arguments in each tool's line: decoding JSON loses their
// order.
func sortArguments(tools string) string {
	lines := strings.Split(tools, "\n")
	for i, line := range lines {
		if words := strings.Fields(line); !strings.HasPrefix(line, " ") && len(words) > 0 {
			slices.Sort(words[1:])
			lines[i] = strings.Join(words, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// An output is the part of an output of describe or call that is compared.
type output struct {
	Content    []struct{ Type, Text string } `json:"content,omitempty"`
	Structured any                           `json:"structuredContent,omitempty"`
	IsError    bool                          `json:"isError,omitempty"`
	Tools      []tool                        `json:"tools,omitempty"`
}

type tool struct {
	Name, Title, Description               string
	InputSchema, OutputSchema, Annotations any
}

// canonical formats an output in a fixed order, and returns other text unchanged.
func canonical(text string) string {
	var o output
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return text
	}
	canonical, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return text
	}
	return string(canonical)
}

func diff(want, got string) string {
	if want == got {
		return ""
	}
	return cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
}
