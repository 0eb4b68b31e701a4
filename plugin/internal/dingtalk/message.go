// Package dingtalk implements the custom robot of a DingTalk (钉钉) group: its
// messages, limits, signatures, responses and errors
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
//
// It does not depend on MCP or Extism. An Env gives it clock, randomness and HTTP.
package dingtalk

import (
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"

	"github.com/tidwall/gjson"
)

// A MessageType is one of DingTalk's message types
// (https://open.dingtalk.com/document/development/robot-message-type).
type MessageType struct {
	Type                 string // msgtype
	Markdown             bool   // the text is Markdown
	HasTitle             bool   // it has a title, which the chat list shows
	NoSplit              bool   // it cannot be split
	NoMentions           bool   // it cannot mention
	MentionsByUserIDOnly bool   // documented are mentions by user id only; users report that numbers work, too

	list    string // argument and member with the links; "" for one link beside the text
	url     string // member with a link's address; "" for a type without links
	picture string // member with a link's picture; "" for none

	// write writes the value of the member that is named like the type.
	write func(p *part, w *strictjson.Writer)
}

// The message types. DingTalk spells messageUrl and picUrl in a link, and
// messageURL and picURL in a feed card.
var (
	Text     = &MessageType{Type: "text", write: (*part).writeContent}
	Markdown = &MessageType{Type: "markdown", Markdown: true, HasTitle: true, write: (*part).writeMarkdown}
	LinkCard = &MessageType{Type: "link", HasTitle: true, NoSplit: true, NoMentions: true,
		url: "messageUrl", picture: "picUrl", write: (*part).writeLinkCard}
	ActionCard = &MessageType{Type: "actionCard", Markdown: true, HasTitle: true, NoSplit: true, MentionsByUserIDOnly: true,
		list: "btns", url: "actionURL", write: (*part).writeActionCard}
	FeedCard = &MessageType{Type: "feedCard", NoSplit: true, NoMentions: true,
		list: "links", url: "messageURL", picture: "picURL", write: (*part).writeFeedCard}
)

func (p *part) writeContent(w *strictjson.Writer) {
	w.Raw("{")
	w.Member("content")
	p.writeText(w)
	w.Raw("}")
}

func (p *part) writeMarkdown(w *strictjson.Writer) {
	p.writeTitleAndText(w)
	w.Raw("}")
}

func (p *part) writeLinkCard(w *strictjson.Writer) {
	p.writeTitleAndText(w)
	writeLink(w, p.message.Type, &p.message.Links[0])
	w.Raw("}")
}

// writeActionCard writes a single button as singleTitle and singleURL, which
// make the card itself a link.
func (p *part) writeActionCard(w *strictjson.Writer) {
	p.writeTitleAndText(w)
	if links := p.message.Links; len(links) == 1 {
		w.Member("singleTitle")
		w.Quote(links[0].Title)
		w.Member("singleURL")
		w.Quote(links[0].URL)
	} else {
		writeLinks(w, p.message.Type, links)
	}
	w.Member("btnOrientation")
	if p.message.ButtonsHorizontal {
		w.Raw(`"1"}`)
	} else {
		w.Raw(`"0"}`)
	}
}

// writeFeedCard adds a missing keyword to the first link's title, because a feed
// card has no other text.
func (p *part) writeFeedCard(w *strictjson.Writer) {
	links := p.message.Links
	if p.keyword != "" {
		first := links[0]
		first.Title = p.keyword + " " + first.Title
		links = append([]Link{first}, links[1:]...)
	}
	w.Raw("{")
	writeLinks(w, p.message.Type, links)
	w.Raw("}")
}

// writeTitleAndText begins an object with its title and text.
func (p *part) writeTitleAndText(w *strictjson.Writer) {
	w.Raw("{")
	w.Member("title")
	p.writeTitle(w)
	w.Member("text")
	p.writeText(w)
}

// A Message is what a caller asks to send, before it is adapted to the robot.
type Message struct {
	Type              *MessageType
	Title             string // of types that have one
	Text              string
	Mentions          Mentions
	Links             []Link // the link of a link card, the buttons of an action card, the entries of a feed card
	ButtonsHorizontal bool   // for an action card's buttons
}

// MessageOptions are the operator's choices for making messages.
type MessageOptions struct {
	Links       LinkTarget
	FixMarkdown bool     // fix Markdown for DingTalk's clients
	ForPhones   bool     // and for phones, which show less
	People      []Person // who can be mentioned by name

	RefuseSensitive bool     // refuse what looks like a credential of anything
	LinkHosts       []string // where addresses may lead; any host if empty

	// HidePeople keeps numbers and ids of People out of the message, which is
	// then fit for a dry run only.
	HidePeople bool

	credentials []string  // of the configured robots, in lower case
	byName      nameIndex // of People
}

