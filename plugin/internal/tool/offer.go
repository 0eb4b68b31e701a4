package tool

import (
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

// add adds an argument to the tool.
func (o *offer) add(name, argument string, required bool) {
	input := jsontext.Member(gjson.Parse(o.definition), "inputSchema")
	if required {
		list := jsontext.Member(input, "required").Raw
		o.definition = extend(o.definition, list, quote(name))
	}
	properties := jsontext.Member(input, "properties").Raw
	o.definition = extend(o.definition, properties, quote(name)+": "+argument)
}

// takes reports whether the tool has an argument of that name.
func (o *offer) takes(name string) bool {
	input := jsontext.Member(gjson.Parse(o.definition), "inputSchema")
	return jsontext.Member(jsontext.Member(input, "properties"), name).Exists()
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

// splice adds to the tool what the configuration switches on.
func (o *offer) splice(c *configuration) {
	arguments := gjson.Parse(schema.Arguments)
	if c.userIDs && o.takes("atMobiles") {
		o.add("atUserIds", jsontext.Member(arguments, "atUserIds").Raw, false)
	}
	if names := o.kind.Names(c.style.People); names != nil {
		o.add("atNames", enumeration(jsontext.Member(arguments, "atNames").Raw, names), false)
	}
	if c.named {
		o.add("robot", c.robotArgument(jsontext.Member(arguments, "robot").Raw), c.chosen == nil)
	}
}
