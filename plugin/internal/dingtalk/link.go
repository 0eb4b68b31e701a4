package dingtalk

import "dingtalk-plugin/plugin/internal/strictjson"

// LinkCard is a card with a title, a text, perhaps a picture, and one link.
// Its fields are messageUrl and picUrl, unlike those of a feed card.
var LinkCard = &Kind{
	Type:   "link",
	Titled: true,
	Whole:  true,
	Silent: true,
	read: func(m *Message, arguments strictjson.Object, style *Style) *Error {
		link := Link{URL: strictjson.Text(arguments.Get("messageUrl")), Picture: strictjson.Text(arguments.Get("picUrl"))}
		m.Links = []Link{link}
		return m.checkLinks(style, func(int) (url, picture string) { return "/messageUrl", "/picUrl" })
	},
	write: func(w *strictjson.Writer, p *part) {
		link := &p.message.Links[0]
		p.writeTitleAndText(w)
		w.Member("messageUrl")
		w.Quote(link.URL)
		if link.Picture != "" {
			w.Member("picUrl")
			w.Quote(link.Picture)
		}
		w.Raw("}")
	},
}
