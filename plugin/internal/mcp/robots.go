package mcp

import (
	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

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
	value := r.text(keyRobots)
	if value == "" {
		c.robots = []robot{{Robot: readRobot(r)}}
		c.chosen = &c.robots[0]
		return
	}
	c.named = true
	fields := r.names(keyRobots, "robot", value, maxRobots)
	settings := jsonschema.Compile(strictjson.Get(gjson.Parse(schema.Configuration), "robot"))
	c.robots = make([]robot, 0, len(fields)) // chosen points into it
	for i, field := range fields {
		made, fault := r.namedRobot(field, settings)
		if fault != "" {
			r.failIn(keyRobots, "robot", i, fault)
			return
		}
		c.robots = append(c.robots, made)
		if strictjson.Get(field.Value, "default").Type != gjson.True {
			continue
		}
		if c.chosen != nil {
			r.fail(keyRobots, "marks more than one robot as default")
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
			case keyToken, keySecret, keyKeywords:
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

// settingNames are what a named robot's own settings are called, in the order of
// Keys.
var settingNames = [robotKeys]string{
	"accessToken", "secret", "webhookUrl", "keywords", "allowAtAll", "messagesPerMinute", "maxParts", "retries",
}

// settingName returns what the key is called in a named robot's settings, or ""
// for one that is of the whole plugin.
func settingName(key string) string {
	for i, name := range settingNames {
		if Keys[i] == key {
			return name
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
