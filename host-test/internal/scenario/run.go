package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/schema"
)

// The default credentials of a scenario's robot.
const (
	Token  = "token"
	Secret = "SEC000000000000000000000"
)

// A Runtime loads the plugin and calls it.
type Runtime interface {
	// Load replaces the instance.
	Load(context.Context, *Settings) error
	// Call calls an export of the instance. Any error is a trap.
	Call(ctx context.Context, export string, input []byte) (output []byte, err error)
}

// Settings are what a Runtime gives an instance.
type Settings struct {
	Config       map[string]string
	AllowedHosts []string
	MaxPages     uint32           // of memory, 64 KiB each; 0 is no limit
	Now          func() time.Time // the plugin's clock; nil is the real one
	Frozen       bool             // the clock shows what extism/go-sdk has by default
}

// Options change how a scenario is run. Nil runs it as written.
type Options struct {
	RealClock bool // unless the scenario needs another
	// Token and Secret replace the scenario's own, which are common words; the secret
	// only if the scenario contains no signature.
	Token, Secret string
}

// A Run is a scenario that is being run. Close it when done.
type Run struct {
	Recorder *recorder.Recorder
	Settings *Settings

	scenario *Scenario
	runtime  Runtime
	options  Options

	mu  sync.Mutex
	now time.Time // zero for the real clock and the frozen one
}

// An Outcome is the outcome of a step.
type Outcome struct {
	Sent     []recorder.Request
	Output   string
	Trap     error  // the host killed the call
	Requests string // as the scenario's section has them
	Result   string
}

