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
	"unsafe"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// maxLine is the longest line of input, in bytes. The plugin rejects much smaller
// messages.
const maxLine = 4 << 20

// firstWithoutBatches is the protocol version that removed batches.
const firstWithoutBatches = "2025-06-18"

// StdioTransport carries one message per line. It answers an invalid line with an
// error and continues, whereas the SDK's transport ends the connection
// (https://github.com/modelcontextprotocol/go-sdk/issues/1209).
type StdioTransport struct {
	Reader io.Reader
	Writer io.Writer
}

// Connect implements mcp.Transport.
func (t *StdioTransport) Connect(context.Context) (mcp.Connection, error) {
	c := &stdioConn{
		writer: t.Writer, lines: make(chan line), closed: make(chan struct{}),
		batches: map[jsonrpc.ID]*batch{},
	}
	go c.readLines(bufio.NewReaderSize(t.Reader, 64<<10))
	return c, nil
}

type stdioConn struct {
	lines  chan line
	closed chan struct{}
	once   sync.Once
	queue  []jsonrpc.Message // parsed and not yet read; Read is not called concurrently

	mu         sync.Mutex // guards the following; held while a client does not read
	writer     io.Writer
	batches    map[jsonrpc.ID]*batch // by the ID of each unanswered request
	initialize jsonrpc.ID            // of the request that negotiates the version
	version    string                // negotiated or, until then, requested
}

// A line is a line of input, or the error of reading it.
type line struct {
	text []byte
	err  error
}

// A batch collects responses, which are sent together.
type batch struct {
	pending   int // requests
	responses []json.RawMessage
}

var errLineTooLong = fmt.Errorf("the message is longer than %d bytes", maxLine)

// readLines reads one line ahead. It outlives the connection if the input blocks,
// since such a read cannot be interrupted.
func (c *stdioConn) readLines(r *bufio.Reader) {
	for {
		text, err := readLine(r)
		select {
		case c.lines <- line{text, err}:
		case <-c.closed:
			return
		}
		if err != nil && !errors.Is(err, errLineTooLong) {
			return
		}
	}
}

// readLine reads a line with its line feed, which the last may lack. It skips a
// line that is too long without keeping it in memory.
func readLine(r *bufio.Reader) (text []byte, err error) {
	for long := false; ; {
		part, err := r.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxLine+1; long {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(text) == 0 && !long, err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, errLineTooLong
		default:
			return text, nil
		}
	}
}

// SessionID implements mcp.Connection.
func (c *stdioConn) SessionID() string { return "" }

// Read implements mcp.Connection.
func (c *stdioConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	for len(c.queue) == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.closed:
			return nil, io.EOF
		case l := <-c.lines:
			if l.err != nil && !errors.Is(l.err, errLineTooLong) {
				return nil, l.err
			}
			if err := c.parse(l); err != nil {
				return nil, err
			}
		}
	}
	message := c.queue[0]
	c.queue = c.queue[1:]
	return message, nil
}

