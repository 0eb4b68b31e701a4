package dingtalk

import "dingtalk-plugin/plugin/internal/strictjson"

// LinkCard is a card with a title, a text, perhaps a picture, and one link.
// Its fields are messageUrl and picUrl, unlike those of a feed card.
var LinkCard = &MessageType{
	Type:       "link",
	HasTitle:   true,
	NoSplit:    true,
	NoMentions: true,
	read: func(m *Message, arguments strictjson.Object, style *MessageOptions) *Error {
		link := Link{URL: strictjson.String(arguments.Get("messageUrl")), Picture: strictjson.String(arguments.Get("picUrl"))}
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
