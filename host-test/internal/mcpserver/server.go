// Package mcpserver offers the tools of a plugin as an MCP server. It decides
// nothing about them: schemas, arguments and results go through as they are. It
// answers itself only where the plugin cannot, because the host ended the call.
package mcpserver

import (
	"context"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An Instance is one loaded plugin. It is called by one goroutine at a time.
type Instance interface {
	// Raw calls an export and returns its output as it is.
	Raw(ctx context.Context, export string, input []byte) ([]byte, error)
	Close(ctx context.Context) error
}

// Options say what is served. Load is required.
type Options struct {
	Load    func(ctx context.Context) (Instance, error) // loads a new instance
	Timeout time.Duration                               // how long one call may take; 0 is half a minute
	Log     *slog.Logger                                // a line for each call; nil is none
	Version string                                      // the server's own, told to clients
}

// A Server serves the tools of one plugin.
type Server struct {
	mcp     *mcp.Server
	keeper  *keeper
	timeout time.Duration
	log     *slog.Logger
}

// New loads the plugin and asks for its tools. Close the Server when done. The
// context ends all calls when it is done.
func New(ctx context.Context, o *Options) (*Server, error) {
	s := &Server{keeper: newKeeper(ctx, o.Load), timeout: o.Timeout, log: o.Log}
	if s.timeout <= 0 {
		s.timeout = 30 * time.Second
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	output, err := s.keeper.raw(ctx, s.timeout, "describe", nil)
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

// margin is for what calls need beside their timeouts.
const margin = 5 * time.Second

// Run serves one client until it closes the connection or the context is done.
// A client that sends its requests and closes at once still gets its answers.
func (s *Server) Run(ctx context.Context, transport mcp.Transport) error {
	return s.mcp.Run(ctx, &patientTransport{Transport: transport, patience: 2*s.timeout + margin})
}

// Close frees the plugin.
func (s *Server) Close() { s.keeper.close() }

// call passes a call on. It returns no error: models do not see those.
func (s *Server) call(ctx context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	start := time.Now()
	a := s.answer(ctx, request.Params)
	s.log.Info("call", "tool", request.Params.Name, "outcome", a.outcome, "took", time.Since(start).Round(time.Millisecond))
	return a.result, nil
}

func (s *Server) answer(ctx context.Context, params *mcp.CallToolParamsRaw) answer {
	input, err := envelope(params)
	if err == nil {
		input, err = s.keeper.raw(ctx, s.timeout, "call", input)
	}
	if err == nil {
		var a answer
		if a, err = readAnswer(input); err == nil {
			return a
		}
	}
	s.log.Error("call ended", "tool", params.Name, "cause", cause(err))
	return refusal(err, params.Arguments)
}
