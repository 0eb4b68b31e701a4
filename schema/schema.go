// Package schema has the tools, results and configuration of the plugin as data:
// a JSON file for each tool, as describe prints it, the arguments that the
// configuration adds, the schemas of results and of JSON in the configuration, and
// the configuration's keys.
//
// The plugin validates against these files; no Go type mirrors them.
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
	//go:embed preview_message.json
	previewMessage string
)

// Tools are all tools, in the order in which describe lists them.
var Tools = []string{
	sendTextMessage, sendMarkdownMessage, sendLinkMessage, sendActionCardMessage, sendFeedCardMessage,
	previewMessage, // without the arguments that it shares with sendMarkdownMessage
}

// Meta ends each tool. It is white space until make dist overwrites it in the
// compiled module, at the same width, with the member _meta, which has the version
// of the plugin. Its ends make it unlike any other white space in a module.
const Meta = "\n\t\n" + blanks + blanks + "\n\t\n"

const blanks = "                                                                                                                             "

// Icons are the icons of each tool and of the server: a PNG of a chat bubble, 48
// by 48, in Base64, because clients must show PNG and not all show SVG (https://modelcontextprotocol.io/specification/2026-07-28/basic#icons).
//
//go:embed icons.json
var Icons string

// Output is the schema of the structuredContent of a tool's results, of errors
// too, with what all tools have in common.
//
//go:embed output.json
var Output string

// OutputMembers are the schemas of members that only some tools' results have:
// parts, notified, and dryRun in a dry run.
//
//go:embed output_members.json
var OutputMembers string

// OutputPreview is the schema of the structuredContent of a preview.
//
//go:embed output_preview.json
var OutputPreview string

// Uses tells for what each tool is used, in the descriptions of the others.
//
//go:embed uses.json
var Uses string

// Arguments are the schemas of the arguments that the configuration adds to tools,
// by name. The configuration fills their empty enums.
//
//go:embed arguments.json
var Arguments string

// Configuration has the schemas of a robot and of a person in the configuration.
//
//go:embed configuration.json
var Configuration string