// Start sets the fake up and loads the plugin.
func (s *Scenario) Start(ctx context.Context, runtime Runtime, o *Options) (*Run, error) {
	r := &Run{scenario: s, runtime: runtime}
	if o != nil {
		r.options = *o
	}
	if slices.Contains(s.Needs, SettableClock) {
		r.options.RealClock, r.options.Secret = false, "" // the scenario may hold signatures
	}
	options, err := s.robotOptions()
	if err != nil {
		return nil, err
	}
	options.Token, options.Secret = r.replaceCredentials(options.Token), r.replaceCredentials(options.Secret)
	if r.Settings, err = s.settings(); err != nil {
		return nil, err
	}
	if err := r.setClock(options); err != nil {
		return nil, err
	}
	if r.Recorder, err = recorder.New(dingtalktest.New(options)); err != nil {
		return nil, err
	}
	addresses := strings.NewReplacer("$ROBOT", r.Recorder.URL, "$HOST", r.Recorder.Host())
	for key, value := range r.Settings.Config {
		r.Settings.Config[key] = addresses.Replace(r.replaceCredentials(value))
	}
	if err := runtime.Load(ctx, r.Settings); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close frees the port.
func (r *Run) Close() { r.Recorder.Close() }

// settings are the scenario's, with $ROBOT and $HOST.
func (s *Scenario) settings() (*Settings, error) {
	values := map[string]string{schema.KeyAccessToken: Token, schema.KeySecret: Secret, schema.KeyWebhookURL: "$ROBOT/robot/send"}
	for key, value := range s.Config {
		values[schema.KeyPrefix+key] = value
	}
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	settings := &Settings{Config: values, AllowedHosts: []string{"127.0.0.1"}}
	for key, value := range s.host {
		switch key {
		case "allowed hosts":
			settings.AllowedHosts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case "memory pages":
			pages, err := strconv.ParseUint(value, 10, 16)
			if err != nil {
				return nil, err
			}
			settings.MaxPages = uint32(pages)
		default:
			return nil, fmt.Errorf("unknown setting %q", key)
		}
	}
	return settings, nil
}

// setClock gives plugin and fake the same clock.
func (r *Run) setClock(o *dingtalktest.Options) (err error) {
	if r.options.RealClock {
		return nil
	}
	r.now, err = r.scenario.parseClock()
	if r.Settings.Frozen = r.now.IsZero(); !r.Settings.Frozen {
		o.Now, r.Settings.Now = r.clock, r.clock
	}
	return err
}

func (r *Run) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Advance moves the clock of plugin and fake.
func (r *Run) Advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// Step makes a step's calls and returns the outcome of the first. It fails if another
// has a different outcome.
func (r *Run) Step(ctx context.Context, i int) (*Outcome, error) {
	step := &r.scenario.Steps[i]
	times, err := step.times()
	if err != nil {
		return nil, err
	}
	export, input, err := step.Input()
	if err != nil {
		return nil, err
	}
	if err := r.prepare(ctx, step.Before); err != nil {
		return nil, err
	}
	defer r.Recorder.Listen() // after "dead"; an error shows in the next step
	first, err := r.call(ctx, export, input)
	for n := 2; err == nil && n <= times; n++ {
		var next *Outcome
		if next, err = r.call(ctx, export, input); err == nil && next.placeholders() != first.placeholders() {
			err = fmt.Errorf("call %d differs from the first: %s", n, next.placeholders())
		}
	}
	return first, err
}

func (r *Run) call(ctx context.Context, export string, input []byte) (o *Outcome, err error) {
	output, trap := r.runtime.Call(ctx, export, input)
	o = &Outcome{Sent: r.Recorder.Drain(), Output: string(output), Trap: trap}
	o.Requests = r.Text(recorder.Format(o.Sent))
	switch {
	case trap != nil:
		o.Result = trap.Error()
	case export == "describe":
		o.Result, err = describe(output)
	default:
		var indented bytes.Buffer
		if json.Indent(&indented, output, "", "  ") != nil {
			return o, fmt.Errorf("the output is not JSON: %q", output)
		}
		o.Result = r.Text(indented.String())
	}
	return o, err
}

func (o *Outcome) placeholders() string {
	p := Placeholders{}
	return p.Replace(o.Requests) + "\n" + p.Replace(o.Result)
}

// prepare executes a step's before section.
func (r *Run) prepare(ctx context.Context, before string) error {
	actions, err := parseBefore(before)
	if err != nil {
		return err
	}
	for _, a := range actions {
		switch a.verb {
		case "advance":
			r.Advance(a.duration)
		case "robot-ahead":
			r.Recorder.Robot.AdvanceClock(a.duration)
		case "restart":
			if err := r.runtime.Load(ctx, r.Settings); err != nil {
				return err
			}
		case "dead":
			r.Recorder.Close()
		case "answer":
			r.Recorder.Robot.InjectFaults(dingtalktest.Fault{Body: r.replaceCredentials(a.fault.Body)})
		default:
			r.Recorder.Robot.InjectFaults(a.fault)
		}
	}
	return nil
}

// An action is a line of a before section.
type action struct {
	verb     string
	duration time.Duration
	fault    dingtalktest.Fault
}

func parseBefore(before string) (list []action, err error) {
	for line := range strings.Lines(before) {
		verb, object, _ := strings.Cut(strings.TrimSpace(line), " ")
		a := action{verb: verb}
		switch verb {
		case "advance", "robot-ahead":
			a.duration, err = time.ParseDuration(object)
		case "fault":
			known := false
			if a.fault, known = dingtalktest.FaultByName(object); !known {
				err = fmt.Errorf("unknown fault %q; known are %v", object, dingtalktest.FaultNames())
			}
		case "answer":
			a.fault.Body = object
		case "pass", "restart", "dead":
		default:
			err = fmt.Errorf("unknown line %q in before", strings.TrimSpace(line))
		}
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// robotOptions sets the fake up.
func (s *Scenario) robotOptions() (*dingtalktest.Options, error) {
	o := &dingtalktest.Options{Token: Token, Secret: Secret}
	for key, value := range s.robot {
		var err error
		switch key {
		case "token":
			o.Token = value
		case "secret":
			o.Secret = value
		case "keywords":
			o.Keywords = strings.Split(value, ",")
		case "texts":
			err = o.Wording.UnmarshalText([]byte(value))
		case "string codes":
			o.StringCodes = value == "true"
		case "per minute":
			o.PerMinute, err = strconv.Atoi(value)
		case "token code":
			o.TokenCode, err = strconv.Atoi(value)
		case "state":
			o.Disabled, o.Dissolved, o.Removed = value == "disabled", value == "dissolved", value == "removed"
		default:
			err = fmt.Errorf("unknown setting %q", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}
