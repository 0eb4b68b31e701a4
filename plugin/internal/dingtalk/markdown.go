package dingtalk

import "dingtalk-plugin/plugin/internal/strictjson"

// Markdown is text in DingTalk's subset of Markdown.
var Markdown = &MessageType{
	Type:     "markdown",
	Markdown: true,
	HasTitle: true,
	write: func(w *strictjson.Writer, p *part) {
		p.writeTitleAndText(w)
		w.Raw("}")
	},
}

// writeTitleAndText begins an object with the two members that most kinds have.
func (p *part) writeTitleAndText(w *strictjson.Writer) {
	w.Raw("{")
	w.Member("title")
	p.writeTitle(w)
	w.Member("text")
	p.writeText(w)
}
