package mcp

import (
	"slices"
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// config is what the operator configured.
type config struct {
	tools        []toolDef
	previewable  []toolDef // whether or not they are on; nil before the first preview
	robots       []robot
	multiRobot   bool   // robots have names, and tools an argument robot
	defaultRobot *robot // for calls that name none; nil if calls must name one
	options      dingtalk.MessageOptions
	userIDs      bool
	dryRun       bool
	err          *dingtalk.Error // the first one, with which nothing is sent
}

// maxRobots limits the robots in a configuration.
const maxRobots = 64

// maxPerMinute limits the rate that can be configured. The time of each message is
// kept, which for 10000 at each of 64 robots takes 8 MiB.
const maxPerMinute = 1000

// A robot has a rate limit, a lock and a probe of its own.
type robot struct {
	*dingtalk.Robot
	name        string // or "" for the only one
	description string
}

// readConfig always returns tools, because describe must not fail: the default
// ones after an error, unless the error concerns the settings of a single robot.
func readConfig(lookup func(key string) string) *config {
	r := &configReader{lookup: lookup}
	c := &config{}
	c.dryRun = r.bool(schema.KeyDryRun, false)
	c.userIDs = r.bool(schema.KeyAtUserIDs, false)
	c.options.Links = dingtalk.LinkTarget(r.enum(schema.KeyLinks, "default", "browser", "sidebar"))
	markdown := r.enum(schema.KeyMarkdown, "asis", "fix", "phone")
	c.options.FixMarkdown, c.options.ForPhones = markdown > 0, markdown == 2
	c.options.RefuseSensitive = r.enum(schema.KeySensitive, "off", "refuse") == 1
	c.options.LinkHosts = r.hosts(schema.KeyLinkHosts)
	c.options.People = r.people()
	tools := r.tools()
	c.readRobots(r)
	if c.err = r.err; c.err != nil && settingName(c.err.ConfigKey) == "" {
		c.tools = newTools(defaultToolCount)
		return c
	}
	for i := range c.robots {
		c.options.AddCredentials(c.robots[i].Robot)
	}
	c.tools = tools
	for i := range c.tools {
		c.tools[i].applyConfig(c)
	}
	return c
}

// tools returns the configured tools in the order of schema.Tools.
func (r *configReader) tools() (tools []toolDef) {
	value := r.text(schema.KeyTools)
	if value == "" {
		return newTools(defaultToolCount)
	}
	all := newTools(len(schema.Tools))
	if value == "all" {
		return all
	}
	names := dingtalk.SplitList(value)
	for _, tool := range all {
		if i := slices.Index(names, tool.name); i >= 0 {
			tools = append(tools, tool)
			names = append(names[:i], names[i+1:]...)
		}
	}
	known := "; known are " + strings.Join(toolNames(all), ", ") + " and all"
	switch {
	case len(names) > 0:
		r.fail(schema.KeyTools, "names an unknown tool, or one twice"+known)
	case len(tools) == 0:
		r.fail(schema.KeyTools, "names no tool"+known)
	}
	return tools
}

// readRobots reads the only robot, or those in KeyRobots.
func (c *config) readRobots(r *configReader) {
	value := r.text(schema.KeyRobots)
	if value == "" {
		c.robots = []robot{{Robot: r.robot()}}
		c.defaultRobot = &c.robots[0]
		return
	}
	c.multiRobot = true
	members := r.namedObjects(schema.KeyRobots, "robot", value, maxRobots)
	settings := jsonschema.Compile(find(schema.Configuration, "robot"))
	buffer := new(strictjson.Writer)          // shared, because calls do not overlap
	c.robots = make([]robot, 0, len(members)) // defaultRobot points into it
	for i, member := range members {
		made, reason := r.namedRobot(member, settings)
		if reason != "" {
			r.failAt(schema.KeyRobots, "robot", i, reason)
			return
		}
		made.Buffer = buffer
		for _, other := range c.robots {
			if other.Token == made.Token && other.Address.Base == made.Address.Base && other.Address.Query == made.Address.Query {
				made.State = other.State
			}
		}
		c.robots = append(c.robots, made)
		if strictjson.Get(member.Value, "default").Type != gjson.True {
			continue
		}
		if c.defaultRobot != nil {
			r.fail(schema.KeyRobots, "marks more than one robot as default")
		}
		c.defaultRobot = &c.robots[i]
	}
	if len(c.robots) == 1 {
		c.defaultRobot = &c.robots[0]
	}
}

// namedRobot reads a member of KeyRobots. A setting that is absent, null or not
// expanded has the value configured for all robots, but a robot does not share
// another's credentials and keywords.
func (r *configReader) namedRobot(member strictjson.Member, settings *jsonschema.Schema) (made robot, reason string) {
	if v := settings.Check(member.Value); v != nil {
		return made, settingReason(v)
	}
	const maxSettings = 16
	values := strictjson.Members(member.Value, maxSettings)
	own := &configReader{lookup: func(key string) string {
		if value := expanded(strictjson.String(values.Get(settingName(key)))); value != "" {
			return value
		}
		switch key {
		case schema.KeyAccessToken, schema.KeySecret, schema.KeyKeywords:
			return ""
		}
		return r.lookup(key)
	}}
	own.sharedURL = expanded(strictjson.String(values.Get(settingName(schema.KeyWebhookURL)))) == ""
	made = robot{Robot: own.robot(), name: member.Name, description: strictjson.String(values.Get("description"))}
	switch {
	case own.err != nil:
		return made, settingName(own.err.ConfigKey) + " " + own.reason
	case looksSecret(made.description):
		return made, "description looks like a credential"
	}
	return made, ""
}

// settingName returns the name of a key in the settings of a named robot, or ""
// for a key that is not per robot.
func settingName(key string) string {
	for _, k := range schema.PerRobotKeys {
		if k.Key == key {
			return k.Setting
		}
	}
	return ""
}

// robotFor returns the robot that the arguments name, or the default one.
func (c *config) robotFor(arguments strictjson.Object) *dingtalk.Robot {
	name := strictjson.String(arguments.Get("robot"))
	for i := range c.robots {
		if c.robots[i].name == name {
			return c.robots[i].Robot
		}
	}
	return c.defaultRobot.Robot
}

// A configReader reads configuration values and keeps the first error: what is
// wrong with which key, never the value.
type configReader struct {
	lookup    func(key string) string // "" if the key is not set
	sharedURL bool                    // KeyWebhookURL is configured for all robots, and a token in it is nobody's
	err       *dingtalk.Error
	reason    string // of err, without the key
}

// robot reads the settings of one robot.
func (r *configReader) robot() *dingtalk.Robot {
	robot := &dingtalk.Robot{
		Secret:            r.text(schema.KeySecret),
		Keywords:          dingtalk.SplitList(r.text(schema.KeyKeywords)),
		AllowAtAll:        r.bool(schema.KeyAllowAtAll, true),
		MessagesPerMinute: r.int(schema.KeyMessagesPerMinute, 20, 0, maxPerMinute),
		MaxParts:          r.int(schema.KeyMaxParts, 5, 1, 10),
		MaxRetries:        r.int(schema.KeyRetries, 1, 0, 5),
		State:             new(dingtalk.State),
	}
	robot.Address, robot.Token = r.webhook()
	if slices.ContainsFunc(robot.Keywords, looksSecret) { // messages and results show keywords
		r.fail(schema.KeyKeywords, "holds what looks like a credential")
	}
	return robot
}

// webhook reads the address and the token. It accepts an address under the
// token's key too, because DingTalk gives people the address to copy.
func (r *configReader) webhook() (address dingtalk.Webhook, token string) {
	token, url, urlKey := r.text(schema.KeyAccessToken), r.text(schema.KeyWebhookURL), schema.KeyWebhookURL
	if strings.Contains(token, "://") {
		if url == "" {
			url, urlKey, token = token, schema.KeyAccessToken, ""
		} else {
			token = r.address(schema.KeyAccessToken, token).Token
		}
	}
	if url == "" {
		url = dingtalk.DefaultWebhook
	}
	address = r.address(urlKey, url)
	if r.sharedURL && urlKey == schema.KeyWebhookURL {
		address.Token = ""
	}
	token, reason := dingtalk.ParseToken(token)
	if reason != "" {
		r.fail(schema.KeyAccessToken, reason)
	}
	switch {
	case token == "" && address.Token == "":
		r.fail(schema.KeyAccessToken, "is missing")
	case token != "" && address.Token != "" && token != address.Token:
		r.fail(schema.KeyWebhookURL, "carries another access_token than "+schema.KeyAccessToken)
	case token == "":
		token = address.Token
	}
	return address, token
}

func (r *configReader) address(key, value string) dingtalk.Webhook {
	address, reason := dingtalk.ParseWebhook(value)
	if reason != "" {
		r.fail(key, reason)
	}
	return address
}

// text returns a value, or "" if there is none.
func (r *configReader) text(key string) string { return expanded(r.lookup(key)) }

// expanded returns a trimmed value, or "" for a ${…} that the runner did not
// expand.
func expanded(value string) string {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

func (r *configReader) int(key string, fallback, min, max int) int {
	value := r.text(key)
	if value == "" {
		return fallback
	}
	n, ok := dingtalk.ParseNumber(value)
	if !ok || n < min || n > max {
		r.fail(key, "is not a whole number from "+strconv.Itoa(min)+" to "+strconv.Itoa(max))
		return fallback
	}
	return n
}

func (r *configReader) bool(key string, fallback bool) bool {
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

// enum returns the index of the value in choices, the first of which is the
// default.
func (r *configReader) enum(key string, choices ...string) int {
	value := r.text(key)
	i := slices.Index(choices, value)
	if i < 0 && value != "" {
		r.fail(key, "is none of "+strings.Join(choices, ", "))
	}
	return max(i, 0)
}

func (r *configReader) hosts(key string) []string {
	hosts, ok := dingtalk.ParseHosts(r.text(key))
	if !ok {
		r.fail(key, "holds what is no host name")
	}
	return hosts
}

// fail keeps the first error.
func (r *configReader) fail(key, reason string) {
	if r.err != nil {
		return
	}
	r.reason = reason
	r.err = &dingtalk.Error{
		Reason:    dingtalk.ReasonConfigured,
		Message:   "The message was not sent: the configuration value " + key + " " + reason + ".",
		Advice:    "Have the operator correct " + key + " in the runner's configuration.",
		ConfigKey: key,
	}
}
