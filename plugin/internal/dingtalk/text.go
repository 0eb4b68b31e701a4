package dingtalk

// Text is plain text.
var Text = &Kind{
	Type: "text",
	append: func(dst []byte, p *part) []byte {
		dst = append(dst, `{"content":`...)
		return append(p.appendText(dst), '}')
	},
}
