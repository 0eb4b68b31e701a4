// Package doctor finds out why a robot stays silent, without posting to its
// group. It checks the configuration, probes the address without credentials,
// and then posts a request with an unknown message type: DingTalk rejects it, and
// the errcode shows which of DingTalk's checks the request passed.
package doctor

import (
	"cmp"
	"context"
	_ "embed" // for zh.json
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/schema"
)

// A Target is a configuration to examine.
type Target struct {
	Source *Text             // where it was read
	Values map[string]string // by configuration key; if it is nil, only Problems are reported

	Hosts      []string // the runner's allowed hosts
	HostsKnown bool     // false for the environment, which does not contain Hosts
	Problems   []Check  // found while it was read

	AllowsConfigured bool   // the runner is serve, which allows the configured hosts and no others
	Advice           format // for a value that the runner leaves as ${…}; "" is a general one

	// Causes names, for each key whose value is missing because of a problem, what
	// that problem is about.
	Causes map[string]*Text

	server string          // its name, in a client's file
	unset  map[string]bool // references to variables that are not set, such as ${NAME}
}

// Options configure Examine. The zero value is valid.
type Options struct {
	Timeout   time.Duration     // of one request; 0 means ten seconds
	Transport http.RoundTripper // nil means http.DefaultTransport

	// AskPlugin returns what the plugin reports about the configuration. If it
	// is nil, the plugin is not asked.
	AskPlugin func(ctx context.Context, values map[string]string) (PluginVerdict, error)
}

// A PluginVerdict is the plugin's error for a configuration; zero if it has none.
type PluginVerdict struct {
	Reason string // as in schema/output.json
	Key    string // the configuration key that is wrong, or ""
	Text   string
}

// A run is one call of Examine.
type run struct {
	*Target
	*Options
	*Report
	client   *http.Client
	causes   map[string]*Text // as in Target, and what checkKeys found
	rejected map[string]*Text // keys whose values failed a check of a robot, which the plugin rejects, too
}

// maxRobots is the plugin's limit.
const maxRobots = 64

// quotaNote has the numbers of DingTalk's billing model.
const quotaNote format = "an organization of the standard edition has 3000 webhook and Stream calls a month since 2025-11-19, and one of the " +
	"professional edition more, shared by all its robots, and an administrator may set a lower limit for a robot; DingTalk does not tell " +
	"how many are left, nor whether refused calls count"

// Examine checks everything that can be checked without posting a message.
func Examine(ctx context.Context, options *Options, targets ...*Target) *Report {
	report := &Report{}
	client := &http.Client{
		Transport: options.Transport,
		Timeout:   cmp.Or(max(options.Timeout, 0), 10*time.Second),
		// DingTalk never redirects, and a credential must not follow a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, target := range targets {
		report.redactor = config.NewRedactor(target.Values)
		r := &run{Target: target, Options: options, Report: report, client: client, causes: map[string]*Text{}, rejected: map[string]*Text{}}
		maps.Copy(r.causes, target.Causes)
		r.examine(ctx)
	}
	report.section(say("For your information"))
	report.add(Info, say("quota"), say(quotaNote), nil)
	report.add(Info, say("this run"), say("%d HTTP requests, none of which posts a message; DingTalk does not document whether a rejected one counts toward the quota", report.requests), nil)
	return report
}

// examine checks one target.
func (r *run) examine(ctx context.Context) {
	if r.Values == nil {
		r.section(r.Source)
		r.reportProblems()
		return
	}
	r.section(say("Configuration, from %s", r.Source))
	r.reportProblems()
	r.checkKeys()
	for i, robot := range config.ReadRobots(r.Values) {
		if i == maxRobots {
			r.section(say("More robots"))
			r.add(Unknown, verbatim(schema.KeyRobots), say("it has more than %d robots; the rest was not checked", maxRobots), nil)
			break
		}
		(&robotCheck{run: r, Robot: robot}).check(ctx)
	}
	r.checkPlugin(ctx)
}

func (r *run) reportProblems() {
	for _, p := range r.Problems {
		r.add(p.Status, p.Name, p.Detail, p.Fix)
		r.inconclusive = r.inconclusive || p.Status == Unknown
	}
}

// checkKeys checks everything that is not about a single robot.
func (r *run) checkKeys() {
	for _, key := range slices.Sorted(maps.Keys(r.Values)) {
		switch {
		case !slices.Contains(schema.Keys, key):
			r.checkUnknownKey(key)
		case r.causes[key] == nil && r.Values[key] != "" && config.Get(r.Values, key) == "":
			r.add(Fail, verbatim(key), say("it is blank or still reads ${…}, so the plugin treats it as missing"),
				say(cmp.Or(r.Advice, "Set the variable where the runner starts, or replace it with its value.")))
			r.causes[key] = verbatim(key)
		}
	}
	if config.ReadRobots(r.Values) == nil && r.causes[schema.KeyRobots] == nil {
		r.causes[schema.KeyRobots] = verbatim(schema.KeyRobots)
		r.add(Fail, r.causes[schema.KeyRobots], say("it is not a JSON object with one object for each robot"), say(`Write it as in README, "Several robots".`))
	}
	if !r.HostsKnown && !r.AllowsConfigured {
		r.add(Unknown, say("allowed hosts"), say("the commands of this program allow %s themselves; another runner has to, and its file is not in the environment", config.AllowedHosts(r.Values)),
			say("For hyper-mcp, let the doctor read its file: doctor --config FILE."))
	}
}

