package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// instance returns the instance of the robot that the JSON names at the path.
// Unknown names go to the default instance, whose plugin rejects them.
func (s *Server) instance(data json.RawMessage, path string) *instance {
	if len(s.instances) == 0 { // do not search a long text
		return s.defaultInstance
	}
	if i := s.instances[stringAt(data, path)]; i != nil {
		return i
	}
	return s.defaultInstance
}

// call handles a tool call. It returns no error, because models do not see
// protocol errors.
func (s *Server) call(ctx context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	t := ticketOf(request)
	params := t.uncut(request.Params)
	i := s.instance(params.Arguments, robotArgument)
	if t != nil && t.queue != &i.queue { // the SDK reads duplicate keys differently
		t.leave()
		t = nil
	}
	if t == nil {
		t = i.join()
	}
	defer t.leave()
	var o outcome
	err := t.acquire(ctx, s.timeout)
	if err != nil {
		o = errorResult(err, nil)
	} else {
		o, err = s.callInTurn(ctx, i, params)
	}
	s.logCall(request.Params.Name, &o, err, time.Since(start))
	return o.result, nil
}

// callInTurn calls the plugin with a key. An equal call that ended before has
// already been noted.
func (s *Server) callInTurn(ctx context.Context, i *instance, params *mcp.CallToolParamsRaw) (outcome, error) {
	params = s.keys.complete(params)
	o, err := s.callPlugin(ctx, i, params)
	if err != nil {
		o = errorResult(err, params.Arguments)
	}
	s.keys.finish(params, &o)
	return o, err
}

func (s *Server) callPlugin(ctx context.Context, i *instance, params *mcp.CallToolParamsRaw) (outcome, error) {
	input, err := encodeCall(params)
	if err != nil {
		return outcome{}, err
	}
	output, err := i.call(ctx, s.timeout, "call", input)
	if err != nil {
		return outcome{}, err
	}
	return parseResult(output)
}

// logCall logs how a call ended: what only the operator can change, or may have
// gone wrong unseen, as a warning.
func (s *Server) logCall(tool string, o *outcome, err error, took time.Duration) {
	level := slog.LevelInfo
	attributes := []any{"tool", tool, "outcome", o.reason}
	if o.errcode != nil {
		attributes = append(attributes, "errcode", *o.errcode)
	}
	if o.result.IsError && o.reason != "invalid_arguments" && o.reason != "unknown_tool" {
		level = slog.LevelWarn
	}
	if err != nil {
		attributes = append(attributes, "cause", safeErrorText(err))
	}
	s.log.Log(s.ctx, level, "call", append(attributes, "took", took.Round(time.Millisecond).String())...)
	if errors.Is(err, errHung) {
		s.log.Error("the plugin does not return and was abandoned: end this process, and report it to the plugin's authors")
	}
}

// encodeCall encodes the plugin's input. It keeps the bytes of the arguments, which
// Marshal would scan and escape.
func encodeCall(params *mcp.CallToolParamsRaw) ([]byte, error) {
	name, err := json.Marshal(params.Name)
	if err != nil {
		return nil, err
	}
	if len(params.Arguments) == 0 {
		return slices.Concat([]byte(`{"params":{"name":`), name, []byte("}}")), nil
	}
	return slices.Concat([]byte(`{"params":{"name":`), name, []byte(`,"arguments":`), params.Arguments, []byte("}}")), nil
}

// stringAt returns the string at the path, or "". It reads it as the plugin does:
// the first of several counts.
func stringAt(data json.RawMessage, path string) string {
	if value := gjson.GetBytes(data, path); value.Type == gjson.String {
		return value.Str
	}
	return ""
}

// An outcome is a result, and what its structured content says.
type outcome struct {
	result     *mcp.CallToolResult
	reason     string
	errcode    *int   // nil if DingTalk gave none
	key        string // with which the call may be repeated, or ""
	retryAfter int    // seconds
}

// parseResult parses the output of the export call. It keeps the bytes of the
// structured content, because decoding would round large numbers.
func parseResult(output []byte) (outcome, error) {
	result, err := decodeResult(output)
	if err != nil {
		return outcome{}, fmt.Errorf("call: %w", err)
	}
	o := outcome{result: result}
	if content := parse(output).Get("structuredContent"); content.Exists() {
		result.StructuredContent = json.RawMessage(content.Raw)
		o.reason, o.key = content.Get("reason").Str, content.Get("idempotencyKey").Str
		o.retryAfter = int(content.Get("retryAfterSeconds").Int())
		if errcode := content.Get("errcode"); errcode.Type == gjson.Number {
			code := int(errcode.Int())
			o.errcode = &code
		}
	}
	return o, nil
}

