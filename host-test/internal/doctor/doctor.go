// Package doctor finds out why a robot stays silent, without posting to its
// group. It looks at the configuration, asks the address for its time without a
// credential, and then posts a request of a type that there is not: DingTalk
// refuses it, and why it does tells how far the request got.
package doctor

import (
	"context"
	"fmt"
	"net/http"
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
