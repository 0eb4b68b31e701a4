// Package dingtalk is the custom robot of a DingTalk (钉钉) group: its messages,
// limits, signatures, answers and errors
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
//
// It knows nothing of MCP or Extism. What it needs of the world is a Web.
package dingtalk

// A Message is what shall be said, before it is fitted to the robot's rules.
type Message struct {
	Kind     *Kind
	Title    string // of kinds that have one
	Text     string
	Mentions Mentions
}

// A Kind is one of DingTalk's message types
// (https://open.dingtalk.com/document/development/robot-message-type).
type Kind struct {
	Type     string // msgtype
	Markdown bool   // the text is Markdown
	Titled   bool   // it has a title, which the chat list shows

	// append appends the value of the member that is named like the type.
	append func(dst []byte, p *part) []byte
}

// Text is plain text.
var Text = &Kind{
	Type: "text",
	append: func(dst []byte, p *part) []byte {
		dst = append(dst, `{"content":`...)
		return append(p.appendText(dst), '}')
	},
}

// Markdown is text in DingTalk's subset of Markdown.
var Markdown = &Kind{
	Type:     "markdown",
	Markdown: true,
	Titled:   true,
	append: func(dst []byte, p *part) []byte {
		dst = append(dst, `{"title":`...)
		dst = p.appendTitle(dst)
		dst = append(dst, `,"text":`...)
		return append(p.appendText(dst), '}')
	},
}

// newline begins a line of its own in the kind's text.
func (k *Kind) newline() string {
	if k.Markdown {
		return "\n\n"
	}
	return "\n"
}
