package dingtalk

import "dingtalk-plugin/plugin/internal/jsontext"

// LinkCard is a card with a title, a text, perhaps a picture, and one link.
// Its fields are messageUrl and picUrl, unlike those of a feed card.
var LinkCard = &Kind{
	Type:   "link",
	Titled: true,
	Whole:  true,
	Silent: true,
	read: func(m *Message, arguments jsontext.Object, style *Style) *Error {
		link := Link{URL: arguments.Get("messageUrl").String(), Picture: arguments.Get("picUrl").String()}
		m.Links = []Link{link}
		return m.checkLinks(style, func(int) (url, picture string) { return "/messageUrl", "/picUrl" })
	},
	append: func(dst []byte, p *part) []byte {
		link := p.message.Links[0]
		dst = p.appendTitleAndText(append(dst, '{'))
		dst = append(dst, `,"messageUrl":`...)
		dst = jsontext.AppendString(dst, link.URL)
		if link.Picture != "" {
			dst = append(dst, `,"picUrl":`...)
			dst = jsontext.AppendString(dst, link.Picture)
		}
		return append(dst, '}')
	},
}
