package tool

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
	"dingtalk-plugin/plugin/internal/validate"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A robot is one of the configured robots. Its rate, lock and reach are its own.
type robot struct {
	*dingtalk.Robot
	name        string
	description string
}

// maxRobots bounds what a configuration may hold.
const maxRobots = 64

// readRobots reads the one robot, or the named ones.
func (c *configuration) readRobots(r *reader) {
	value := r.text(keyRobots)
	if value == "" {
		c.robots = []robot{{Robot: readRobot(r)}}
		c.chosen = &c.robots[0]
		return
	}
	c.named = true
	fields := r.object(keyRobots, value)
	settings := validate.Compile(jsontext.Member(gjson.Parse(schema.Configuration), "robot"))
	defaults := 0
	c.robots = make([]robot, 0, len(fields)) // chosen points into it
	for _, field := range fields {
		if fault := settings.Check(field.Value); fault != nil {
			r.fail(keyRobots, "has a fault in robot "+field.Name+": "+fault.Path+" "+fault.Text)
			return
		}
		c.robots = append(c.robots, r.namedRobot(field))
		if jsontext.Member(field.Value, "default").Type == gjson.True {
			c.chosen = &c.robots[len(c.robots)-1]
			defaults++
		}
	}
	if len(c.robots) == 1 {
		c.chosen = &c.robots[0]
	}
	if defaults > 1 {
		r.fail(keyRobots, "marks more than one robot as default")
	}
}

// namedRobot reads one robot as if its settings were the configuration. What it
// does not set, other than its own credentials and keywords, is as configured
// for all.
func (r *reader) namedRobot(field jsontext.Field) robot {
	settings := jsontext.Fields(field.Value, maxRobots)
	own := &reader{
		config: func(key string) (string, bool) {
			value := settings.Get(camel(key))
			if value.Exists() {
				return jsontext.Text(value), true
			}
			switch key {
			case keyToken, keySecret, keyKeywords:
				return "", false
			}
			return r.config(key)
		},
	}
	made := robot{Robot: readRobot(own), name: field.Name, description: jsontext.Text(settings.Get("description"))}
	if own.fault != nil {
		r.fail(keyRobots, "has a fault in robot "+field.Name+": "+camel(own.fault.Key)+" "+own.what)
	}
	return made
}

// camel is how a setting of a named robot is called: accessToken for
// DINGTALK_BOT_ACCESS_TOKEN.
func camel(key string) string {
	words := strings.Split(strings.TrimPrefix(key, prefix), "_")
	name := []byte(words[0])
	for i := range name {
		name[i] |= 0x20
	}
	for _, word := range words[1:] {
		name = append(name, word[0])
		for j := 1; j < len(word); j++ {
			name = append(name, word[j]|0x20)
		}
	}
	return string(name)
}

// robot returns the robot that the arguments name.
func (c *configuration) robot(arguments jsontext.Object) *dingtalk.Robot {
	name := jsontext.Text(arguments.Get("robot"))
	for i := range c.robots {
		if c.named && c.robots[i].name == name {
			return c.robots[i].Robot
		}
	}
	return c.chosen.Robot
}
