// Package mcpserver serves a plugin's tools over MCP. It passes schemas, arguments
// and results through unchanged. It answers a call itself only when the plugin
// cannot, because the host ended the call.
package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Plugin is one loaded plugin. One goroutine calls it at a time.
type Plugin interface {
	// CallExport calls an export and returns its output unchanged. It returns soon
	// after ctx is done, and can be called again.
	CallExport(ctx context.Context, export string, input []byte) ([]byte, error)
	Close(ctx context.Context) error
}

// Options configure a Server. Load is required.
type Options struct {
	Load       func(ctx context.Context) (Plugin, error) // loads a new plugin
	Robots     []string                                  // valid values of the argument "robot"; each gets its own plugin
	Default    string                                    // the robot of a call that names none of them
	Timeout    time.Duration                             // of one call; 0 means 30 seconds
	Grace      time.Duration                             // how long calls may continue after Run's context is done; 0 means 3 seconds
	Log        *slog.Logger                              // gets one line per call; nil disables logging
	Version    string                                    // the server version reported to clients
	WebsiteURL string                                    // of the server, reported to clients; "" if it has none
}

// A Server serves the tools of one plugin.
type Server struct {
	mcp             *mcp.Server
	ctx             context.Context // ends all calls
	cancel          context.CancelFunc
	instances       map[string]*instance // by robot; never changes
	defaultInstance *instance            // for calls that name no robot
	keys            *keyList
	timeout         time.Duration
	grace           time.Duration
	log             *slog.Logger
}

// New loads the plugin and reads its tools. Close the Server when done.
func New(ctx context.Context, o *Options) (*Server, error) {
	s := &Server{timeout: o.Timeout, grace: o.Grace, log: o.Log, defaultInstance: newInstance(o.Load), instances: map[string]*instance{}}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if s.timeout <= 0 {
		s.timeout = 30 * time.Second
	}
	if s.grace <= 0 {
		s.grace = 3 * time.Second
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, name := range o.Robots {
		s.instances[name] = newInstance(o.Load)
	}
	if named := s.instances[o.Default]; named != nil {
		s.defaultInstance = named
	}
	tools, err := s.describe(ctx)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.keys = newKeyList(tools)
	s.mcp, err = newMCPServer(o, tools, s.call)
	return s, err
}

// What clients are told about the server. The instructions have only what no
// description of a tool tells, because a model reads both, and name no tool,
// because the operator chooses which there are.
const (
	serverDescription = "Posts messages to DingTalk group chats (钉钉群机器人)."
	instructions      = `These tools post to a DingTalk (钉钉) group and read nothing: no replies, taps or members come back. Of those listed, use plain text for an alert, Markdown for a report, and a card for links or buttons. Put many small updates into one message. Mentions notify people, so leave them out of routine messages. The access token, secret and keywords belong to the operator: do not ask the user for them or write them into a message. If a result names a configKey, tell the user which setting the operator should check, and do not repeat the call before that.`
)

// listTTL is how long clients may keep the list of tools. It never changes while
// the server runs; a client that finds the server with another configuration
// later should not wait long for its tools.
const listTTL = 10 * time.Minute

func newMCPServer(o *Options, tools []*mcp.Tool, call mcp.ToolHandler) (*mcp.Server, error) {
	info := &mcp.Implementation{
		Name: "dingtalk-plugin", Title: "DingTalk group robot", Description: serverDescription,
		Version: o.Version, WebsiteURL: o.WebsiteURL,
	}
	if err := json.Unmarshal([]byte(schema.Icons), &info.Icons); err != nil {
		return nil, fmt.Errorf("schema.Icons: %w", err)
	}
	server := mcp.NewServer(info, &mcp.ServerOptions{
		Instructions: instructions,
		// No listChanged, because the tools never change, and no logging, because logs go to the operator.
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) {
			c.TTLMs, c.CacheScope = int(listTTL.Milliseconds()), "private" // the list names people and robots
		},
	})
	for _, tool := range tools {
		server.AddTool(tool, call)
	}
	server.AddReceivingMiddleware(inOrder(tools))
	return server, nil
}

// inOrder lists the tools in the plugin's order, in which a model meets the
// simplest first. The SDK sorts them by name.
func inOrder(tools []*mcp.Tool) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, request mcp.Request) (mcp.Result, error) {
			result, err := next(ctx, method, request)
			if list, ok := result.(*mcp.ListToolsResult); ok && err == nil {
				list.Tools = tools
			}
			return result, err
		}
	}
}

func (s *Server) describe(ctx context.Context) ([]*mcp.Tool, error) {
	t := s.defaultInstance.join()
	defer t.leave()
	output, err := s.defaultInstance.call(ctx, s.timeout, "describe", nil)
	if err != nil {
		return nil, err
	}
	return readTools(output)
}

// Run serves one client until it closes the connection or the context is done.
// A client that sends its requests and closes at once still gets its answers.
// When the context is done, running calls have the grace period to end.
func (s *Server) Run(ctx context.Context, transport mcp.Transport) error {
	return s.mcp.Run(context.WithoutCancel(ctx), &drainTransport{Transport: transport, server: s, stop: ctx})
}

// Close ends all calls and frees the plugins.
func (s *Server) Close() {
	s.cancel()
	s.defaultInstance.close()
	for _, i := range s.instances {
		i.close()
	}
}

const robotArgument = "robot"

// readTools parses the output of the export describe. It keeps the bytes of the
// schemas: decoded into maps, they would lose the order of the arguments, in
// which a model reads them.
func readTools(output []byte) (tools []*mcp.Tool, err error) {
	var list struct {
		Tools []struct {
			mcp.Tool
			InputSchema  json.RawMessage `json:"inputSchema"`
			OutputSchema json.RawMessage `json:"outputSchema"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(output, &list); err != nil {
		return nil, fmt.Errorf("describe: %w", err)
	}
	if len(list.Tools) == 0 {
		return nil, errors.New("describe: the plugin has no tools")
	}
	for i := range list.Tools {
		tool := &list.Tools[i].Tool
		if err := checkSchema(list.Tools[i].InputSchema); err != nil {
			return nil, fmt.Errorf("describe: tool %q: %w", tool.Name, err)
		}
		tool.InputSchema = list.Tools[i].InputSchema
		if list.Tools[i].OutputSchema != nil {
			tool.OutputSchema = list.Tools[i].OutputSchema
		}
		tools = append(tools, tool)
	}
	return tools, nil
}

// checkSchema rejects schemas that would make AddTool panic.
func checkSchema(input json.RawMessage) error {
	var schema struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(input, &schema) != nil || schema.Type != "object" {
		return errors.New(`the input schema is not one of type "object"`)
	}
	return nil
}
