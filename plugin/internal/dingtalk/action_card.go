package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// ActionCard is Markdown with buttons below. One button becomes the card's
// singleTitle and singleURL, which make the whole card lead there.
var ActionCard = &Kind{
	Type:     "actionCard",
	Markdown: true,
	Titled:   true,
	Whole:    true,
	ByUser:   true,
	read: func(m *Message, arguments jsontext.Object, style *Style) *Error {
		m.Side = arguments.Get("btnOrientation").String() == "horizontal"
		m.readLinks(arguments.Get("btns"), "actionURL", "")
		return m.checkLinks(style, func(i int) (url, picture string) {
			return "/btns/" + strconv.Itoa(i) + "/actionURL", ""
		})
	},
	append: func(dst []byte, p *part) []byte {
		dst = p.appendTitleAndText(append(dst, '{'))
		if links := p.message.Links; len(links) == 1 {
			dst = append(dst, `,"singleTitle":`...)
			dst = jsontext.AppendString(dst, links[0].Title)
			dst = append(dst, `,"singleURL":`...)
			dst = jsontext.AppendString(dst, links[0].URL)
		} else {
			dst = appendLinks(append(dst, `,"btns":`...), links, "actionURL", "")
		}
		if p.message.Side {
			return append(dst, `,"btnOrientation":"1"}`...)
		}
		return append(dst, `,"btnOrientation":"0"}`...)
	},
}
