// Package schema holds the vocabulary of the plugin as data: one JSON file a
// tool, as describe prints it, and the schema of every answer.
//
// The plugin validates against these very bytes; nothing mirrors them in Go.
package schema

import _ "embed"

// The tools, each as an MCP Tool object without its output schema
// (https://modelcontextprotocol.io/specification/2025-11-25/server/tools).
var (
	//go:embed send_text_message.json
	SendTextMessage string
	//go:embed send_markdown_message.json
	SendMarkdownMessage string
)

// Output is the schema of the structuredContent that every call answers,
// whether it succeeded or failed.
//
//go:embed output.json
var Output string

// Tools are all tools in the order in which describe lists them.
var Tools = []string{SendTextMessage, SendMarkdownMessage}
