package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// What one client may have unanswered. Beyond it nothing more is read, until
// something is answered, which the timeouts see to.
const (
	maxOpen      = 1024
	maxOpenBytes = 8 << 20 // of parameters
)

// A serverTransport bounds what a client has unanswered, and gives each call its
// place in the queue when it is read. It tells the SDK of the input's end only
// when all calls that came before it are answered: the SDK would end them, and a
// message could be lost on its way because a script closed its pipe.
type serverTransport struct {
	mcp.Transport
	server *Server
	stop   context.Context // done when no more is to be read
}

// Connect implements mcp.Transport.
func (t *serverTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &serverConnection{
		Connection: connection, server: t.server, stop: t.stop,
		open: map[jsonrpc.ID]*openCall{}, answered: make(chan struct{}, 1), closed: make(chan struct{}),
	}, nil
}

type serverConnection struct {
	mcp.Connection
	server   *Server
	stop     context.Context
	mu       sync.Mutex
	open     map[jsonrpc.ID]*openCall // read and not yet answered
	bytes    int                      // of their parameters
	writing  int                      // answers that are being written
	answered chan struct{}            // signals that one was
	once     sync.Once
	closed   chan struct{}
}

// An openCall is a request that was read and not yet answered.
type openCall struct {
	bytes  int
	ticket *ticket // of a call of a tool
}

// Read implements mcp.Connection.
func (c *serverConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.stop, cancel)()
	message, err := c.Connection.Read(reading)
	if request, ok := message.(*jsonrpc.Request); ok && request.IsCall() {
		if c.wait(c.stop, func() bool { return c.admits(request) }, nil) {
			c.add(request)
			return message, nil
		}
		err = io.EOF // stopped or closed while it was full
	}
	switch {
	case c.stop.Err() != nil:
		c.drain(ctx, c.server.grace)
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		c.drain(ctx, 2*c.server.timeout+drainSlack)
	}
	return message, err
}

// admits reports whether there is room for one more.
func (c *serverConnection) admits(request *jsonrpc.Request) bool {
	open := len(c.open) + c.writing
	return open == 0 || open < maxOpen && c.bytes+len(request.Params) <= maxOpenBytes
}

func (c *serverConnection) add(request *jsonrpc.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[request.ID] != nil {
		return // the SDK refuses the second of an ID
	}
	call := &openCall{bytes: len(request.Params)}
	c.open[request.ID] = call
	c.bytes += call.bytes
	if request.Method == "tools/call" {
		var params struct {
			Arguments json.RawMessage `json:"arguments"`
		}
		_ = json.Unmarshal(request.Params, &params) // what is none is refused later
		call.ticket = c.server.instance(params.Arguments).join()
		request.Extra = withTicket(call.ticket)
	}
}

func (o *openCall) leave() {
	if o.ticket != nil {
		o.ticket.leave()
	}
}

// Write implements mcp.Connection. A call is not open any more once its answer
// can be read, because its ID may then be used again.
func (c *serverConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	response, ok := message.(*jsonrpc.Response)
	if !ok {
		return c.Connection.Write(ctx, message)
	}
	c.mu.Lock()
	c.writing++
	if call := c.open[response.ID]; call != nil {
		call.leave() // if it was canceled before it was handled
		c.bytes -= call.bytes
		delete(c.open, response.ID)
	}
	c.mu.Unlock()
	err := c.Connection.Write(ctx, message)
	c.mu.Lock()
	c.writing--
	c.mu.Unlock()
	select {
	case c.answered <- struct{}{}:
	default:
	}
	return err
}

// Close implements mcp.Connection.
func (c *serverConnection) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.mu.Lock()
	for _, call := range c.open {
		call.leave()
	}
	c.mu.Unlock()
	return c.Connection.Close()
}

// drain waits for answers. When the server is to stop, it then ends the calls
// that are left and waits for theirs.
func (c *serverConnection) drain(ctx context.Context, patience time.Duration) {
	if c.waitEmpty(ctx, patience) || c.stop.Err() == nil {
		return
	}
	c.server.cancel()
	c.waitEmpty(ctx, time.Second)
}

func (c *serverConnection) waitEmpty(ctx context.Context, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	return c.wait(ctx, func() bool { return len(c.open)+c.writing == 0 }, timer.C)
}

// wait waits until the condition holds, and reports whether it does. It ends
// with ctx, with the connection, and at the deadline.
func (c *serverConnection) wait(ctx context.Context, condition func() bool, deadline <-chan time.Time) bool {
	for {
		c.mu.Lock()
		holds := condition()
		c.mu.Unlock()
		if holds {
			return true
		}
		select {
		case <-c.answered:
		case <-deadline:
			return false
		case <-c.closed:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// ticketKey is where a request carries its ticket to its handler. No client can
// write there.
const ticketKey = "ticket"

func withTicket(t *ticket) *mcp.RequestExtra {
	return &mcp.RequestExtra{TokenInfo: &auth.TokenInfo{Extra: map[string]any{ticketKey: t}}}
}

func ticketOf(request *mcp.CallToolRequest) *ticket {
	if request.Extra == nil || request.Extra.TokenInfo == nil {
		return nil
	}
	t, _ := request.Extra.TokenInfo.Extra[ticketKey].(*ticket)
	return t
}
