package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// kinds are the messages that the tools make, in the order of schema.Tools.
var kinds = []*dingtalk.MessageType{
	dingtalk.Text, dingtalk.Markdown, dingtalk.LinkCard, dingtalk.ActionCard, dingtalk.FeedCard,
}

// plain is how many tools are offered when nothing else is configured.
const plain = 2

// An offer is a tool that describe lists.
type offer struct {
	name       string
	definition string                // as describe prints it, but for what is configured
	kind       *dingtalk.MessageType // the message that it makes
	arguments  []*argument           // that the configuration adds
	input      *jsonschema.Schema
}

// newOffer returns the i-th of all tools.
func newOffer(i int) offer {
	definition := schema.Tools[i]
	return offer{
		name:       strictjson.String(find(definition, "name")),
		definition: definition,
		kind:       kinds[i],
	}
}

// applyConfig adds to the tool the arguments that the configuration switches on.
func (o *offer) applyConfig(c *configuration) {
	if c.userIDs && find(o.definition, "inputSchema", "properties", "atMobiles").Exists() {
		o.arguments = append(o.arguments, &argument{name: "atUserIds"})
	}
	if names := o.kind.Names(c.style.People); names != nil {
		o.arguments = append(o.arguments, &argument{name: "atNames", enum: []string{"items", "enum"}, names: names})
	}
	if c.named {
		o.arguments = append(o.arguments, c.robotArgument())
	}
}

// describe appends the tool as describe lists it.
func (o *offer) describe(w *strictjson.Writer, output string) {
	d := o.definition
	last := end(d, "inputSchema", "properties")
	w.Raw(d[:last])
	for _, a := range o.arguments {
		a.describe(w)
	}
	required := end(d, "inputSchema", "required")
	w.Raw(d[last:required])
	for _, a := range o.arguments {
		if a.required {
			w.Comma()
			w.Quote(a.name)
		}
	}
	w.Raw(d[required:strings.LastIndexByte(d, '}')])
	w.Raw(`,"outputSchema":`)
	w.Raw(output)
	w.Raw(`,"_meta":`)
	w.Raw(schema.Meta)
	w.Raw("}")
}

// size bounds what describe appends, in bytes.
func (o *offer) size(output string) int {
	n := len(o.definition) + len(output) + len(schema.Meta) + 32
	for _, a := range o.arguments {
		n += a.size()
	}
	return n
}

// check holds the arguments against the tool's schema, as it was described. An
// object was taken apart already; a long text in it is decoded once.
func (o *offer) check(r request) *jsonschema.Violation {
	if o.input == nil {
		o.input = jsonschema.Compile(find(o.definition, "inputSchema"))
		for _, a := range o.arguments {
			o.input.Add(a.name, a.compile(), a.required)
		}
	}
	if r.arguments.IsObject() {
		return o.input.CheckObject(r.fields)
	}
	return o.input.Check(r.arguments)
}

// An argument is one that the configuration adds to tools. Names and robots may
// be many: nothing holds its schema, it is written where it is needed.
type argument struct {
	name     string
	enum     []string // path of the enumeration in its schema, which comes before the description
	names    []string // of the enumeration
	about    string   // added to its description
	required bool
}

// robotArgument is the argument that names a robot.
func (c *configuration) robotArgument() *argument {
	a := &argument{name: "robot", enum: []string{"enum"}, required: c.chosen == nil}
	var about strictjson.Writer
	for i := range c.robots {
		r := &c.robots[i]
		a.names = append(a.names, r.name)
		if i > 0 {
			about.Raw(";")
		}
		about.Raw(" ")
		about.Raw(r.name)
		if r.description != "" {
			about.Raw(" (")
			about.Raw(r.description)
			about.Raw(")")
		}
		if c.chosen == r {
			about.Raw(", the default")
		}
	}
	a.about = string(about.Bytes) + "."
	return a
}

func (a *argument) schema() gjson.Result { return find(schema.Arguments, a.name) }

// describe appends the argument as a member of a tool's properties.
func (a *argument) describe(w *strictjson.Writer) {
	w.Member(a.name)
	rest := a.schema().Raw
	described := len(rest) - end(rest, "description")
	if a.names != nil {
		i := end(rest, a.enum...)
		w.Raw(rest[:i])
		for _, name := range a.names {
			w.Comma()
			w.Quote(name)
		}
		rest = rest[i:]
	}
	w.Raw(rest[:len(rest)-described])
	w.Fragment(a.about)
	w.Raw(rest[len(rest)-described:])
}

func (a *argument) size() int {
	n := len(a.schema().Raw) + len(a.name) + strictjson.EscapedLen(a.about) + len(`,"":`)
	for _, name := range a.names {
		n += strictjson.EscapedLen(name) + len(`,""`)
	}
	return n
}

func (a *argument) compile() *jsonschema.Schema {
	s := jsonschema.Compile(a.schema())
	if a.names != nil {
		s.FillEnum(a.names)
	}
	return s
}

// find returns the value at a path of member names in a JSON document.
func find(document string, path ...string) gjson.Result {
	value := gjson.Parse(document)
	for _, name := range path {
		value = strictjson.Get(value, name)
	}
	return value
}

// end returns the index in a JSON document at which the value at a path can be
// added to: behind its last member, element or character.
func end(document string, path ...string) int {
	value := find(document, path...)
	raw := strings.TrimRight(value.Raw, "\n")
	return value.Index + len(strings.TrimRight(raw[:len(raw)-1], " \n"))
}

// insert adds to the value at a path of a JSON document.
func insert(document, addition string, path ...string) string {
	i := end(document, path...)
	return document[:i] + addition + document[i:]
}
