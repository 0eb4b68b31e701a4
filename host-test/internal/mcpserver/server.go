// Package mcpserver offers the tools of a plugin as an MCP server. It decides
// nothing about them: schemas, arguments and results go through as they are. It
// answers itself only where the plugin cannot, because the host ended the call.
package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Plugin is one loaded plugin. It is called by one goroutine at a time.
type Plugin interface {
	// CallExport calls an export and returns its output as it is. It returns soon after
	// ctx is done, and can be called again.
	CallExport(ctx context.Context, export string, input []byte) ([]byte, error)
	Close(ctx context.Context) error
}

// Options say what is served. Load is required.
type Options struct {
	Load    func(ctx context.Context) (Plugin, error) // loads a new plugin
	Robots  []string                                  // names that the arguments may give as "robot"; each gets a plugin of its own
	Default string                                    // the robot of a call that names none of them
	Timeout time.Duration                             // how long one call may take; 0 is half a minute
	Grace   time.Duration                             // how long calls may go on after Run's context is done; 0 is three seconds
	Log     *slog.Logger                              // a line for each call; nil is none
	Version string                                    // the server's own, told to clients
}

// A Server serves the tools of one plugin.
type Server struct {
	mcp       *mcp.Server
	ctx       context.Context // ends all calls
	cancel    context.CancelFunc
	instances map[string]*instance // by robot; complete from the start
	standard  *instance            // of calls that name no robot
	timeout   time.Duration
	grace     time.Duration
	log       *slog.Logger
}

// New loads the plugin and asks for its tools. Close the Server when done.
func New(ctx context.Context, o *Options) (*Server, error) {
	s := &Server{timeout: o.Timeout, grace: o.Grace, log: o.Log, standard: newInstance(o.Load), instances: map[string]*instance{}}
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
		s.standard = named
	}
	output, err := s.standard.call(ctx, s.standard.join(), s.timeout, "describe", nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	tools, err := readTools(output)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.mcp = mcp.NewServer(
		&mcp.Implementation{Name: "dingtalk-plugin", Title: "DingTalk group robot", Version: o.Version},
		// The tools never change, and what is logged goes to the operator.
		&mcp.ServerOptions{Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}},
	)
	for _, tool := range tools {
		s.mcp.AddTool(tool, s.call)
	}
	return s, nil
}

// drainSlack is for what calls need beside their timeouts.
const drainSlack = 5 * time.Second

// Run serves one client until it closes the connection or the context is done.
// A client that sends its requests and closes at once still gets its answers.
// When the context is done, calls under way have the grace to end.
func (s *Server) Run(ctx context.Context, transport mcp.Transport) error {
	return s.mcp.Run(context.WithoutCancel(ctx), &serverTransport{Transport: transport, server: s, stop: ctx})
}

// Close ends all calls and frees the plugins.
func (s *Server) Close() {
	s.cancel()
	s.standard.close()
	for _, i := range s.instances {
		i.close()
	}
}

// instance returns the one whose robot the arguments name. What they say is
// judged by the plugin: names that are not configured go to the default.
func (s *Server) instance(arguments json.RawMessage) *instance {
	if i := s.instances[robotName(arguments)]; i != nil {
		return i
	}
	return s.standard
}

// call passes a call on. It returns no error: models do not see those.
func (s *Server) call(ctx context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	start := time.Now()
	o := s.outcome(ctx, request)
	s.log.Info("call", "tool", request.Params.Name, "outcome", o.reason, "took", time.Since(start).Round(time.Millisecond))
	return o.result, nil
}

func (s *Server) outcome(ctx context.Context, request *mcp.CallToolRequest) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	i := s.instance(request.Params.Arguments)
	t := ticketOf(request)
	if t != nil && t.queue != &i.queue {
		t.leave() // the SDK reads these arguments otherwise
		t = nil
	}
	if t == nil {
		t = i.join()
	}
	input, err := envelope(request.Params)
	if err != nil {
		t.leave()
	} else {
		input, err = i.call(ctx, t, s.timeout, "call", input)
	}
	if err == nil {
		var o outcome
		if o, err = parseResult(input); err == nil {
			return o
		}
	}
	s.log.Error("call ended", "tool", request.Params.Name, "cause", safeErrorText(err))
	if errors.Is(err, errHung) {
		s.log.Error("the plugin does not return and was abandoned: end this process, and report it to the plugin's authors")
	}
	return errorResult(err, request.Params.Arguments)
}
