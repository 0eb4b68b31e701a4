package tool

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
	"dingtalk-plugin/plugin/internal/validate"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// kinds are the messages that the tools make, in the order of schema.Tools.
var kinds = []*dingtalk.Kind{
	dingtalk.Text, dingtalk.Markdown, dingtalk.LinkCard, dingtalk.ActionCard, dingtalk.FeedCard,
}

// plain is how many tools are offered when nothing else is configured.
const plain = 2

// An offer is a tool that describe lists.
type offer struct {
	name       string
	definition string         // as describe prints it, but for the output schema
	kind       *dingtalk.Kind // the message that it makes
	input      *validate.Schema
}

// newOffer returns the i-th of all tools.
func newOffer(i int) offer {
	definition := schema.Tools[i]
	return offer{
		name:       jsontext.Text(jsontext.Member(gjson.Parse(definition), "name")),
		definition: definition,
		kind:       kinds[i],
	}
}

// applyConfig adds to the tool the arguments that the configuration switches on.
func (o *offer) applyConfig(c *configuration) {
	if c.userIDs && o.takes("atMobiles") {
		o.addArgument("atUserIds", argument("atUserIds"), false)
	}
	if names := o.kind.Names(c.style.People); names != nil {
		o.addArgument("atNames", fillEnum(argument("atNames"), names, "items", "enum"), false)
	}
	if c.named {
		o.addArgument("robot", c.robotArgument(), c.chosen == nil)
	}
}

// addArgument adds an argument to the tool.
func (o *offer) addArgument(name, argument string, required bool) {
	if required {
		o.definition = appendJSON(o.definition, quoteJSON(name), "inputSchema", "required")
	}
	o.definition = appendJSON(o.definition, quoteJSON(name)+": "+argument, "inputSchema", "properties")
}

// takes reports whether the tool has an argument of that name.
func (o *offer) takes(name string) bool {
	argument, _ := find(o.definition, "inputSchema", "properties", name)
	return argument != ""
}

// check holds the arguments against the tool's schema, as it was described. An
// object was taken apart already; a long text in it is decoded once.
func (o *offer) check(r request) *validate.Fault {
	if o.input == nil {
		o.input = validate.Compile(jsontext.Member(gjson.Parse(o.definition), "inputSchema"))
	}
	if r.arguments.IsObject() {
		return o.input.CheckObject(r.fields)
	}
	return o.input.Check(r.arguments)
}

// argument returns the schema of an argument that configuration adds.
func argument(name string) string {
	value, _ := find(schema.Arguments, name)
	return value
}

// robotArgument is the schema of the argument that names a robot.
func (c *configuration) robotArgument() string {
	robot := argument("robot")
	names := make([]string, len(c.robots))
	var list jsontext.Writer
	for i := range c.robots {
		r := &c.robots[i]
		names[i] = r.name
		if i > 0 {
			list.Raw(";")
		}
		list.Raw(" ")
		list.Raw(r.name)
		if r.description != "" {
			list.Raw(" (")
			list.Raw(r.description)
			list.Raw(")")
		}
		if c.chosen == r {
			list.Raw(", the default")
		}
	}
	list.Raw(".")
	described := jsontext.Text(jsontext.Member(gjson.Parse(robot), "description")) + string(list.Bytes)
	return fillEnum(replaceJSON(robot, quoteJSON(described), "description"), names, "enum")
}

// find returns the value at a path of member names in a JSON document, and the
// index at which it begins; or "" and 0.
func find(document string, path ...string) (value string, start int) {
	result := gjson.Parse(document)
	for _, name := range path {
		result = jsontext.Member(result, name)
	}
	return result.Raw, result.Index
}

// replaceJSON puts another value in the place of the one at a path.
func replaceJSON(document, value string, path ...string) string {
	old, start := find(document, path...)
	return document[:start] + value + document[start+len(old):]
}

// appendJSON adds an element to the array, or a member to the object, at a path.
func appendJSON(document, addition string, path ...string) string {
	old, _ := find(document, path...)
	inside := strings.TrimRight(old[:len(old)-1], " \n")
	separator := ", "
	if len(inside) == 1 {
		separator = ""
	}
	return replaceJSON(document, inside+separator+addition+old[len(old)-1:], path...)
}

// fillEnum fills the enumeration at a path of an argument's schema.
func fillEnum(argument string, names []string, path ...string) string {
	var list jsontext.Writer
	list.Strings(names)
	return replaceJSON(argument, string(list.Bytes), path...)
}

// quoteJSON writes s as JSON.
func quoteJSON(s string) string {
	var w jsontext.Writer
	w.Quote(s)
	return string(w.Bytes)
}
