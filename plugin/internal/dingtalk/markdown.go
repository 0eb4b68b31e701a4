package dingtalk

import "dingtalk-plugin/plugin/internal/jsontext"

// Markdown is text in DingTalk's subset of Markdown.
var Markdown = &Kind{
	Type:     "markdown",
	Markdown: true,
	Titled:   true,
	write: func(w *jsontext.Writer, p *part) {
		p.writeTitleAndText(w)
		w.Raw("}")
	},
}

// writeTitleAndText begins an object with the two members that most kinds have.
func (p *part) writeTitleAndText(w *jsontext.Writer) {
	w.Raw("{")
	w.Member("title")
	p.writeTitle(w)
	w.Member("text")
	p.writeText(w)
}
