package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/schema"
)

// A configuration is what the operator has configured, read once.
type configuration struct {
	offers  []offer
	output  string // the output schema
	robots  []robot
	named   bool   // robots have names, and tools an argument for them
	chosen  *robot // posts what names no robot; nil when one must be named
	style   dingtalk.MessageOptions
	userIDs bool
	dryRun  bool
	fault   *dingtalk.Error // the first; nothing is sent with one
}

// readConfiguration never fails: with a fault the tools are the plain ones,
// because describe must answer; a fault of the one robot leaves them as they
// are configured.
func readConfiguration(config func(key string) (string, bool)) *configuration {
	r := &reader{config: config}
	c := &configuration{output: schema.Output}
	c.dryRun = r.flag(keyDryRun, false)
	c.userIDs = r.flag(keyUserIDs, false)
	c.style.Links = dingtalk.LinkTarget(r.choice(keyLinks, "default", "browser", "sidebar"))
	c.style.FixMarkdown = r.choice(keyMarkdown, "asis", "fix") == 1
	c.style.People, c.style.HidePeople = r.people(), c.dryRun
	tools := r.tools()
	c.readRobots(r)
	if c.fault = r.fault; c.fault != nil && settingName(c.fault.Key) == "" {
		c.offers = newOffers(plain)
		return c
	}
	c.offers = tools
	for i := range c.offers {
		c.offers[i].applyConfig(c)
	}
	if c.dryRun {
		c.describeDryRun()
	}
	return c
}

// describeDryRun adds to the output schema what a dry run answers.
func (c *configuration) describeDryRun() {
	c.output = insert(c.output, `,"`+string(reasonDryRun)+`"`, "properties", "reason", "enum")
	c.output = insert(c.output, `,"dryRun":`+schema.DryRun, "properties")
}

// newOffers returns the first n of all tools.
func newOffers(n int) []offer {
	list := make([]offer, n)
	for i := range list {
		list[i] = newOffer(i)
	}
	return list
}

// tools reads which tools are offered; they stay in their order.
func (r *reader) tools() (list []offer) {
	value := r.text(keyTools)
	if value == "" {
		return newOffers(plain)
	}
	all := newOffers(len(schema.Tools))
	if value == "all" {
		return all
	}
	wanted := dingtalk.ParseKeywords(value)
	for _, tool := range all {
		for i := range wanted {
			if wanted[i] == tool.name {
				list = append(list, tool)
				wanted = append(wanted[:i], wanted[i+1:]...)
				break
			}
		}
	}
	known := "; known are " + strings.Join(toolNames(all), ", ") + " and all"
	switch {
	case len(wanted) > 0:
		r.fail(keyTools, "names an unknown tool, or one twice"+known)
	case len(list) == 0:
		r.fail(keyTools, "names no tool"+known)
	}
	return list
}

func toolNames(offers []offer) (names []string) {
	for i := range offers {
		names = append(names, offers[i].name)
	}
	return names
}
