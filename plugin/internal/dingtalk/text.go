package dingtalk

import "dingtalk-plugin/plugin/internal/jsontext"

// Text is plain text.
var Text = &Kind{
	Type: "text",
	write: func(w *jsontext.Writer, p *part) {
		w.Raw("{")
		w.Member("content")
		p.writeText(w)
		w.Raw("}")
	},
}
