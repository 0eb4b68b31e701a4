// Package doctor finds out why a robot stays silent, without posting to its
// group. It checks the configuration, probes the address without credentials,
// and then posts a request with an unknown message type: DingTalk rejects it, and
// the errcode shows which of DingTalk's checks the request passed.
package doctor

import (
	"cmp"
	"context"
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
	Source string            // where it was read, for people
	Values map[string]string // by configuration key; if it is nil, only Problems are reported

	Hosts      []string // the runner's allowed hosts
	HostsKnown bool     // false for the environment, which does not contain Hosts
	Problems   []Check  // found while it was read

	AllowsConfigured bool   // the runner is serve, which allows the configured hosts and no others
	Advice           string // for a value that the runner leaves as ${…}; "" is a general one

	// Causes names, for each key whose value is missing because of a problem, what
	// that problem is about.
	Causes map[string]string

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
	causes   map[string]string // as in Target, and what checkKeys found
	rejected map[string]string // keys whose values failed a check of a robot, which the plugin rejects, too
}

// maxRobots is the plugin's limit.
const maxRobots = 64

// quotaNote has the numbers of DingTalk's billing model.
const quotaNote = "an organization of the standard edition has 3000 webhook and Stream calls a month since 2025-11-19, and one of the " +
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
		r := &run{Target: target, Options: options, Report: report, client: client, causes: map[string]string{}, rejected: map[string]string{}}
		maps.Copy(r.causes, target.Causes)
		r.examine(ctx)
	}
	report.section("For your information")
	report.add(Info, "quota", quotaNote, "")
	report.add(Info, "this run", fmt.Sprintf("%d HTTP requests, none of which posts a message; DingTalk does not document whether a rejected one counts toward the quota", report.requests), "")
	return report
}

// examine checks one target.
func (r *run) examine(ctx context.Context) {
	if r.Values == nil {
		r.section(r.Source)
		r.reportProblems()
		return
	}
	r.section("Configuration, from " + r.Source)
	r.reportProblems()
	r.checkKeys()
	for i, robot := range config.ReadRobots(r.Values) {
		if i == maxRobots {
			r.section("More robots")
			r.add(Unknown, schema.KeyRobots, fmt.Sprintf("it has more than %d robots; the rest was not checked", maxRobots), "")
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
		case r.causes[key] == "" && r.Values[key] != "" && config.Get(r.Values, key) == "":
			r.add(Fail, key, "it is blank or still reads ${…}, so the plugin treats it as missing",
				cmp.Or(r.Advice, "Set the variable where the runner starts, or replace it with its value."))
			r.causes[key] = key
		}
	}
	if config.ReadRobots(r.Values) == nil && r.causes[schema.KeyRobots] == "" {
		r.add(Fail, schema.KeyRobots, "it is not a JSON object with one object for each robot", `Write it as in README, "Several robots".`)
		r.causes[schema.KeyRobots] = schema.KeyRobots
	}
	if !r.HostsKnown && !r.AllowsConfigured {
		r.add(Unknown, "allowed hosts", "the commands of this program allow "+strings.Join(config.AllowedHosts(r.Values), ", ")+" themselves; another runner has to, and its file is not in the environment",
			"For hyper-mcp, let the doctor read its file: doctor --config FILE.")
	}
}

// checkPlugin asks the plugin whether it accepts the configuration.
func (r *run) checkPlugin(ctx context.Context) {
	const name = "plugin"
	if r.AskPlugin == nil {
		return
	}
	r.section("The plugin")
	verdict, err := r.AskPlugin(ctx, r.Values)
	cause := cmp.Or(r.causes[verdict.Key], r.rejected[verdict.Key])
	switch {
	case err != nil:
		r.add(Unknown, name, "it could not be asked: "+err.Error(), "Build it with `make build`, or name it with --plugin.")
	case verdict.Reason == "dry_run":
		r.add(Fail, name, schema.KeyDryRun+" is true, so nothing is ever sent", "Remove it.")
	case cause != "":
		r.add(Info, name, "it rejects this configuration, too, because of "+cause+": "+verdict.Text, "")
	case verdict.Reason != "":
		r.add(Fail, name, verdict.Text, "")
	default:
		r.add(OK, name, "it accepts this configuration", "")
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

// String returns the word that is printed.
func (s Status) String() string {
	return [...]string{OK: "ok", Fail: "WRONG", Unknown: "?", Info: "note"}[s]
}

// A Check is one thing that the doctor looked at. Its texts contain no
// credential and no control character.
type Check struct {
	Status Status
	Name   string
	Detail string
	Fix    string // what to do, in the imperative, or ""
}

// A Report is the doctor's checks in order.
type Report struct {
	sections     []section
	redactor     *config.Redactor
	requests     int  // made so far
	inconclusive bool // a robot's answer was not understood, or a value is not known
}

type section struct {
	title  string
	checks []Check
}

func (r *Report) section(title string) {
	r.sections = append(r.sections, section{title: r.sanitize(title)})
}

func (r *Report) add(status Status, name, detail, fix string) {
	last := &r.sections[len(r.sections)-1]
	last.checks = append(last.checks, Check{status, r.sanitize(name), r.sanitize(detail), r.sanitize(fix)})
}

func (r *Report) sanitize(text string) string {
	const maxRunes = 600
	text = r.redactor.Redact(text)
	if runes := []rune(text); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "…"
	}
	return text
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
// style formats a status and what belongs to it; nil does nothing.
func (r *Report) Print(w io.Writer, style func(Status, string) string) {
	if style == nil {
		style = func(_ Status, text string) string { return text }
	}
	for _, s := range r.sections {
		fmt.Fprintln(w, s.title)
		for _, c := range s.checks {
			fmt.Fprintf(w, "  %s %s: %s\n", style(c.Status, fmt.Sprintf("%-6s", c.Status)), c.Name, c.Detail)
			if c.Fix != "" {
				fmt.Fprintf(w, "         → %s\n", c.Fix)
			}
		}
	}
	switch {
	case r.failed():
		fmt.Fprintln(w, style(Fail, "Something is wrong."))
	case r.inconclusive:
		fmt.Fprintln(w, style(Unknown, "Nothing wrong was found, but a check that decides it was inconclusive."))
	default:
		fmt.Fprintln(w, style(OK, "Nothing wrong was found; checks marked ? were not tested."))
	}
}
