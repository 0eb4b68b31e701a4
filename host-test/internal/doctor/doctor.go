// Package doctor finds out why a robot stays silent, without posting to its
// group. It looks at the configuration, asks the address for its time without a
// credential, and then posts a request of a type that there is not: DingTalk
// refuses it, and why it does tells how far the request got.
package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"dingtalk-plugin/host-test/internal/config"
)

// A Target is a configuration that is to be examined.
type Target struct {
	Source string            // where it comes from, for people
	Values map[string]string // the configuration keys

	Hosts      []string // the runner's allowed hosts
	HostsKnown bool     // whether Hosts is what the runner has; the environment does not say
	Problems   []Check  // of who read the configuration
}

// Options say how to examine. The zero value works.
type Options struct {
	Now       func() time.Time  // this machine's clock; nil is the real one
	Timeout   time.Duration     // of one request; 0 is ten seconds
	Transport http.RoundTripper // nil is net/http's, which knows proxies

	// AskPlugin lets the plugin itself judge the configuration; nil asks nobody.
	AskPlugin func(ctx context.Context, values map[string]string) (PluginVerdict, error)
}

// An PluginVerdict is what the plugin says of its configuration.
type PluginVerdict struct {
	Reason string // of its refusal, as in schema/output.json; "" where it has nothing to say
	Text   string
}

// An run is one run of the doctor.
type run struct {
	*Target
	*Options
	client   *http.Client
	report   *Report
	requests int // requests made
}

// Examine looks at everything that can be looked at.
func Examine(ctx context.Context, c *Target, o *Options) *Report {
	e := &run{Target: c, Options: o, report: &Report{redactor: config.NewRedactor(c.Values)}, client: &http.Client{
		Transport: o.Transport,
		Timeout:   o.Timeout,
		// DingTalk never redirects, and a credential must not follow one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if e.client.Timeout <= 0 {
		e.client.Timeout = 10 * time.Second
	}
	e.report.section("Configuration, from " + c.Source)
	e.checkKeys(ctx)
	for i, r := range config.ReadRobots(c.Values) {
		if i == maxRobots {
			e.report.section("More robots")
			e.report.add(Check{Status: Unknown, Name: config.Robots, Detail: fmt.Sprintf("it holds more than %d robots, and the rest was not looked at", maxRobots)})
			break
		}
		(&robotCheck{run: e, Robot: r}).examine(ctx)
	}
	e.report.section("To know")
	e.report.add(quotaNote)
	e.report.add(Check{Status: Info, Name: "this run", Detail: fmt.Sprintf("%d requests were made, none of them a message that a robot posts", e.requests)})
	return e.report
}

// maxRobots is how many the plugin takes.
const maxRobots = 64

// quotaNote cannot be asked for. The numbers are those of DingTalk's billing model.
var quotaNote = Check{
	Status: Info, Name: "quota",
	Detail: "an organisation of the standard edition has 3000 webhook calls a month since 2025-11-19, " +
		"all its robots together, and an administrator may give a robot fewer; what is left cannot be asked",
}

func (e *run) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// knownKeys are all configuration keys. README's table is held against them.
var knownKeys = []string{
	"ACCESS_TOKEN", "SECRET", "WEBHOOK_URL", "KEYWORDS", "ALLOW_AT_ALL", "MESSAGES_PER_MINUTE", "MAX_PARTS", "RETRIES",
	"TOOLS", "AT_USER_IDS", "PEOPLE", "ROBOTS", "LINKS", "MARKDOWN", "DRY_RUN",
}

// checkKeys looks at the configuration as a whole.
func (e *run) checkKeys(ctx context.Context) {
	for _, complaint := range e.Problems {
		e.report.add(complaint)
	}
	for _, key := range slices.Sorted(maps.Keys(e.Values)) {
		switch {
		case !slices.Contains(knownKeys, strings.TrimPrefix(key, config.Prefix)):
			e.report.add(Check{Info, key, "the plugin knows no such key and passes it over", "Known are " + config.Prefix + strings.Join(knownKeys, ", ") + "."})
		case e.Values[key] != "" && config.Get(e.Values, key) == "":
			e.report.add(Check{Fail, key, "holds blanks alone, or still reads ${…}: the plugin takes it for missing",
				"Set the variable where the runner starts, or write its value in its place."})
		}
	}
	if config.ReadRobots(e.Values) == nil {
		e.report.add(Check{Fail, config.Robots, "it is not a JSON object that holds one object a robot", "Write it as in README, \"Several robots\"."})
	}
	e.checkPlugin(ctx)
	if !e.HostsKnown {
		e.report.add(Check{Unknown, "allowed hosts", "the environment does not say which hosts the runner allows; the plugin needs " + strings.Join(config.AllowedHosts(e.Values), ", "),
			"Let the doctor read the runner's file: doctor --config FILE."})
	}
}

// checkPlugin asks the plugin, which knows best what it takes.
func (e *run) checkPlugin(ctx context.Context) {
	const what = "the plugin's own word"
	if e.AskPlugin == nil {
		return
	}
	said, err := e.AskPlugin(ctx, e.Values)
	switch {
	case err != nil:
		e.report.add(Check{Unknown, what, "it could not be asked: " + err.Error(), "Make it with `make build`, or name it with --plugin."})
	case said.Reason == "dry_run":
		e.report.add(Check{Fail, what, config.Prefix + "DRY_RUN is true, so nothing is ever sent", "Remove it."})
	case said.Reason != "":
		e.report.add(Check{Status: Fail, Name: what, Detail: said.Text})
	default:
		e.report.add(Check{Status: OK, Name: what, Detail: "it takes this configuration"})
	}
}
