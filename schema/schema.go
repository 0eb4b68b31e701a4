// Package schema holds the vocabulary of the plugin as data: one JSON file a
// tool, as describe prints it, the arguments that configuration adds to them,
// and the schemas of every answer and of the configuration's own JSON.
//
// The plugin validates against these very bytes; nothing mirrors them in Go.
package schema

import _ "embed"

// Each is an MCP Tool object without its output schema
// (https://modelcontextprotocol.io/specification/2025-11-25/server/tools).
var (
	//go:embed send_text_message.json
	sendTextMessage string
	//go:embed send_markdown_message.json
	sendMarkdownMessage string
	//go:embed send_link_message.json
	sendLinkMessage string
	//go:embed send_action_card_message.json
	sendActionCardMessage string
	//go:embed send_feed_card_message.json
	sendFeedCardMessage string
)

// Tools are all tools in the order in which describe lists them.
var Tools = []string{
	sendTextMessage, sendMarkdownMessage, sendLinkMessage, sendActionCardMessage, sendFeedCardMessage,
}

// Meta is what each tool shows as its _meta: the version of the plugin, which
// make dist writes over it in the compiled module, at the same width.
const Meta = `{"dingtalk-plugin/version":{"version":"unknown"}` + blanks + `}`

const blanks = "                                                                                                                                                      "

// Output is the schema of the structuredContent that every call answers,
// whether it succeeded or failed.
//
//go:embed output.json
var Output string

// DryRun is the schema of the member dryRun, which the structuredContent has in
// a dry run.
//
//go:embed dry_run.json
var DryRun string

// Arguments are the schemas of the arguments that configuration adds to tools,
// by name; their empty enumerations are filled from the configuration.
//
//go:embed arguments.json
var Arguments string

// Configuration has the schemas of a robot and of a person in the
// configuration, under those names.
//
//go:embed configuration.json
var Configuration string
