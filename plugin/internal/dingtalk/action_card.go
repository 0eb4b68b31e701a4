package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// ActionCard is Markdown with buttons below. One button becomes the card's
// singleTitle and singleURL, which make the whole card lead there.
var ActionCard = &MessageType{
	Type:                 "actionCard",
	Markdown:             true,
	HasTitle:             true,
	NoSplit:              true,
	MentionsByUserIDOnly: true,
	read: func(m *Message, arguments strictjson.Object, style *MessageOptions) *Error {
		m.ButtonsHorizontal = strictjson.String(arguments.Get("btnOrientation")) == "horizontal"
		m.readLinks(arguments.Get("btns"), "actionURL", "")
		return m.checkLinks(style, func(i int) (url, picture string) {
			return "/btns/" + strconv.Itoa(i) + "/actionURL", ""
		})
	},
	write: func(w *strictjson.Writer, p *part) {
		p.writeTitleAndText(w)
		if links := p.message.Links; len(links) == 1 {
			w.Member("singleTitle")
			w.Quote(links[0].Title)
			w.Member("singleURL")
			w.Quote(links[0].URL)
		} else {
			w.Member("btns")
			writeLinks(w, links, "actionURL", "")
		}
		w.Member("btnOrientation")
		if p.message.ButtonsHorizontal {
			w.Raw(`"1"}`)
		} else {
			w.Raw(`"0"}`)
		}
	},
}
