package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// FeedCard is a list of headlines with pictures, each with its link. Its fields
// are messageURL and picURL, in capitals. It has no title of its own; a keyword
// goes to that of its first entry.
var FeedCard = &MessageType{
	Type:       "feedCard",
	NoSplit:    true,
	NoMentions: true,
	read: func(m *Message, arguments strictjson.Object, style *MessageOptions) *Error {
		m.readLinks(arguments.Get("links"), "messageURL", "picURL")
		return m.checkLinks(style, func(i int) (url, picture string) {
			path := "/links/" + strconv.Itoa(i)
			return path + "/messageURL", path + "/picURL"
		})
	},
	write: func(w *strictjson.Writer, p *part) {
		links := p.message.Links
		if p.keyword != "" {
			first := links[0]
			first.Title = p.keyword + " " + first.Title
			links = append([]Link{first}, links[1:]...)
		}
		w.Raw("{")
		w.Member("links")
		writeLinks(w, links, "messageURL", "picURL")
		w.Raw("}")
	},
}