// checkPlugin asks the plugin whether it accepts the configuration.
func (r *run) checkPlugin(ctx context.Context) {
	if r.AskPlugin == nil {
		return
	}
	name := say("plugin")
	r.section(say("The plugin"))
	verdict, err := r.AskPlugin(ctx, r.Values)
	cause := cmp.Or(r.causes[verdict.Key], r.rejected[verdict.Key])
	switch {
	case err != nil:
		r.add(Unknown, name, say("it could not be asked: %v", err), say("Build it with `make build`, or name it with --plugin."))
	case verdict.Reason == "dry_run":
		r.add(Fail, name, say(schema.KeyDryRun+" is true, so nothing is ever sent"), say("Remove it."))
	case cause != nil:
		r.add(Info, name, say("it rejects this configuration, too, because of %s: %s", cause, verdict.Text), nil)
	case verdict.Reason != "":
		r.add(Fail, name, verbatim(verdict.Text), nil)
	default:
		r.add(OK, name, say("it accepts this configuration"), nil)
	}
}

// A Status is the result of a check.
type Status int

// The statuses.
const (
	OK      Status = iota
	Fail           // explains why the robot stays silent
	Unknown        // could not be tested
	Info
)

// word returns what is printed.
func (s Status) word() *Text {
	return say([...]format{OK: "ok", Fail: "WRONG", Unknown: "?", Info: "note"}[s])
}

// A Check is one thing that the doctor looked at.
type Check struct {
	Status Status
	Name   *Text
	Detail *Text
	Fix    *Text // what to do, in the imperative, or nil
}

// A Report is the doctor's checks in order.
type Report struct {
	sections     []section
	redactor     *config.Redactor // of the next section
	requests     int              // made so far
	inconclusive bool             // a robot's answer was not understood, or a value is not known
}

type section struct {
	title    *Text
	checks   []Check
	redactor *config.Redactor
}

func (r *Report) section(title *Text) {
	r.sections = append(r.sections, section{title: title, redactor: r.redactor})
}

func (r *Report) add(status Status, name, detail, fix *Text) {
	last := &r.sections[len(r.sections)-1]
	last.checks = append(last.checks, Check{status, name, detail, fix})
}

// Checks returns all checks.
func (r *Report) Checks() (all []Check) {
	for _, s := range r.sections {
		all = append(all, s.checks...)
	}
	return all
}

// ExitCode returns 0 if nothing is wrong, and 1 if a check failed or something that
// decides it is not known.
func (r *Report) ExitCode() int {
	if r.inconclusive || r.failed() {
		return 1
	}
	return 0
}

func (r *Report) failed() bool {
	return slices.ContainsFunc(r.Checks(), func(c Check) bool { return c.Status == Fail })
}

// Print writes the report for people: a line for each check, and one for its fix.
// No line contains a credential or a control character. style formats a status and
// what belongs to it; nil does nothing.
func (r *Report) Print(w io.Writer, l Language, style func(Status, string) string) {
	if style == nil {
		style = func(_ Status, text string) string { return text }
	}
	for _, s := range r.sections {
		fmt.Fprintln(w, s.show(s.title, l))
		for _, c := range s.checks {
			word := l.translate("%-6s", c.Status.word())
			fmt.Fprintln(w, l.translate("  %s %s: %s", style(c.Status, word), s.show(c.Name, l), s.show(c.Detail, l)))
			if c.Fix != nil {
				fmt.Fprintln(w, l.translate("         → %s", s.show(c.Fix, l)))
			}
		}
	}
	status, conclusion := r.conclusion()
	fmt.Fprintln(w, style(status, conclusion.in(l)))
}

// show returns a text as people may see it.
func (s *section) show(text *Text, l Language) string {
	const maxRunes = 600
	shown := s.redactor.Redact(text.in(l))
	if runes := []rune(shown); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "…"
	}
	return shown
}

func (r *Report) conclusion() (Status, *Text) {
	switch {
	case r.failed():
		return Fail, say("Something is wrong.")
	case r.inconclusive:
		return Unknown, say("Nothing wrong was found, but a check that decides it was inconclusive.")
	}
	return OK, say("Nothing wrong was found; checks marked ? were not tested.")
}

// A format is an English text of the doctor, which may have the verbs of fmt. Its
// constants are the keys of zh.json, which a test requires.
type format string

// A Text is something that the doctor says, in any language. Its String is
// English; it may contain a credential, unlike what Report.Print writes.
type Text struct {
	format format
	values []any // texts, lists of names, and what is the same in all languages
}

func say(f format, values ...any) *Text { return &Text{f, values} }

// verbatim is a text that is not translated.
func verbatim(text string) *Text { return say("%s", text) }

// String returns the English text.
func (t *Text) String() string { return t.in(nil) }

func (t *Text) in(l Language) string { return l.translate(t.format, t.values...) }

// A Language has the doctor's texts in one language, by the English text. Nil is
// English.
type Language map[format]string

//go:embed zh.json
var chinese []byte

// NewLanguage returns Chinese for "zh", and English for all other names.
func NewLanguage(name string) (l Language) {
	if name != "zh" {
		return nil
	}
	if err := json.Unmarshal(chinese, &l); err != nil {
		panic(err) // the file is embedded
	}
	return l
}

// translate formats a text. It translates the texts in values, too.
func (l Language) translate(f format, values ...any) string {
	pattern := cmp.Or(l[f], string(f))
	if len(values) == 0 {
		return pattern
	}
	shown := slices.Clone(values)
	for i, value := range values {
		switch value := value.(type) {
		case *Text:
			shown[i] = value.in(l)
		case []string:
			shown[i] = strings.Join(value, l.translate(", "))
		}
	}
	return fmt.Sprintf(pattern, shown...)
}
