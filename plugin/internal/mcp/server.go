// Package tool is the plugin as an MCP runner sees it: Describe lists the
// tools, Call runs one. It knows MCP, the configuration, and which tool makes
// which message, but neither Extism nor how DingTalk takes a message.
package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
)

// A Server answers the two exports. What it learns (configuration, the robots'
// rate and reach) it keeps for as long as the instance lives.
type Server struct {
	host      Host
	config    *configuration
	described []byte
}

// New returns a Server that sees the world through host.
func New(host Host) *Server { return &Server{host: host} }

// configured returns the configuration, which is read once.
func (s *Server) configured() *configuration {
	if s.config == nil {
		s.config = readConfiguration(s.host.Config)
	}
	return s.config
}

// Describe returns an MCP ListToolsResult. It cannot fail and needs no
// configuration: one plugin's failing describe empties the tool list of every
// plugin in the runner.
//
// The answer is kept, because it may be the largest block of all, and TinyGo's
// collector takes many a constant for an address: garbage as large hardly ever
// becomes free.
func (s *Server) Describe() []byte {
	if s.described == nil {
		s.described = s.configured().describe()
	}
	return s.described
}

// describe lists the tools in an answer that is allocated once, at its size.
func (c *configuration) describe() []byte {
	size := len(`{"tools":[]}`)
	for i := range c.offers {
		size += c.offers[i].size(c.output)
	}
	w := strictjson.Writer{Bytes: make([]byte, 0, size)}
	w.Raw(`{"tools":[`)
	for i := range c.offers {
		if i > 0 {
			w.Raw(",")
		}
		c.offers[i].describe(&w, c.output)
	}
	w.Raw("]}")
	return w.Bytes
}

// Call runs a tool and returns an MCP CallToolResult, whatever goes wrong:
// models do not see protocol errors.
func (s *Server) Call(input []byte) []byte {
	request, e := readRequest(input)
	if e != nil {
		return failure(e)
	}
	c := s.configured()
	tool := c.find(request.name)
	if tool == nil {
		return failure(c.unknownTool())
	}
	if fault := tool.check(request); fault != nil {
		return failure(argumentsFault(fault))
	}
	if c.fault != nil {
		return failure(c.fault)
	}
	robot, key := c.robot(request.fields), strictjson.String(request.fields.Get("idempotencyKey"))
	message, e := robot.Message(tool.kind, request.fields, &c.style)
	if e != nil {
		return failure(e)
	}
	if c.dryRun {
		v, receipt, e := robot.Preview(s.host.Env, message, key)
		if e != nil {
			return failure(e)
		}
		return preview(&v, &receipt)
	}
	receipt, e := robot.Send(s.host.Env, message, key)
	if e != nil && e.Key != "" && c.named {
		e.Key = schema.KeyRobots // where this robot's own settings stand
	}
	return outcome(&receipt, e)
}

// find returns the tool of that name, or nil.
func (c *configuration) find(name string) *offer {
	for i := range c.offers {
		if c.offers[i].name == name {
			return &c.offers[i]
		}
	}
	return nil
}

func (c *configuration) unknownTool() *dingtalk.Error {
	return &dingtalk.Error{
		Reason:  reasonTool,
		Message: "There is no tool of that name.",
		Advice:  "Call one of " + strings.Join(toolNames(c.offers), ", ") + ".",
	}
}

func argumentsFault(fault *jsonschema.Violation) *dingtalk.Error {
	where := "the arguments"
	if fault.Path != "" {
		where = "argument " + fault.Path
	}
	return &dingtalk.Error{
		Reason:  dingtalk.ReasonArguments,
		Message: "The message was not sent: " + where + ": " + fault.Message + ".",
		Advice:  "Correct it and call again.",
	}
}

// A Host is all that the plugin sees of the runner that loaded it. The boundary
// fills it with host functions, tests with closures.
type Host struct {
	// Config returns the value of a configuration key, and whether there is one.
	Config func(key string) (value string, ok bool)

	dingtalk.Env
}
