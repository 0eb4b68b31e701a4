package mcpserver

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A patientTransport tells the SDK of the input's end only when all calls that
// came before it are answered: the SDK would end them, and a message could be
// lost on its way because a script closed its pipe.
type patientTransport struct {
	mcp.Transport
	patience time.Duration // since the input's end
}

// Connect implements mcp.Transport.
func (t *patientTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &patientConnection{Connection: connection, patience: t.patience, open: map[jsonrpc.ID]bool{}, answered: make(chan struct{}, 1), closed: make(chan struct{})}, nil
}

type patientConnection struct {
	mcp.Connection
	patience time.Duration
	mu       sync.Mutex
	open     map[jsonrpc.ID]bool // calls that were read and not yet answered
	answered chan struct{}       // signals that one was
	once     sync.Once
	closed   chan struct{}
}

// Read implements mcp.Connection.
func (c *patientConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
	if request, ok := message.(*jsonrpc.Request); ok && request.IsCall() {
		c.mu.Lock()
		c.open[request.ID] = true
		c.mu.Unlock()
	}
	if errors.Is(err, io.EOF) {
		c.wait(ctx)
	}
	return message, err
}

// Write implements mcp.Connection.
func (c *patientConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	err := c.Connection.Write(ctx, message)
	if response, ok := message.(*jsonrpc.Response); ok {
		c.mu.Lock()
		delete(c.open, response.ID)
		c.mu.Unlock()
		select {
		case c.answered <- struct{}{}:
		default:
		}
	}
	return err
}

// Close implements mcp.Connection.
func (c *patientConnection) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Connection.Close()
}

func (c *patientConnection) wait(ctx context.Context) {
	timer := time.NewTimer(c.patience)
	defer timer.Stop()
	for c.waiting() {
		select {
		case <-c.answered:
		case <-timer.C:
			return
		case <-c.closed:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (c *patientConnection) waiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open) > 0
}