// parse adds the messages of a line to the queue, or answers it with an error.
func (c *stdioConn) parse(l line) error {
	text := bytes.Trim(bytes.TrimPrefix(l.text, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case l.err != nil:
		return c.reject(jsonrpc.CodeInvalidRequest, l.err.Error())
	case len(text) == 0:
		return nil
	case !json.Valid(text):
		return c.reject(jsonrpc.CodeParseError, "the line is not one JSON value")
	case text[0] == '[':
		return c.parseBatch(text)
	}
	message, err := decode(text)
	if err != nil {
		return c.reject(jsonrpc.CodeInvalidRequest, err.Error())
	}
	if request, ok := message.(*jsonrpc.Request); ok && request.Method == "initialize" {
		c.mu.Lock()
		c.initialize, c.version = request.ID, protocolVersion(request.Params)
		c.mu.Unlock()
	}
	c.queue = append(c.queue, message)
	return nil
}

// reject answers a line that is not a message.
func (c *stdioConn) reject(code int64, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(errorResponse(code, text))
}

// protocolVersion returns the version in an initialize request or its result, or "".
func protocolVersion(data json.RawMessage) string {
	var version struct {
		ProtocolVersion string `json:"protocolVersion"`
	}
	_ = json.Unmarshal(data, &version) // an error response has none
	return version.ProtocolVersion
}

// parseBatch accepts a batch if the negotiated version has batches.
func (c *stdioConn) parseBatch(text []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version == "" || c.version >= firstWithoutBatches {
		return c.write(errorResponse(jsonrpc.CodeInvalidRequest, "this protocol version has no batches"))
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		return err // unreachable: it is valid JSON, and an array
	}
	if len(elements) == 0 || len(elements) > maxPending {
		return c.write(errorResponse(jsonrpc.CodeInvalidRequest, fmt.Sprintf("a batch has 1 to %d messages", maxPending)))
	}
	b := &batch{}
	for _, element := range elements {
		message, err := decode(element)
		request, isRequest := message.(*jsonrpc.Request)
		isCall := isRequest && request.IsCall()
		if err == nil && isCall && c.batches[request.ID] != nil {
			err = errors.New("the id is in use")
		}
		if err != nil {
			b.responses = append(b.responses, errorResponse(jsonrpc.CodeInvalidRequest, err.Error()))
			continue
		}
		if isCall {
			c.batches[request.ID] = b
			b.pending++
		}
		c.queue = append(c.queue, message)
	}
	return c.finish(b)
}

// finish writes the responses of a batch once all its requests are answered. A
// batch of notifications has none. The lock is held.
func (c *stdioConn) finish(b *batch) error {
	if b.pending > 0 || len(b.responses) == 0 {
		return nil
	}
	data, err := json.Marshal(b.responses)
	if err != nil {
		return err
	}
	return c.write(data)
}

// decode is stricter than the SDK, which accepts any JSON value as an empty object.
func decode(text []byte) (jsonrpc.Message, error) {
	if text = bytes.TrimLeft(text, " \t\r\n"); text[0] != '{' {
		return nil, errors.New("a message is a JSON object")
	}
	if request := decodeRequest(text); request != nil {
		return request, nil
	}
	message, err := jsonrpc.DecodeMessage(text)
	if err != nil {
		return nil, errors.New("the object is no JSON-RPC 2.0 message")
	}
	return message, nil
}

// decodeRequest decodes a request as the SDK's DecodeMessage does, which copies the
// parameters twice and allocates 64 KiB. Here they share the text's memory. It
// returns nil for what is no request.
func decodeRequest(text []byte) *jsonrpc.Request {
	var version, id, method, params gjson.Result
	parse(text).ForEach(func(key, value gjson.Result) bool {
		switch key.Str { // of duplicates, the last counts
		case "jsonrpc":
			version = value
		case "id":
			id = value
		case "method":
			method = value
		case "params":
			params = value
		}
		return true
	})
	callID, err := jsonrpc.MakeID(id.Value())
	if err != nil || version.Str != "2.0" || method.Type != gjson.String {
		return nil
	}
	request := &jsonrpc.Request{ID: callID, Method: method.Str}
	if params.Exists() {
		request.Params = text[params.Index : params.Index+len(params.Raw)]
	}
	return request
}

// parse parses JSON without copying it.
func parse(data []byte) gjson.Result {
	return gjson.Parse(unsafe.String(unsafe.SliceData(data), len(data)))
}

// errorResponse answers what is not a request. Its id is null, since none was read.
func errorResponse(code int64, text string) json.RawMessage {
	data, err := json.Marshal(struct {
		Version string        `json:"jsonrpc"`
		ID      any           `json:"id"`
		Error   jsonrpc.Error `json:"error"`
	}{"2.0", nil, jsonrpc.Error{Code: code, Message: text}})
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return data
}

// Write implements mcp.Connection.
func (c *stdioConn) Write(ctx context.Context, message jsonrpc.Message) error {
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
	b.pending--
	b.responses = append(b.responses, data)
	return c.finish(b)
}

// write writes a line. The lock is held.
func (c *stdioConn) write(data []byte) error {
	_, err := c.writer.Write(append(data, '\n'))
	return err
}

// Close implements mcp.Connection. It does not close reader and writer, which
// belong to the caller.
func (c *stdioConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
