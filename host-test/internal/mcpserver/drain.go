package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// Limits of the unanswered requests of one client. Beyond them nothing more is
// read until a request is answered.
const (
	maxPending      = 1024
	maxPendingBytes = 8 << 20 // of parameters
)

// drainSlack is the time that calls may need in addition to their timeouts.
const drainSlack = 5 * time.Second

// A drainTransport limits the unanswered requests of a client, and queues each
// call when it is read. It reports the end of input to the SDK only after all
// earlier calls are answered. Otherwise the SDK would cancel them, and a script
// that closes its pipe could lose a message on its way.
type drainTransport struct {
	mcp.Transport
	server *Server
	stop   context.Context // nothing more is read once it is done
}

// Connect implements mcp.Transport.
func (t *drainTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &drainConn{
		Connection: connection, server: t.server, stop: t.stop,
		pending: map[jsonrpc.ID]*pendingRequest{}, answered: make(chan struct{}, 1), closed: make(chan struct{}),
	}, nil
}

type drainConn struct {
	mcp.Connection
	server   *Server
	stop     context.Context
	answered chan struct{} // signals that an answer was written
	once     sync.Once
	closed   chan struct{}

	mu      sync.Mutex
	pending map[jsonrpc.ID]*pendingRequest
	bytes   int // of their parameters
	writing int // answers being written
}

// A pendingRequest was read and not yet answered.
type pendingRequest struct {
	bytes  int
	ticket *ticket // nil unless it is a tool call
}

func (p *pendingRequest) leave() {
	if p.ticket != nil {
		p.ticket.leave()
	}
}

// Read implements mcp.Connection.
func (c *drainConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.stop, cancel)()
	message, err := c.Connection.Read(reading)
	if request, ok := message.(*jsonrpc.Request); ok && request.IsCall() {
		if c.wait(c.stop, func() bool { return c.admits(request) }, nil) {
			c.add(request)
			return message, nil
		}
		err = io.EOF // stopped or closed while too many were pending
	}
	switch {
	case c.stop.Err() != nil:
		if !c.drain(ctx, c.server.grace) {
			c.server.cancel()
			c.drain(ctx, time.Second)
		}
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		c.drain(ctx, 2*c.server.timeout+drainSlack)
	}
	return message, err
}

// admits reports whether one more request is within the limits. A request that
// is alone always is.
func (c *drainConn) admits(request *jsonrpc.Request) bool {
	n := len(c.pending) + c.writing
	return n == 0 || n < maxPending && c.bytes+len(request.Params) <= maxPendingBytes
}

func (c *drainConn) add(request *jsonrpc.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending[request.ID] != nil {
		return // the SDK rejects a duplicate ID
	}
	p := &pendingRequest{bytes: len(request.Params)}
	c.pending[request.ID] = p
	c.bytes += p.bytes
	if request.Method == "tools/call" {
		// Invalid parameters are rejected later. Unmarshal would take as long as the
		// plugin does for a long text.
		p.ticket = c.server.instance(request.Params, "arguments."+robotArgument).join()
		request.Params, p.ticket.arguments = cutArguments(request.Params)
		request.Extra = withTicket(p.ticket)
	}
}

// Write implements mcp.Connection. A request stops being pending before its
// answer is written, because the client may then use the ID again.
func (c *drainConn) Write(ctx context.Context, message jsonrpc.Message) error {
	response, ok := message.(*jsonrpc.Response)
	if !ok {
		return c.Connection.Write(ctx, message)
	}
	c.mu.Lock()
	c.writing++
	if p := c.pending[response.ID]; p != nil {
		p.leave() // in case it was canceled before it was handled
		c.bytes -= p.bytes
		delete(c.pending, response.ID)
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
func (c *drainConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.mu.Lock()
	for _, p := range c.pending {
		p.leave()
	}
	c.mu.Unlock()
	return c.Connection.Close()
}

// drain waits until all requests are answered, and reports whether they were.
func (c *drainConn) drain(ctx context.Context, timeout time.Duration) bool {
	return c.wait(ctx, func() bool { return len(c.pending)+c.writing == 0 }, time.After(timeout))
}

// wait waits for the condition, and reports whether it holds. It ends with ctx,
// with the connection, and at the deadline.
func (c *drainConn) wait(ctx context.Context, condition func() bool, deadline <-chan time.Time) bool {
	for {
		c.mu.Lock()
		ok := condition()
		c.mu.Unlock()
		if ok {
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

// cutArgument stands for arguments that were cut out.
const cutArgument = `{"":"in the ticket"}`

// cutArguments returns the parameters of a tool call without the arguments, and the
// arguments, which share their memory. The SDK parses parameters twice, which is a
// tenth of a call's time for a long text.
func cutArguments(params json.RawMessage) (short, arguments json.RawMessage) {
	value := parse(params).Get("arguments")
	if value.Type != gjson.JSON || value.Index == 0 {
		return params, nil
	}
	end := value.Index + len(value.Raw)
	return slices.Concat(params[:value.Index], []byte(cutArgument), params[end:]), params[value.Index:end:end]
}

// uncut returns the parameters with the arguments, unless the SDK read others: of
// duplicates it reads the last.
func (t *ticket) uncut(params *mcp.CallToolParamsRaw) *mcp.CallToolParamsRaw {
	if t == nil || string(params.Arguments) != cutArgument {
		return params
	}
	whole := *params
	whole.Arguments = t.arguments
	return &whole
}

// ticketKey is where a request carries its ticket to its handler. Clients cannot
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
