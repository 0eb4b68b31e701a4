// Package dingtalk is the custom robot of a DingTalk (钉钉) group: its messages,
// limits, signatures, answers and errors
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
//
// It knows nothing of MCP or Extism. What it needs of the world is a Web.
package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// A Message is what shall be said, before it is fitted to the robot's rules.
type Message struct {
	Kind              *MessageType
	Title             string // of kinds that have one
	Text              string
	Mentions          Mentions
	Links             []Link // of a link one, of an action card its buttons, of a feed card its entries
	ButtonsHorizontal bool   // an action card's buttons stand side by side
}

// A Link leads somewhere from a message.
type Link struct {
	Title   string
	URL     string
	Picture string // address of a picture, or ""
}

// A MessageType is one of DingTalk's message types
// (https://open.dingtalk.com/document/development/robot-message-type).
type MessageType struct {
	Type                 string // msgtype
	Markdown             bool   // the text is Markdown
	HasTitle             bool   // it has a title, which the chat list shows
	NoSplit              bool   // it cannot be split
	NoMentions           bool   // it cannot mention
	MentionsByUserIDOnly bool   // it can mention by user id only

	// read takes the arguments that only this kind has; nil when there are none.
	read func(m *Message, arguments strictjson.Object, options *MessageOptions) *Error
	// write writes the value of the member that is named like the type.
	write func(w *strictjson.Writer, p *part)
}

// A MessageOptions is how the operator wants messages made.
type MessageOptions struct {
	Links       LinkTarget
	FixMarkdown bool     // mend Markdown for DingTalk's clients
	People      []Person // who can be mentioned by name

	// HidePeople keeps their numbers and ids out of the message, which then is
	// good for a preview only.
	HidePeople bool

	byName nameIndex // of People
}

// Message makes a message of kind k for the robot from a tool's arguments, which
// fit the tool's schema. What is too long for the robot is refused by its length
// alone, before it is copied or searched.
func (r *Robot) Message(k *MessageType, arguments strictjson.Object, options *MessageOptions) (m Message, e *Error) {
	m.Kind = k
	if e := r.checkLength(k, arguments); e != nil {
		return m, e
	}
	m.Title = strictjson.String(arguments.Get("title"))
	m.Text = strictjson.String(arguments.Get("text"))
	if k.Markdown && options.FixMarkdown {
		m.Text = FixMarkdown(m.Text)
	}
	if e := checkShown(arguments, "title", m.Title); e != nil {
		return m, e
	}
	if e := checkShown(arguments, "text", m.Text); e != nil {
		return m, e
	}
	if !k.NoMentions {
		e = m.readMentions(arguments, options)
	}
	if e == nil && k.read != nil {
		e = k.read(&m, arguments, options)
	}
	return m, e
}

// checkShown refuses an argument of which the message would show nothing.
func checkShown(arguments strictjson.Object, name, value string) *Error {
	if arguments.Get(name).Exists() && IsBlank(value) {
		return blankError("/" + name)
	}
	return nil
}

func blankError(path string) *Error {
	return argumentError("argument "+path+": nothing but white space", "Give it something that can be read.")
}

func (m *Message) readMentions(arguments strictjson.Object, options *MessageOptions) *Error {
	m.Mentions.All = arguments.Get("atAll").Type == gjson.True
	if e := m.resolveNames(options, strictjson.Strings(arguments.Get("atNames"))); e != nil {
		return e
	}
	if e := m.Mentions.AddMobiles(strictjson.Strings(arguments.Get("atMobiles"))); e != nil {
		return e
	}
	if e := m.Mentions.AddUsers(strictjson.Strings(arguments.Get("atUserIds"))); e != nil {
		return e
	}
	m.Mentions.locate(m.Text, m.Kind.Markdown)
	return m.Mentions.check()
}

// mentions reports whether this kind can mention the person.
func (k *MessageType) mentions(p *Person) bool {
	return !k.NoMentions && (p.IsUserID || !k.MentionsByUserIDOnly)
}

// Names are the names under which people can be mentioned in this kind.
func (k *MessageType) Names(people []Person) (names []string) {
	for i := range people {
		if k.mentions(&people[i]) {
			names = append(names, people[i].Name)
		}
	}
	return names
}

// newline begins a line of its own in the kind's text.
func (k *MessageType) newline() string {
	if k.Markdown {
		return "\n\n"
	}
	return "\n"
}

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

// Markdown is text in DingTalk's subset of Markdown.
var Markdown = &MessageType{
	Type:     "markdown",
	Markdown: true,
	HasTitle: true,
	write: func(w *strictjson.Writer, p *part) {
		p.writeTitleAndText(w)
		w.Raw("}")
	},
}

// writeTitleAndText begins an object with the two members that most kinds have.
func (p *part) writeTitleAndText(w *strictjson.Writer) {
	w.Raw("{")
	w.Member("title")
	p.writeTitle(w)
	w.Member("text")
	p.writeText(w)
}

// LinkCard is a card with a title, a text, perhaps a picture, and one link.
// Its fields are messageUrl and picUrl, unlike those of a feed card.
var LinkCard = &MessageType{
	Type:       "link",
	HasTitle:   true,
	NoSplit:    true,
	NoMentions: true,
	read: func(m *Message, arguments strictjson.Object, options *MessageOptions) *Error {
		link := Link{URL: strictjson.String(arguments.Get("messageUrl")), Picture: strictjson.String(arguments.Get("picUrl"))}
		m.Links = []Link{link}
		return m.checkLinks(options, func(int) (url, picture string) { return "/messageUrl", "/picUrl" })
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

// ActionCard is Markdown with buttons below. One button becomes the card's
// singleTitle and singleURL, which make the whole card lead there.
var ActionCard = &MessageType{
	Type:                 "actionCard",
	Markdown:             true,
	HasTitle:             true,
	NoSplit:              true,
	MentionsByUserIDOnly: true,
	read: func(m *Message, arguments strictjson.Object, options *MessageOptions) *Error {
		m.ButtonsHorizontal = strictjson.String(arguments.Get("btnOrientation")) == "horizontal"
		m.readLinks(arguments.Get("btns"), "actionURL", "")
		return m.checkLinks(options, func(i int) (url, picture string) {
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

// FeedCard is a list of headlines with pictures, each with its link. Its fields
// are messageURL and picURL, in capitals. It has no title of its own; a keyword
// goes to that of its first entry.
var FeedCard = &MessageType{
	Type:       "feedCard",
	NoSplit:    true,
	NoMentions: true,
	read: func(m *Message, arguments strictjson.Object, options *MessageOptions) *Error {
		m.readLinks(arguments.Get("links"), "messageURL", "picURL")
		return m.checkLinks(options, func(i int) (url, picture string) {
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
