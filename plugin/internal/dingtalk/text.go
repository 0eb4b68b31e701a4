package dingtalk

import "dingtalk-plugin/plugin/internal/strictjson"

// Text is plain text.
var Text = &MessageType{
	Type: "text",
	write: func(w *strictjson.Writer, p *part) {
		w.Raw("{")
		w.Member("content")
		p.writeText(w)
		w.Raw("}")
	},
}
