// Package tool is the plugin as an MCP runner sees it: Describe lists the
// tools, Call runs one. It knows MCP and which tool makes which message, but
// neither Extism nor how DingTalk takes a message.
package tool

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
	"dingtalk-plugin/plugin/internal/validate"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A Server answers the two exports. What it learns (configuration, the robot's
// rate and reach) it keeps for as long as the instance lives.
type Server struct {
	host  Host
	tools []offer
	robot *dingtalk.Robot
	fault *dingtalk.Error // of the configuration, once robot is read
}

// New returns a Server that sees the world through host.
func New(host Host) *Server { return &Server{host: host} }

// Describe returns an MCP ListToolsResult. It cannot fail and needs no
// configuration: one plugin's failing describe empties the tool list of every
// plugin in the runner.
func (s *Server) Describe() []byte {
	out := append(make([]byte, 0, 16<<10), `{"tools":[`...)
	for i, tool := range schema.Tools {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendTool(out, tool)
	}
	return append(out, "]}"...)
}

// appendTool appends a tool with the output schema that all of them share.
func appendTool(dst []byte, tool string) []byte {
	dst = append(dst, tool[:strings.LastIndexByte(tool, '}')]...)
	dst = append(dst, `,"outputSchema":`...)
	dst = append(dst, schema.Output...)
	return append(dst, '}')
}

// Call runs a tool and returns an MCP CallToolResult, whatever goes wrong:
// models do not see protocol errors.
func (s *Server) Call(input []byte) []byte {
	request, e := readRequest(input)
	if e != nil {
		return failure(e)
	}
	tool := s.find(request.name)
	if tool == nil {
		return failure(s.unknownTool())
	}
	if fault := tool.check(request); fault != nil {
		return failure(argumentsFault(fault))
	}
	robot, e := s.configured()
	if e != nil {
		return failure(e)
	}
	message, e := message(tool.kind, request.fields)
	if e != nil {
		return failure(e)
	}
	return outcome(robot.Send(s.host.Web, message, request.fields.Get("idempotencyKey").String()))
}

// configured returns the robot, which it reads from the configuration once.
func (s *Server) configured() (*dingtalk.Robot, *dingtalk.Error) {
	if s.robot == nil {
		s.robot, s.fault = readRobot(s.host.Config)
	}
	return s.robot, s.fault
}

// An offer is a tool that describe lists.
type offer struct {
	name  string
	input *validate.Schema
	kind  *dingtalk.Kind // the message that it makes
}

// kinds are the messages that the tools make, in the order of schema.Tools.
var kinds = []*dingtalk.Kind{dingtalk.Text, dingtalk.Markdown}

// offers returns the tools, whose schemas are read once.
func (s *Server) offers() []offer {
	if s.tools != nil {
		return s.tools
	}
	for i, definition := range schema.Tools {
		fields := jsontext.Fields(gjson.Parse(definition), len(definition))
		s.tools = append(s.tools, offer{
			name:  fields.Get("name").String(),
			input: validate.Compile(fields.Get("inputSchema")),
			kind:  kinds[i],
		})
	}
	return s.tools
}

// find returns the tool of that name, or nil.
func (s *Server) find(name string) *offer {
	tools := s.offers()
	for i := range tools {
		if tools[i].name == name {
			return &tools[i]
		}
	}
	return nil
}

func (s *Server) unknownTool() *dingtalk.Error {
	var names []string
	for _, tool := range s.offers() {
		names = append(names, tool.name)
	}
	return &dingtalk.Error{
		Reason: reasonTool,
		Text:   "There is no tool of that name.",
		Next:   "Call one of " + strings.Join(names, ", ") + ".",
	}
}

// check holds the arguments against the tool's schema. An object was taken
// apart already; a long text in it is decoded once.
func (o *offer) check(r request) *validate.Fault {
	if r.arguments.IsObject() {
		return o.input.CheckObject(r.fields)
	}
	return o.input.Check(r.arguments)
}

func argumentsFault(fault *validate.Fault) *dingtalk.Error {
	where := "the arguments"
	if fault.Path != "" {
		where = "argument " + fault.Path
	}
	return &dingtalk.Error{
		Reason: dingtalk.ReasonArguments,
		Text:   "The message was not sent: " + where + ": " + fault.Text + ".",
		Next:   "Correct it and call again.",
	}
}

// message makes the message that the arguments, which fit the schema, ask for.
func message(kind *dingtalk.Kind, arguments jsontext.Object) (m dingtalk.Message, e *dingtalk.Error) {
	m.Kind = kind
	m.Title = arguments.Get("title").String()
	m.Text = arguments.Get("text").String()
	m.Mentions.All = arguments.Get("atAll").Bool()
	e = m.Mentions.AddMobiles(jsontext.Strings(arguments.Get("atMobiles")))
	return m, e
}
