package mcpserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxFrame bounds a line of input, in bytes. The plugin refuses smaller ones.
const maxFrame = 4 << 20

// firstWithoutBatches is the protocol version that took batches away.
const firstWithoutBatches = "2025-06-18"

// StdioTransport carries a message a line. It answers a line that is no message
// with an error and goes on. The SDK's ends the connection
// (https://github.com/modelcontextprotocol/go-sdk/issues/1209).
type StdioTransport struct {
	Reader io.Reader
	Writer io.Writer
}

// Connect implements mcp.Transport.
func (t *StdioTransport) Connect(context.Context) (mcp.Connection, error) {
	c := &stdioConnection{
		writer: t.Writer, lines: make(chan line), closed: make(chan struct{}),
		batches: map[jsonrpc.ID]*batch{},
	}
	go c.readLines(bufio.NewReaderSize(t.Reader, 64<<10))
	return c, nil
}

type stdioConnection struct {
	lines   chan line
	closed  chan struct{}
	once    sync.Once
	pending []jsonrpc.Message // of a batch, not yet read; Read is not called concurrently

	mu         sync.Mutex // of the writer and of what follows
	writer     io.Writer
	batches    map[jsonrpc.ID]*batch
	initialize jsonrpc.ID // of the request that negotiates the version
	version    string     // negotiated or, until then, asked for
}

// A line is one of the input, or the reason for which there is none.
type line struct {
	text []byte
	err  error
}

// A batch collects responses, because they are to be sent together.
type batch struct {
	open      int
	responses []json.RawMessage
}

var errFrame = fmt.Errorf("the message is longer than %d bytes", maxFrame)

// readLines reads one line ahead. It outlives the connection when the input
// blocks, for nothing can end that.
func (c *stdioConnection) readLines(r *bufio.Reader) {
	for {
		text, err := readLine(r)
		select {
		case c.lines <- line{text, err}:
		case <-c.closed:
			return
		}
		if err != nil && !errors.Is(err, errFrame) {
			return
		}
	}
}

// readLine reads a line without its end. One that is too long is skipped and
// held nowhere. The last may lack its end.
func readLine(r *bufio.Reader) (text []byte, err error) {
	for long := false; ; {
		part, err := r.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxFrame+1; long {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(text) == 0 && !long, err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, errFrame
		default:
			return text, nil
		}
	}
}

// SessionID implements mcp.Connection.
func (c *stdioConnection) SessionID() string { return "" }

// Read implements mcp.Connection.
func (c *stdioConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	for len(c.pending) == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.closed:
			return nil, io.EOF
		case l := <-c.lines:
			if l.err != nil && !errors.Is(l.err, errFrame) {
				return nil, l.err
			}
			if err := c.parse(l); err != nil {
				return nil, err
			}
		}
	}
	message := c.pending[0]
	c.pending = c.pending[1:]
	return message, nil
}

// parse makes messages of a line, or answers it itself.
func (c *stdioConnection) parse(l line) error {
	text := bytes.Trim(bytes.TrimPrefix(l.text, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case l.err != nil:
		return c.refuse(jsonrpc.CodeInvalidRequest, l.err.Error())
	case len(text) == 0:
		return nil
	case !json.Valid(text):
		return c.refuse(jsonrpc.CodeParseError, "the line is not one JSON value")
	case text[0] == '[':
		return c.parseBatch(text)
	}
	message, err := decode(text)
	if err != nil {
		return c.refuse(jsonrpc.CodeInvalidRequest, err.Error())
	}
	if request, ok := message.(*jsonrpc.Request); ok && request.Method == "initialize" {
		c.negotiate(request.ID, request.Params)
	}
	c.pending = append(c.pending, message)
	return nil
}

func (c *stdioConnection) negotiate(id jsonrpc.ID, params json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.initialize, c.version = id, protocolVersion(params)
}

// protocolVersion returns that of an initialize request or its result, or "".
func protocolVersion(data json.RawMessage) string {
	var version struct {
		ProtocolVersion string `json:"protocolVersion"`
	}
	_ = json.Unmarshal(data, &version) // an error has none
	return version.ProtocolVersion
}

// parseBatch takes a batch where the negotiated version has them.
func (c *stdioConnection) parseBatch(text []byte) error {
	c.mu.Lock()
	version := c.version
	c.mu.Unlock()
	if version == "" || version >= firstWithoutBatches {
		return c.refuse(jsonrpc.CodeInvalidRequest, "this protocol version has no batches")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		return err // it is valid JSON, and an array
	}
	if len(elements) == 0 || len(elements) > maxOpen {
		return c.refuse(jsonrpc.CodeInvalidRequest, fmt.Sprintf("a batch has 1 to %d messages", maxOpen))
	}
	b := &batch{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, element := range elements {
		message, err := decode(element)
		request, isRequest := message.(*jsonrpc.Request)
		switch {
		case err != nil:
			b.responses = append(b.responses, errorResponse(jsonrpc.CodeInvalidRequest, err.Error()))
			continue
		case isRequest && request.IsCall() && c.batches[request.ID] != nil:
			b.responses = append(b.responses, errorResponse(jsonrpc.CodeInvalidRequest, "the id is in use"))
			continue
		case isRequest && request.IsCall():
			c.batches[request.ID] = b
			b.open++
		}
		c.pending = append(c.pending, message)
	}
	return c.finish(b)
}

// finish writes the responses of a batch once it is complete. A batch of
// notifications has none.
func (c *stdioConnection) finish(b *batch) error {
	if b.open > 0 || len(b.responses) == 0 {
		return nil
	}
	data, err := json.Marshal(b.responses)
	if err != nil {
		return err
	}
	return c.write(data)
}

// decode is stricter than the SDK's, which takes what is no object for an empty
// one.
func decode(text []byte) (jsonrpc.Message, error) {
	if text = bytes.TrimLeft(text, " \t\r\n"); text[0] != '{' {
		return nil, errors.New("a message is a JSON object")
	}
	message, err := jsonrpc.DecodeMessage(text)
	if err != nil {
		return nil, errors.New(`the object is no JSON-RPC 2.0 message`)
	}
	return message, nil
}

// refuse answers a line of which no request could be made.
func (c *stdioConnection) refuse(code int64, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(errorResponse(code, text))
}

// errorResponse has no id, since none could be read.
func errorResponse(code int64, text string) json.RawMessage {
	data, err := json.Marshal(struct {
		Version string        `json:"jsonrpc"`
		ID      any           `json:"id"`
		Error   jsonrpc.Error `json:"error"`
	}{"2.0", nil, jsonrpc.Error{Code: code, Message: text}})
	if err != nil {
		panic(err) // two numbers and three texts always marshal
	}
	return data
}

// Write implements mcp.Connection.
func (c *stdioConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	data, err := jsonrpc.EncodeMessage(message)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	response, ok := message.(*jsonrpc.Response)
	if !ok {
		return c.write(data)
	}
	if response.ID == c.initialize {
		c.version = protocolVersion(response.Result)
	}
	b := c.batches[response.ID]
	if b == nil {
		return c.write(data)
	}
	delete(c.batches, response.ID)
	b.open--
	b.responses = append(b.responses, data)
	return c.finish(b)
}

// write writes a line; the lock is held.
func (c *stdioConnection) write(data []byte) error {
	_, err := c.writer.Write(append(data, '\n'))
	return err
}

// Close implements mcp.Connection. It leaves reader and writer open: they are
// the process's own.
func (c *stdioConnection) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
