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

// A Case is a configuration that is to be examined.
type Case struct {
	Source string            // where it comes from, for people
	Values map[string]string // the configuration keys

	Hosts      []string  // the runner's allowed hosts
	HostsKnown bool      // whether Hosts is what the runner has; the environment does not say
	Complaints []Finding // of who read the configuration
}

// Options say how to examine. The zero value works.
type Options struct {
	Now       func() time.Time  // this machine's clock; nil is the real one
	Timeout   time.Duration     // of one request; 0 is ten seconds
	Transport http.RoundTripper // nil is net/http's, which knows proxies

	// Ask lets the plugin itself judge the configuration; nil asks nobody.
	Ask func(ctx context.Context, values map[string]string) (Opinion, error)
}

// An Opinion is what the plugin says of its configuration.
type Opinion struct {
	Reason string // of its refusal, as in schema/output.json; "" where it has nothing to say
	Text   string
}

// An examination is one run of the doctor.
type examination struct {
	*Case
	*Options
	client *http.Client
	report *Report
	asked  int // requests made
}

// Examine looks at everything that can be looked at.
func Examine(ctx context.Context, c *Case, o *Options) *Report {
	e := &examination{Case: c, Options: o, report: &Report{redactor: config.NewRedactor(c.Values)}, client: &http.Client{
		Transport: o.Transport,
		Timeout:   o.Timeout,
		// DingTalk never redirects, and a credential must not follow one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if e.client.Timeout <= 0 {
		e.client.Timeout = 10 * time.Second
	}
	e.report.section("Configuration, from " + c.Source)
	e.keys(ctx)
	for i, r := range config.ReadRobots(c.Values) {
		if i == maxRobots {
			e.report.section("More robots")
			e.report.add(Finding{Verdict: Untested, What: config.Robots, Text: fmt.Sprintf("it holds more than %d robots, and the rest was not looked at", maxRobots)})
			break
		}
		(&patient{examination: e, Robot: r}).examine(ctx)
	}
	e.report.section("To know")
	e.report.add(quota)
	e.report.add(Finding{Verdict: Note, What: "this run", Text: fmt.Sprintf("%d requests were made, none of them a message that a robot posts", e.asked)})
	return e.report
}

// maxRobots is how many the plugin takes.
const maxRobots = 64

// quota cannot be asked for. The numbers are those of DingTalk's billing model.
var quota = Finding{
	Verdict: Note, What: "quota",
	Text: "an organisation of the standard edition has 3000 webhook calls a month since 2025-11-19, " +
		"all its robots together, and an administrator may give a robot fewer; what is left cannot be asked",
}

func (e *examination) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// known are all configuration keys. README's table is held against them.
var known = []string{
	"ACCESS_TOKEN", "SECRET", "WEBHOOK_URL", "KEYWORDS", "ALLOW_AT_ALL", "MESSAGES_PER_MINUTE", "MAX_PARTS", "RETRIES",
	"TOOLS", "AT_USER_IDS", "PEOPLE", "ROBOTS", "LINKS", "MARKDOWN", "DRY_RUN",
}

// keys looks at the configuration as a whole.
func (e *examination) keys(ctx context.Context) {
	for _, complaint := range e.Complaints {
		e.report.add(complaint)
	}
	for _, key := range slices.Sorted(maps.Keys(e.Values)) {
		switch {
		case !slices.Contains(known, strings.TrimPrefix(key, config.Prefix)):
			e.report.add(Finding{Note, key, "the plugin knows no such key and passes it over", "Known are " + config.Prefix + strings.Join(known, ", ") + "."})
		case e.Values[key] != "" && config.Get(e.Values, key) == "":
			e.report.add(Finding{Wrong, key, "holds blanks alone, or still reads ${…}: the plugin takes it for missing",
				"Set the variable where the runner starts, or write its value in its place."})
		}
	}
	if config.ReadRobots(e.Values) == nil {
		e.report.add(Finding{Wrong, config.Robots, "it is not a JSON object that holds one object a robot", "Write it as in README, \"Several robots\"."})
	}
	e.opinion(ctx)
	if !e.HostsKnown {
		e.report.add(Finding{Untested, "allowed hosts", "the environment does not say which hosts the runner allows; the plugin needs " + strings.Join(config.AllowedHosts(e.Values), ", "),
			"Let the doctor read the runner's file: doctor --config FILE."})
	}
}

// opinion asks the plugin, which knows best what it takes.
func (e *examination) opinion(ctx context.Context) {
	const what = "the plugin's own word"
	if e.Ask == nil {
		return
	}
	said, err := e.Ask(ctx, e.Values)
	switch {
	case err != nil:
		e.report.add(Finding{Untested, what, "it could not be asked: " + err.Error(), "Make it with `make build`, or name it with --plugin."})
	case said.Reason == "dry_run":
		e.report.add(Finding{Wrong, what, config.Prefix + "DRY_RUN is true, so nothing is ever sent", "Remove it."})
	case said.Reason != "":
		e.report.add(Finding{Verdict: Wrong, What: what, Text: said.Text})
	default:
		e.report.add(Finding{Verdict: Well, What: what, Text: "it takes this configuration"})
	}
}
