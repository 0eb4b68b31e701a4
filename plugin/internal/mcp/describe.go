package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
)

// describe returns the tools as an MCP ListToolsResult. It allocates the result
// once, because it may be the largest block of all.
func (c *config) describe() []byte {
	size := len(`{"tools":[]}`)
	notes, outputSchemas := make([]string, len(c.tools)), make([]string, len(c.tools))
	for i := range c.tools {
		notes[i], outputSchemas[i] = c.note(&c.tools[i]), c.outputSchema(&c.tools[i])
		size += len(notes[i]) + len(outputSchemas[i]) + c.tools[i].maxSize()
	}
	w := strictjson.Writer{Bytes: make([]byte, 0, size)}
	w.Raw(`{"tools":[`)
	for i := range c.tools {
		if i > 0 {
			w.Raw(",")
		}
		c.tools[i].describe(&w, notes[i], outputSchemas[i])
	}
	w.Raw("]}")
	return w.Bytes
}

// describe appends the tool: its definition, with the note and the arguments
// inserted, followed by the output schema and the version.
func (t *toolDef) describe(w *strictjson.Writer, note, outputSchema string) {
	d := t.definition
	description := endOf(d, "description")
	w.Raw(d[:description])
	w.Fragment(note)
	properties := endOf(d, "inputSchema", "properties")
	w.Raw(d[description:properties])
	for _, a := range t.arguments {
		a.describe(w)
	}
	required := endOf(d, "inputSchema", "required")
	w.Raw(d[properties:required])
	for _, a := range t.arguments {
		if a.required {
			w.Comma()
			w.Quote(a.name)
		}
	}
	w.Raw(d[required:strings.LastIndexByte(d, '}')])
	w.Raw(`,"icons":`)
	w.Raw(schema.Icons)
	w.Raw(`,"outputSchema":`)
	w.Raw(outputSchema)
	w.Raw(schema.Meta)
	w.Raw("}")
}

// maxSize limits what describe appends besides note and output schema, in bytes.
func (t *toolDef) maxSize() int {
	n := len(t.definition) + len(schema.Meta) + len(schema.Icons) + 64
	for _, a := range t.arguments {
		n += a.maxSize()
	}
	return n
}

// note returns what a tool's description ends with: what depends on which tools
// and which robots there are.
func (c *config) note(t *toolDef) string {
	note := ""
	if !t.messageType.NoMentions && t.messageType.Names(c.options.People) == nil {
		note = " A name after @ notifies nobody."
	}
	if !c.multiRobot {
		note += " You cannot choose the group."
	}
	return note + c.otherTools(t)
}

// otherTools tells for what the other tools are used. It calls them this plugin's,
// because some runners put a prefix before names.
func (c *config) otherTools(t *toolDef) (sentence string) {
	for i := range c.tools {
		other := &c.tools[i]
		if other == t {
			continue
		}
		use := strictjson.String(find(schema.Uses, other.name))
		if sentence == "" {
			sentence = " For " + use + ", use this plugin's " + other.name
		} else {
			sentence += "; for " + use + ", " + other.name
		}
	}
	if sentence != "" {
		sentence += "."
	}
	return sentence
}

// outputSchema returns the schema of what the tool's results can hold.
func (c *config) outputSchema(t *toolDef) string {
	if t.isPreview() {
		return schema.OutputPreview
	}
	s := schema.Output
	if !t.messageType.NoSplit {
		s = insertMember(s, "parts")
	}
	if !t.messageType.NoMentions {
		s = insertMember(s, "notified")
	}
	if c.dryRun {
		reason := `,"` + string(reasonDryRun) + `"`
		s = insert(insertMember(s, "dryRun"), reason, "properties", "reason", "enum")
	}
	return s
}

func insertMember(output, name string) string {
	return insert(output, `,"`+name+`":`+find(schema.OutputMembers, name).Raw, "properties")
}

// describe appends the argument as a member of a tool's properties.
func (a *argument) describe(w *strictjson.Writer) {
	w.Member(a.name)
	rest := a.schema.Raw
	description := endOf(rest, "description")
	done := 0
	if a.enum != nil {
		done = endOf(rest, a.enumPath...)
		w.Raw(rest[:done])
		for _, name := range a.enum {
			w.Comma()
			w.Quote(name)
		}
	}
	w.Raw(rest[done:description])
	w.Fragment(a.about)
	w.Raw(rest[description:])
}

func (a *argument) maxSize() int {
	n := len(a.schema.Raw) + len(a.name) + strictjson.EscapedLen(a.about) + len(`,"":`)
	for _, name := range a.enum {
		n += strictjson.EscapedLen(name) + len(`,""`)
	}
	return n
}

// endOf returns the index in a JSON document at which the object, array or string
// at a path can be extended.
func endOf(document string, path ...string) int {
	value := find(document, path...)
	raw := strings.TrimRight(value.Raw, "\n")
	return value.Index + len(strings.TrimRight(raw[:len(raw)-1], " \n"))
}

// insert extends the value at a path of a JSON document.
func insert(document, addition string, path ...string) string {
	i := endOf(document, path...)
	return document[:i] + addition + document[i:]
}
