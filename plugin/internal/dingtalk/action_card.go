package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// ActionCard is Markdown with buttons below. One button becomes the card's
// singleTitle and singleURL, which make the whole card lead there.
var ActionCard = &Kind{
	Type:     "actionCard",
	Markdown: true,
	Titled:   true,
	Whole:    true,
	ByUser:   true,
	read: func(m *Message, arguments strictjson.Object, style *Style) *Error {
		m.Side = strictjson.Text(arguments.Get("btnOrientation")) == "horizontal"
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
		if p.message.Side {
			w.Raw(`"1"}`)
		} else {
			w.Raw(`"0"}`)
		}
	},
}
