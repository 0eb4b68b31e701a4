package mcp

import (
	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// messageTypes are what the tools send, in the order of schema.Tools.
var messageTypes = [...]*dingtalk.MessageType{
	dingtalk.Text, dingtalk.Markdown, dingtalk.LinkCard, dingtalk.ActionCard, dingtalk.FeedCard,
	dingtalk.Markdown, // of which a preview has the arguments
}

// previewTool is the name of the tool that only shows.
const previewTool = "preview_message"

// defaultToolCount is how many of schema.Tools describe lists by default.
const defaultToolCount = 2

// A toolDef is a tool that describe lists.
type toolDef struct {
	name        string
	definition  string // from schema.Tools
	messageType *dingtalk.MessageType
	arguments   []*argument // that the configuration adds
	schema      *jsonschema.Schema
}

// newTools returns the first n of all tools.
func newTools(n int) []toolDef {
	tools := make([]toolDef, n)
	for i := range tools {
		definition := schema.Tools[i]
		tools[i] = toolDef{name: strictjson.String(find(definition, "name")), definition: definition, messageType: messageTypes[i]}
		if tools[i].isPreview() {
			shared := find(schema.Tools[1], "inputSchema", "properties").Raw
			definition = insert(definition, `,"text"`, "inputSchema", "required")
			tools[i].definition = insert(definition, ","+shared[1:len(shared)-1], "inputSchema", "properties")
		}
	}
	return tools
}

func (t *toolDef) isPreview() bool { return t.name == previewTool }

// previewed returns the tool whose call a preview shows, and makes the request one
// of that tool.
func (c *config) previewed(r *request) (*toolDef, *jsonschema.Violation) {
	if c.previewable == nil {
		c.previewable = newTools(defaultToolCount) // text and Markdown
		for i := range c.previewable {
			c.previewable[i].applyConfig(c)
		}
	}
	tool := &c.previewable[0]
	for i := range r.members {
		if r.members[i].Name == "type" {
			if strictjson.String(r.members[i].Value) == "markdown" {
				tool = &c.previewable[1]
			}
			r.members = append(r.members[:i:i], r.members[i+1:]...)
			break
		}
	}
	return tool, tool.check(*r)
}

func toolNames(tools []toolDef) (names []string) {
	for i := range tools {
		names = append(names, tools[i].name)
	}
	return names
}

// applyConfig adds the arguments that the configuration enables.
func (t *toolDef) applyConfig(c *config) {
	if c.userIDs && find(t.definition, "inputSchema", "properties", "atMobiles").Exists() {
		t.addArgument(&argument{name: "atUserIds"})
	}
	if names := t.messageType.Names(c.options.People); names != nil {
		t.addArgument(&argument{name: "atNames", enumPath: []string{"items", "enum"}, enum: names})
	}
	if c.multiRobot {
		t.addArgument(c.robotArgument())
	}
}

func (t *toolDef) addArgument(a *argument) {
	a.schema = find(schema.Arguments, a.name)
	t.arguments = append(t.arguments, a)
}

// check checks the arguments against the tool's schema, as it was described.
func (t *toolDef) check(r request) *jsonschema.Violation {
	if t.schema == nil {
		t.schema = jsonschema.Compile(find(t.definition, "inputSchema"))
		for _, a := range t.arguments {
			t.schema.Add(a.name, a.compile(), a.required)
		}
	}
	if r.arguments.IsObject() {
		return t.schema.CheckObject(r.members)
	}
	return t.schema.Check(r.arguments)
}

// An argument is one that the configuration adds to tools. Its schema is composed
// when it is written, because there may be thousands of names in it.
type argument struct {
	name     string
	schema   gjson.Result // with an empty enum, followed by a description
	enumPath []string     // of the enum in the schema
	enum     []string
	about    string // added to the description
	required bool
}

// robotArgument returns the argument that names a robot.
func (c *config) robotArgument() *argument {
	a := &argument{name: "robot", enumPath: []string{"enum"}, required: c.defaultRobot == nil}
	var about strictjson.Writer
	for i := range c.robots {
		r := &c.robots[i]
		a.enum = append(a.enum, r.name)
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
		if c.defaultRobot == r {
			about.Raw(", the default")
		}
	}
	a.about = string(about.Bytes) + "."
	return a
}

func (a *argument) compile() *jsonschema.Schema {
	s := jsonschema.Compile(a.schema)
	if a.enum != nil {
		s.FillEnum(a.enum)
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