// Message makes a message of type k from a tool's arguments, which must match
// the tool's schema. It refuses a text that is too long for the robot before
// copying or searching it.
func (r *Robot) Message(k *MessageType, arguments strictjson.Object, options *MessageOptions) (m Message, e *Error) {
	m.Type = k
	if e := r.checkLength(k, arguments); e != nil {
		return m, e
	}
	m.Title = strictjson.String(arguments.Get("title"))
	m.Text = strictjson.String(arguments.Get("text"))
	m.ButtonsHorizontal = strictjson.String(arguments.Get("btnOrientation")) == "horizontal"
	if k.Markdown && options.FixMarkdown {
		limit := MaxBody * r.maxParts(k)
		if m.Text = FixMarkdown(m.Text, limit, options.ForPhones); m.Text == "" {
			return m, r.textError(k, "at least ", limit+1)
		}
	}
	if e := checkBlank(arguments, "title", m.Title); e != nil {
		return m, e
	}
	if e := checkBlank(arguments, "text", m.Text); e != nil {
		return m, e
	}
	if !k.NoMentions {
		e = m.readMentions(arguments, options)
	}
	if e == nil {
		e = m.checkContent(options)
	}
	if e == nil && k.url != "" {
		m.readLinks(arguments)
		if n := m.minOverhead(); n > MaxBody {
			return m, overheadError("at least ", n)
		}
		e = m.checkLinks(options)
	}
	return m, e
}

// minOverhead returns what title and links take at least, in bytes. More than a body
// holds is refused before page links or a body are made of it.
func (m *Message) minOverhead() int {
	n := len(m.Title)
	for i := range m.Links {
		n += len(m.Links[i].Title) + len(m.Links[i].URL) + len(m.Links[i].Picture)
	}
	return n
}

// checkBlank refuses an argument that would show nothing.
func checkBlank(arguments strictjson.Object, name, value string) *Error {
	if arguments.Get(name).Exists() && IsBlank(value) {
		return blankError(name)
	}
	return nil
}

func blankError(path string) *Error {
	return argumentError(path+": nothing but white space", "Give it something that can be read.")
}

// checkContent refuses what the operator does not let out.
func (m *Message) checkContent(options *MessageOptions) *Error {
	e := options.check("title", m.Title, bareAddress)
	if e == nil {
		kind := bareAddress
		if m.Type.Markdown {
			kind = markdownAddress
		}
		e = options.check("text", m.Text, kind)
	}
	for i := range m.Mentions.People {
		if mention := &m.Mentions.People[i]; e == nil && mention.Name == "" {
			e = options.check("atUserIds", mention.ID, bareAddress)
		}
	}
	return e
}

// check refuses a text that goes out as the argument of that name. It repeats
// nothing of it but the host of an address.
func (o *MessageOptions) check(name, text string, kind addressKind) *Error {
	what, key := o.credentialIn(text), ""
	switch what {
	case "":
		if what, key = o.foreignAddress(text, kind), schema.KeyLinkHosts; what == "" {
			return nil
		}
	case ownCredential:
	default:
		key = schema.KeySensitive
	}
	return &Error{
		Reason:    ReasonPolicy,
		Message:   "The message was not sent: " + name + " holds " + what + ".",
		Advice:    "Send it without that.",
		ConfigKey: key,
	}
}

func (m *Message) readMentions(arguments strictjson.Object, options *MessageOptions) *Error {
	m.Mentions.All = arguments.Get("atAll").Type == gjson.True
	if e := m.resolveNames(options, strictjson.Strings(arguments.Get("atNames"))); e != nil {
		return e
	}
	if e := m.Mentions.addMobiles(strictjson.Strings(arguments.Get("atMobiles"))); e != nil {
		return e
	}
	if e := m.Mentions.addUserIDs(strictjson.Strings(arguments.Get("atUserIds"))); e != nil {
		return e
	}
	m.Mentions.locate(m.Text, m.Type.Markdown)
	return m.Mentions.check()
}

// mentions reports whether this type can mention the person.
func (k *MessageType) mentions(p *Person) bool {
	return !k.NoMentions && (p.IsUserID || !k.MentionsByUserIDOnly)
}

// Names returns the names under which people can be mentioned in this type.
func (k *MessageType) Names(people []Person) (names []string) {
	for i := range people {
		if k.mentions(&people[i]) {
			names = append(names, people[i].Name)
		}
	}
	return names
}

// newline returns what separates two lines in the type's text.
func (k *MessageType) newline() string {
	if k.Markdown {
		return "\n\n"
	}
	return "\n"
}
