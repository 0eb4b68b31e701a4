package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
)

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
