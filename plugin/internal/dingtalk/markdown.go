package dingtalk

// Markdown is text in DingTalk's subset of Markdown.
var Markdown = &Kind{
	Type:     "markdown",
	Markdown: true,
	Titled:   true,
	append: func(dst []byte, p *part) []byte {
		return append(p.appendTitleAndText(append(dst, '{')), '}')
	},
}

// appendTitleAndText appends the two members with which most kinds begin.
func (p *part) appendTitleAndText(dst []byte) []byte {
	dst = append(dst, `"title":`...)
	dst = p.appendTitle(dst)
	dst = append(dst, `,"text":`...)
	return p.appendText(dst)
}
