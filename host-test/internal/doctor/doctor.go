// Package doctor finds out why a robot stays silent, without posting to its
// group. It checks the configuration, probes the address without credentials,
// and then posts a request with an unknown message type: DingTalk rejects it, and
// the errcode shows which of DingTalk's checks the request passed.
package doctor

import (
	"cmp"
	"context"
	"fmt"
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
	Values map[string]string // by configuration key

	Hosts      []string // the runner's allowed hosts
	HostsKnown bool     // false for the environment, which does not contain Hosts
	Problems   []Check  // found while it was read

	// Causes names, for each key whose value is missing because of a problem, what
	// that problem is about.
	Causes map[string]string

	unset map[string]bool // references to variables that are not set, such as ${NAME}
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
	requests int               // made so far
	causes   map[string]string // as in Target, and what checkKeys found
	rejected map[string]string // keys whose values failed a check of a robot, which the plugin rejects, too
}

// maxRobots is the plugin's limit.
const maxRobots = 64

// quotaNote has the numbers of DingTalk's billing model.
const quotaNote = "an organization of the standard edition has 3000 webhook calls a month since 2025-11-19 (one of the professional edition 50000), " +
	"shared by all its robots, and an administrator may set a lower limit for a robot; DingTalk does not tell how many are left"

// Examine checks everything that can be checked without posting a message.
func Examine(ctx context.Context, target *Target, options *Options) *Report {
	r := &run{Target: target, Options: options, Report: &Report{redactor: config.NewRedactor(target.Values)}, causes: map[string]string{}, rejected: map[string]string{}, client: &http.Client{
		Transport: options.Transport,
		Timeout:   options.Timeout,
		// DingTalk never redirects, and a credential must not follow a redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if r.client.Timeout <= 0 {
		r.client.Timeout = 10 * time.Second
	}
	r.section("Configuration, from " + r.Source)
	maps.Copy(r.causes, target.Causes)
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
	r.section("For your information")
	r.add(Info, "quota", quotaNote, "")
	r.add(Info, "this run", fmt.Sprintf("%d HTTP requests, none of which posts a message; DingTalk does not document whether a rejected one counts toward the quota", r.requests), "")
	return r.Report
}

// checkKeys checks everything that is not about a single robot.
func (r *run) checkKeys() {
	for _, p := range r.Problems {
		r.add(p.Status, p.Name, p.Detail, p.Fix)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Values)) {
		switch {
		case !slices.Contains(schema.Keys, key):
			r.checkUnknownKey(key)
		case r.causes[key] == "" && r.Values[key] != "" && config.Get(r.Values, key) == "":
			r.add(Fail, key, "it is blank or still reads ${…}, so the plugin treats it as missing",
				"Set the variable where the runner starts, or replace it with its value.")
			r.causes[key] = key
		}
	}
	if config.ReadRobots(r.Values) == nil && r.causes[schema.KeyRobots] == "" {
		r.add(Fail, schema.KeyRobots, "it is not a JSON object with one object for each robot", `Write it as in README, "Several robots".`)
		r.causes[schema.KeyRobots] = schema.KeyRobots
	}
	if !r.HostsKnown {
		r.add(Unknown, "allowed hosts", "the environment does not contain the runner's allowed hosts; the plugin needs "+strings.Join(config.AllowedHosts(r.Values), ", "),
			"Let the doctor read the runner's file: doctor --config FILE.")
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