// decodeResult decodes a result. The SDK's decoder allocates 32 KiB, which one text,
// as this plugin answers, does not need.
func decodeResult(output []byte) (*mcp.CallToolResult, error) {
	var plain struct {
		Content           []struct{ Type, Text string } `json:"content"`
		StructuredContent json.RawMessage               `json:"structuredContent"`
		IsError           bool                          `json:"isError"`
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	decoder.DisallowUnknownFields()
	whole := decoder.Decode(&plain) == nil && decoder.InputOffset() == int64(len(output))
	if whole && len(plain.Content) == 1 && plain.Content[0].Type == "text" {
		text := &mcp.TextContent{Text: plain.Content[0].Text}
		return &mcp.CallToolResult{Content: []mcp.Content{text}, IsError: plain.IsError}, nil
	}
	result := &mcp.CallToolResult{}
	err := json.Unmarshal(output, result)
	return result, err
}

// errorResult is the result of a call that the plugin could not answer. It fits
// the output schema of the plugin's tools, and repeats the call's key. Its text
// tells a model what failed, then what to do next. It holds no credential, since
// safeErrorText quotes only errors that hold none.
func errorResult(err error, arguments json.RawMessage) outcome {
	key := stringAt(arguments, keyArgument)
	var content errorContent
	var trap *host.TrapError
	text := "The message was not sent: " + safeErrorText(err) + ". "
	unknown := "It is not known whether the message arrived: " + safeErrorText(err) + "."
	if errors.As(err, &trap) && trap.Sent {
		unknown = trap.Outcome()
	}
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errCanceled):
		content = errorContent{Reason: "rate_limited", Retryable: true}
		text += "Repeat the call later."
	case errors.As(err, &trap) && !trap.Sent && trap.Lasting:
		content = errorContent{Reason: "not_sent"}
		text += "Repeating the call does not help before the operator has changed this; to see how, run doctor."
	case errors.As(err, &trap) && !trap.Sent:
		content = errorContent{Reason: "not_sent", Retryable: true}
		text += "Repeat the call later; if it fails again, the operator can run doctor to see the cause."
	case key != "":
		content = errorContent{Reason: "unknown_outcome", Retryable: true, Key: key}
		text = unknown + " Call again with idempotencyKey " + strconv.Quote(key) + "; the message arrives at most once."
	default: // the tool accepts no key, or the arguments are invalid
		content = errorContent{Reason: "unknown_outcome"}
		text = unknown + " Repeat the call only if a message that arrives twice does no harm; the operator can run doctor to see the cause."
	}
	return outcome{
		result: &mcp.CallToolResult{
			Content:           []mcp.Content{&mcp.TextContent{Text: text}},
			StructuredContent: content,
			IsError:           true,
		},
		reason: content.Reason, key: content.Key,
	}
}

// ErrorResult is the result of a call to the plugin that failed outside of it. It
// holds no credential.
func ErrorResult(err error, arguments json.RawMessage) *mcp.CallToolResult {
	return errorResult(err, arguments).result
}

// NotSentResult is the result of a call that was not made, because of an error that
// must hold no credential.
func NotSentResult(err error) *mcp.CallToolResult {
	return &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: "The message was not sent: " + err.Error()}},
		StructuredContent: errorContent{Reason: "not_sent"},
		IsError:           true,
	}
}

// errorContent has the required fields of schema/output.json.
type errorContent struct {
	OK        bool   `json:"ok"`
	Reason    string `json:"reason"`
	Retryable bool   `json:"retryable"`
	Key       string `json:"idempotencyKey,omitempty"`
}

// safeErrorText returns the text of an error that is known to hold no credential,
// and a general one for any other.
func safeErrorText(err error) string {
	var trap *host.TrapError
	switch {
	case errors.As(err, &trap):
		return trap.Error()
	case errors.Is(err, errBusy), errors.Is(err, errCanceled), errors.Is(err, errHung):
		return err.Error()
	}
	return "the plugin gave no answer that can be read"
}
