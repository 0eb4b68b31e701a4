// Package mcp implements the plugin's MCP surface: Describe lists the tools,
// Call runs one. It reads the configuration and decides which tool makes which
// message; package dingtalk knows how to send it.
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

// A Server implements the two exports. It keeps the configuration and the robots'
// state for as long as the instance lives.
type Server struct {
	lookup    func(key string) string
	env       dingtalk.Env
	config    *config // nil before the first call
	described []byte
}

// New returns a Server. lookup returns the value of a configuration key, or "" if
// there is none.
func New(lookup func(key string) string, env dingtalk.Env) *Server {
	return &Server{lookup: lookup, env: env}
}

func (s *Server) loadConfig() *config {
	if s.config == nil {
		s.config = readConfig(s.lookup)
	}
	return s.config
}

// Describe returns an MCP ListToolsResult. It cannot fail and needs no
// configuration: one plugin's failing describe empties the tool list of every
// plugin in the runner.
//
// The result is kept, because it may be the largest block of all, and the heap
// doubles when none of that size is free.
func (s *Server) Describe() []byte {
	if s.described == nil {
		s.described = s.loadConfig().describe()
	}
	return s.described
}

// Call runs a tool and returns an MCP CallToolResult even if it fails: models do
// not see protocol errors.
func (s *Server) Call(input []byte) []byte {
	request, e := readRequest(input)
	if e != nil {
		return errorResult(e)
	}
	c := s.loadConfig()
	tool, e := c.check(request)
	if e != nil {
		return errorResult(e)
	}
	preview := tool.isPreview()
	if preview {
		var v *jsonschema.Violation
		if tool, v = c.previewed(&request); v != nil {
			return errorResult(argumentsError(v))
		}
	}
	c.options.HidePeople = c.dryRun || preview
	robot, key := c.robotFor(request.members), strictjson.String(request.members.Get("idempotencyKey"))
	message, e := robot.Message(tool.messageType, request.members, &c.options)
	if e != nil {
		return errorResult(e)
	}
	if c.options.HidePeople {
		shown, receipt, e := robot.DryRun(s.env, message, key)
		if e != nil {
			return errorResult(e)
		}
		return dryRunResult(&shown, &receipt, preview)
	}
	receipt, e := robot.Send(s.env, message, key)
	if e != nil && e.ConfigKey != "" && c.multiRobot {
		e.ConfigKey = schema.KeyRobots // which has this robot's settings
	}
	return callResult(&receipt, e)
}

// check returns the tool that the request names, if the configuration is valid and
// the request fits the tool's schema. Tools and names may be missing because of the
// configuration.
func (c *config) check(r request) (*toolDef, *dingtalk.Error) {
	if c.err != nil {
		return nil, c.err
	}
	tool := c.tool(r.name)
	if tool == nil {
		return nil, c.toolError(r.name)
	}
	if v := tool.check(r); v != nil {
		return nil, argumentsError(v)
	}
	return tool, nil
}

func (c *config) toolError(name string) *dingtalk.Error {
	e := &dingtalk.Error{Reason: reasonTool, Message: "There is no tool of that name.", Advice: "Call one of " + strings.Join(toolNames(c.tools), ", ") + "."}
	if slices.Contains(toolNames(newTools(len(schema.Tools))), name) {
		e.Message = name + (" is switched off; the operator can enable it in " + schema.KeyTools + ".")
		e.ConfigKey = schema.KeyTools
	}
	return e
}

// tool returns the tool of that name, or nil.
func (c *config) tool(name string) *toolDef {
	for i := range c.tools {
		if c.tools[i].name == name {
			return &c.tools[i]
		}
	}
	return nil
}

func argumentsError(v *jsonschema.Violation) *dingtalk.Error {
	where := v.Path
	if where == "" {
		where = "the arguments"
	}
	return &dingtalk.Error{
		Reason:  dingtalk.ReasonArguments,
		Message: "The message was not sent: " + where + v.Message + ".",
		Advice:  "Correct it and call again.",
	}
}

// MaxInput is the size limit of a request in bytes: twice a message of the most
// parts, because of escapes.
const MaxInput = 512 << 10

// maxArguments is how many arguments are read. No tool has as many, so a larger
// object has one that is unknown or given twice.
const maxArguments = 64

// A request is the input of call.
type request struct {
	name      string            // of the tool
	arguments gjson.Result      // an object, unless the request is invalid
	members   strictjson.Object // of arguments
}

// readRequest reads {"params":{"name":…,"arguments":{…}}}. It ignores what else
// runners add (method, _meta, task); absent or null arguments are empty.
func readRequest(input []byte) (r request, e *dingtalk.Error) {
	if len(input) > MaxInput {
		return r, requestError("it is longer than " + strconv.Itoa(MaxInput) + " bytes")
	}
	envelope, reason := strictjson.Parse(input)
	if reason != "" {
		return r, requestError(reason)
	}
	params, twice := strictjson.Once(envelope, "params")
	if twice {
		return r, requestError(`it has "params" twice`)
	}
	name, twice := strictjson.Once(params, "name")
	if twice {
		return r, requestError(`its "params" have "name" twice`)
	}
	if name.Type != gjson.String {
		return r, requestError(`it has no "params" object with the tool's "name"`)
	}
	r.name = strictjson.String(name)
	if r.arguments, twice = strictjson.Once(params, "arguments"); twice {
		return r, requestError(`its "params" have "arguments" twice`)
	}
	if r.arguments.Type == gjson.Null {
		r.arguments = gjson.Parse("{}")
	}
	r.members = strictjson.Members(r.arguments, maxArguments)
	return r, nil
}

func requestError(reason string) *dingtalk.Error {
	return &dingtalk.Error{
		Reason:  reasonRequest,
		Message: "The call cannot be read: " + reason + ".",
		Advice:  `Send JSON of the form {"params":{"name":"send_text_message","arguments":{"text":"…"}}}.`,
	}
}
