// Package mcp implements the plugin's MCP surface: Describe lists the tools,
// Call runs one. It reads the configuration and decides which tool makes which
// message; package dingtalk knows how to send it.
package mcp

import (
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsonschema"
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
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
	robot, key := c.robotFor(request.members), strictjson.String(request.members.Get("idempotencyKey"))
	message, e := robot.Message(tool.messageType, request.members, &c.options)
	if e != nil {
		return errorResult(e)
	}
	if c.dryRun {
		preview, receipt, e := robot.DryRun(s.env, message, key)
		if e != nil {
			return errorResult(e)
		}
		return dryRunResult(&preview, &receipt)
	}
	receipt, e := robot.Send(s.env, message, key)
	if e != nil && e.ConfigKey != "" && c.multiRobot {
		e.ConfigKey = schema.KeyRobots // which has this robot's settings
	}
	return callResult(&receipt, e)
}

// check returns the tool that the request names, if the request fits its schema
// and the configuration is valid.
func (c *config) check(r request) (*toolDef, *dingtalk.Error) {
	tool := c.tool(r.name)
	if tool == nil {
		return nil, &dingtalk.Error{
			Reason:  reasonTool,
			Message: "There is no tool of that name.",
			Advice:  "Call one of " + strings.Join(toolNames(c.tools), ", ") + ".",
		}
	}
	if v := tool.check(r); v != nil {
		return nil, argumentsError(v)
	}
	return tool, c.err
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
	where := "the arguments"
	if v.Path != "" {
		where = "argument " + v.Path
	}
	return &dingtalk.Error{
		Reason:  dingtalk.ReasonArguments,
		Message: "The message was not sent: " + where + ": " + v.Message + ".",
		Advice:  "Correct it and call again.",
	}
}
