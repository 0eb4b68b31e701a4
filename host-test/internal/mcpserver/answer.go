package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An answer is a result and, for the log, the reason that it gives.
type answer struct {
	result  *mcp.CallToolResult
	outcome string
}

// readAnswer reads what call answers. The structured content stays the bytes
// that it is.
func readAnswer(output []byte) (answer, error) {
	var result mcp.CallToolResult
	var raw struct {
		StructuredContent json.RawMessage `json:"structuredContent"`
	}
	var structured struct {
		Reason string `json:"reason"`
	}
	for _, v := range []any{&result, &raw} {
		if err := json.Unmarshal(output, v); err != nil {
			return answer{}, fmt.Errorf("call: %w", err)
		}
	}
	if raw.StructuredContent != nil {
		result.StructuredContent = raw.StructuredContent
		_ = json.Unmarshal(raw.StructuredContent, &structured) // one without a reason is logged without
	}
	return answer{&result, structured.Reason}, nil
}

// Rules of the text of a refusal, which a model reads: what failed in one
// sentence, then what to do next. It holds no credential: only a host.Failure
// is quoted, whose text is made not to.

// refusal is the result of a call that the plugin could not answer. It fits the
// output schema of the plugin's tools, and repeats the caller's key.
func refusal(err error, arguments json.RawMessage) answer {
	var given struct {
		Key string `json:"idempotencyKey"`
	}
	_ = json.Unmarshal(arguments, &given) // arguments of another form have no key
	structured := structuredRefusal{Reason: "unknown_outcome", Retryable: true}
	text := "It is not known whether the message arrived: " + cause(err) + "."
	switch {
	case errors.Is(err, errBusy):
		structured.Reason = "rate_limited"
		text = "The message was not sent: " + cause(err) + ". Repeat the call later."
	case given.Key != "":
		structured.Key = given.Key
		text += " Repeat the call unchanged with the same idempotencyKey: the message then arrives once at most."
	default:
		text += " Repeat the call only if a message that arrives twice does no harm; the operator can ask the command doctor for the cause."
	}
	return answer{&mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: text}},
		StructuredContent: structured,
		IsError:           true,
	}, structured.Reason}
}

// structuredRefusal is a part of what schema/output.json describes.
type structuredRefusal struct {
	OK        bool   `json:"ok"`
	Reason    string `json:"reason"`
	Retryable bool   `json:"retryable"`
	Key       string `json:"idempotencyKey,omitempty"`
}

// cause says what may be said of an error.
func cause(err error) string {
	var failure *host.Failure
	switch {
	case errors.As(err, &failure):
		return failure.Error()
	case errors.Is(err, errBusy):
		return err.Error()
	}
	return "the plugin gave no answer that can be read"
}
