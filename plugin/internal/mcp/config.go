package mcp

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
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
	c.dryRun = r.flag(schema.KeyDryRun, false)
	c.userIDs = r.flag(schema.KeyAtUserIDs, false)
	c.style.Links = dingtalk.LinkTarget(r.choice(schema.KeyLinks, "default", "browser", "sidebar"))
	c.style.FixMarkdown = r.choice(schema.KeyMarkdown, "asis", "fix") == 1
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
	value := r.text(schema.KeyTools)
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
		r.fail(schema.KeyTools, "names an unknown tool, or one twice"+known)
	case len(list) == 0:
		r.fail(schema.KeyTools, "names no tool"+known)
	}
	return list
}

func toolNames(offers []offer) (names []string) {
	for i := range offers {
		names = append(names, offers[i].name)
	}
	return names
}

// A reader reads configuration values and keeps the first fault it finds: what
// is wrong, under which key, never the value.
type reader struct {
	config func(key string) (string, bool)
	fault  *dingtalk.Error
	what   string // is wrong, without the key
}

// text returns a value, or "" when there is none. One that reads ${…} was never
// expanded by the runner and counts as none.
func (r *reader) text(key string) string {
	value, _ := r.config(key)
	return given(value)
}

func given(value string) string {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

func (r *reader) number(key string, fallback, least, most int) int {
	value := r.text(key)
	if value == "" {
		return fallback
	}
	n, ok := dingtalk.ParseNumber(value)
	if !ok || n < least || n > most {
		r.fail(key, "is not a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return fallback
	}
	return n
}

func (r *reader) flag(key string, fallback bool) bool {
	switch r.text(key) {
	case "":
		return fallback
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	r.fail(key, "is neither true nor false")
	return fallback
}

// choice returns the index of the value among the choices, the first of which
// is the default.
func (r *reader) choice(key string, choices ...string) int {
	value := r.text(key)
	for i, choice := range choices {
		if value == choice {
			return i
		}
	}
	if value != "" {
		r.fail(key, "is none of "+strings.Join(choices, ", "))
	}
	return 0
}

func (r *reader) fail(key, what string) {
	if r.fault != nil {
		return
	}
	r.what = what
	r.fault = &dingtalk.Error{
		Reason:  dingtalk.ReasonConfigured,
		Message: "The message was not sent: the configuration value " + key + " " + what + ".",
		Advice:  "Have the operator correct " + key + " in the runner's configuration.",
		Key:     key,
	}
}

// A robot is one of the configured robots. Its rate, lock and reach are its own.
type robot struct {
	*dingtalk.Robot
	name        string
	description string
}

// maxRobots bounds what a configuration may hold, maxSettings what a robot of it
// may.
const (
	maxRobots   = 64
	maxSettings = 16
)

// readRobots reads the one robot, or the named ones.
func (c *configuration) readRobots(r *reader) {
	value := r.text(schema.KeyRobots)
	if value == "" {
		c.robots = []robot{{Robot: readRobot(r)}}
		c.chosen = &c.robots[0]
		return
	}
	c.named = true
	fields := r.names(schema.KeyRobots, "robot", value, maxRobots)
	settings := jsonschema.Compile(strictjson.Get(gjson.Parse(schema.Configuration), "robot"))
	c.robots = make([]robot, 0, len(fields)) // chosen points into it
	for i, field := range fields {
		made, fault := r.namedRobot(field, settings)
		if fault != "" {
			r.failIn(schema.KeyRobots, "robot", i, fault)
			return
		}
		c.robots = append(c.robots, made)
		if strictjson.Get(field.Value, "default").Type != gjson.True {
			continue
		}
		if c.chosen != nil {
			r.fail(schema.KeyRobots, "marks more than one robot as default")
		}
		c.chosen = &c.robots[i]
	}
	buffer := new(strictjson.Writer) // one for all: a guest posts one message at a time
	for i := range c.robots {
		c.robots[i].Buffer = buffer
	}
	if len(c.robots) == 1 {
		c.chosen = &c.robots[0]
	}
}

// namedRobot reads one robot as if its settings were the configuration. What it
// does not set, other than its own credentials and keywords, is as configured
// for all; null and what was never expanded set nothing.
func (r *reader) namedRobot(field strictjson.Member, settings *jsonschema.Schema) (made robot, fault string) {
	if fault := settings.Check(field.Value); fault != nil {
		return made, settingFault(fault)
	}
	values := strictjson.Members(field.Value, maxSettings)
	own := &reader{
		config: func(key string) (string, bool) {
			if value := given(strictjson.String(values.Get(settingName(key)))); value != "" {
				return value, true
			}
			switch key {
			case schema.KeyAccessToken, schema.KeySecret, schema.KeyKeywords:
				return "", false
			}
			return r.config(key)
		},
	}
	made = robot{Robot: readRobot(own), name: field.Name, description: strictjson.String(values.Get("description"))}
	switch {
	case own.fault != nil:
		return made, settingName(own.fault.Key) + " " + own.what
	case looksSecret(made.description):
		return made, "description looks like a credential"
	}
	return made, ""
}

// settingName returns what the key is called in a named robot's settings, or ""
// for one that is of the whole plugin.
func settingName(key string) string {
	for _, own := range schema.PerRobotKeys {
		if own.Key == key {
			return own.Setting
		}
	}
	return ""
}

// robot returns the robot that the arguments name.
func (c *configuration) robot(arguments strictjson.Object) *dingtalk.Robot {
	name := strictjson.String(arguments.Get("robot"))
	for i := range c.robots {
		if c.named && c.robots[i].name == name {
			return c.robots[i].Robot
		}
	}
	return c.chosen.Robot
}

// readRobot configures one robot.
func readRobot(r *reader) *dingtalk.Robot {
	robot := &dingtalk.Robot{
		Secret:            r.text(schema.KeySecret),
		Keywords:          dingtalk.ParseKeywords(r.text(schema.KeyKeywords)),
		AllowAtAll:        r.flag(schema.KeyAllowAtAll, true),
		MessagesPerMinute: r.number(schema.KeyMessagesPerMinute, 20, 0, 10000),
		MaxParts:          r.number(schema.KeyMaxParts, 5, 1, 10),
		MaxRetries:        r.number(schema.KeyRetries, 1, 0, 5),
	}
	r.address(robot)
	return robot
}

// address finds the robot's address and token. A whole address is understood
// under the token's key too, because that is what DingTalk gives people to copy.
func (r *reader) address(robot *dingtalk.Robot) {
	token, webhook := r.text(schema.KeyAccessToken), r.text(schema.KeyWebhookURL)
	webhookKey := schema.KeyWebhookURL
	if strings.Contains(token, "://") {
		if webhook == "" {
			webhook, webhookKey, token = token, schema.KeyAccessToken, ""
		} else {
			token = r.parseAddress(schema.KeyAccessToken, token).Token
		}
	}
	if webhook == "" {
		webhook = dingtalk.DefaultWebhook
	}
	robot.Address = r.parseAddress(webhookKey, webhook)
	token, fault := dingtalk.ParseToken(token)
	if fault != "" {
		r.fail(schema.KeyAccessToken, fault)
	}
	switch inAddress := robot.Address.Token; {
	case token == "" && inAddress == "":
		r.fail(schema.KeyAccessToken, "is missing")
	case token != "" && inAddress != "" && token != inAddress:
		r.fail(schema.KeyWebhookURL, "carries another access_token than "+schema.KeyAccessToken)
	case token == "":
		token = inAddress
	}
	robot.Token = token
}

func (r *reader) parseAddress(key, value string) dingtalk.Address {
	address, fault := dingtalk.ParseAddress(value)
	if fault != "" {
		r.fail(key, fault)
	}
	return address
}
