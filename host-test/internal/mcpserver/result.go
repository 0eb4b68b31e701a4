package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An outcome is a result and, for the log, the reason that it gives.
type outcome struct {
	result *mcp.CallToolResult
	reason string
}

// parseResult reads the output of the export call. The structured content stays
// the bytes that it is.
func parseResult(output []byte) (outcome, error) {
	var result mcp.CallToolResult
	var raw struct {
		StructuredContent json.RawMessage `json:"structuredContent"`
	}
	var structured struct {
		Reason string `json:"reason"`
	}
	for _, v := range []any{&result, &raw} {
		if err := json.Unmarshal(output, v); err != nil {
			return outcome{}, fmt.Errorf("call: %w", err)
		}
	}
	if raw.StructuredContent != nil {
		result.StructuredContent = raw.StructuredContent
		_ = json.Unmarshal(raw.StructuredContent, &structured) // one without a reason is logged without
	}
	return outcome{&result, structured.Reason}, nil
}

// Rules of the text of an error result, which a model reads: what failed in one
// sentence, then what to do next. It holds no credential: only errors that are
// made not to are quoted.

// errorResult is the result of a call that the plugin could not answer. It fits
// the output schema of the plugin's tools, and repeats the caller's key.
func errorResult(err error, arguments json.RawMessage) outcome {
	var given struct {
		Key string `json:"idempotencyKey"`
	}
	_ = json.Unmarshal(arguments, &given) // arguments of another form have no key
	structured := structuredError{Retryable: true}
	var trap *host.TrapError
	var text string
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errCanceled):
		structured.Reason = "rate_limited"
		text = "The message was not sent: " + safeErrorText(err) + ". Repeat the call later."
	case errors.As(err, &trap) && !trap.Sent:
		structured.Reason, structured.Retryable = "not_sent", !trap.Lasting
		text = "The message was not sent: " + safeErrorText(err) + ". "
		if trap.Lasting {
			text += "Repeating the call does not help before the operator has changed this; the command doctor shows how."
		} else {
			text += "Repeat the call later; if it fails again, the operator can ask the command doctor for the cause."
		}
	case given.Key != "":
		structured.Reason, structured.Key = "unknown_outcome", given.Key
		text = "It is not known whether the message arrived: " + safeErrorText(err) +
			". Repeat the call unchanged with the same idempotencyKey: the message then arrives once at most."
	default:
		// Without a key the plugin makes one for each call, so a repeated call is
		// another message: retryable is false, as the text says.
		structured.Reason, structured.Retryable = "unknown_outcome", false
		text = "It is not known whether the message arrived: " + safeErrorText(err) +
			". Repeat the call only if a message that arrives twice does no harm; the operator can ask the command doctor for the cause."
	}
	return outcome{&mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: text}},
		StructuredContent: structured,
		IsError:           true,
	}, structured.Reason}
}

// structuredError is a part of what schema/output.json describes.
type structuredError struct {
	OK        bool   `json:"ok"`
	Reason    string `json:"reason"`
	Retryable bool   `json:"retryable"`
	Key       string `json:"idempotencyKey,omitempty"`
}

// safeErrorText says what may be said of an error.
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
