package dingtalktest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// messageType describes one type of message.
type messageType struct {
	name     string                     // its msgtype, and the name of its own object
	code     int                        // the errcode if that object is missing
	required []field                    // its required strings, in the order in which they are checked
	check    func(o object) *refusal    // what required cannot express, or nil
	read     func(m *Message, o object) // requires that o has passed the checks
	mentions mentionRule
}

// field is a required string, and the errcode if it is missing.
type field struct {
	code int
	name string
}

// messageTypes is the only list of message types; others are refused. Codes without a guess were seen in the threads that
// missingField cites or in a public client's comments; the guessed ones follow their pattern.
var messageTypes = []messageType{
	{"text", 400201, []field{{400202, "content"}}, nil, readText, mentionsEveryone},
	// guess: 400301
	{"link", 400301, []field{{400302, "text"}, {400303, "title"}, {400304, "messageUrl"}}, nil, readLink, mentionsNobody},
	{"markdown", 400401, []field{{400402, "title"}, {400403, "text"}}, nil, readTitled, mentionsEveryone},
	// guess: all codes except 400503
	{"actionCard", 400501, []field{{400502, "title"}, {400503, "text"}}, checkCard, readCard, mentionsUserIDs},
	// guess: all codes except 400602
	{"feedCard", 400601, nil, checkFeed, readFeed, mentionsNobody},
}

// Message is what the group sees of an accepted request.
type Message struct {
	Seq  int       `json:"seq"`  // 1 for the first since New or Reset
	Time time.Time `json:"time"` // by the robot's clock
	Raw  []byte    `json:"-"`    // the body as it was sent

	MsgType           string      `json:"msgtype"`              // text, link, markdown, actionCard or feedCard
	Title             string      `json:"title,omitempty"`      // of a link, markdown or actionCard
	Text              string      `json:"text"`                 // the content of a text, the text of the others
	Link              *Link       `json:"link,omitempty"`       // of a link
	ActionCard        *ActionCard `json:"actionCard,omitempty"` // of an actionCard
	FeedCard          []FeedLink  `json:"feedCard,omitempty"`   // of a feedCard
	NotificationTitle string      `json:"notificationTitle"`    // what the notification and the list of conversations show

	MsgUUID    string       `json:"msgUuid,omitempty"` // as sent; "" if there was none
	At         At           `json:"at"`                // as sent
	Mentions   []string     `json:"mentions"`          // who is notified: mobiles and user ids that are in At and in the text, and Everyone
	Unnotified []Unnotified `json:"unnotified"`        // who is in At and not notified

	Keyword     string `json:"keyword,omitempty"` // the robot's keyword that the message contains; "" if the robot requires none
	Signed      bool   `json:"signed"`            // the robot requires a signature, and it was valid
	MinuteIndex int    `json:"minuteIndex"`       // the 1-based position in the current minute
}

// Link is the target of a link message.
type Link struct {
	MessageURL string `json:"messageUrl"`
	PicURL     string `json:"picUrl"`
}

// ActionCard is the buttons of an actionCard as they are shown: the single one if its title and URL were sent, otherwise
// btns.
type ActionCard struct {
	Single         bool     `json:"single"`
	Buttons        []Button `json:"buttons"`
	BtnOrientation string   `json:"btnOrientation"` // "0" is vertical, "1" is horizontal
	HideAvatar     string   `json:"hideAvatar"`
}

// Button is a button of an ActionCard.
type Button struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// FeedLink is an entry of a feedCard.
type FeedLink struct {
	Title      string `json:"title"`
	MessageURL string `json:"messageURL"`
	PicURL     string `json:"picURL"`
}

// newMessage requires that the fields of the message have been checked.
func newMessage(e *exchange) *Message {
	m := &Message{
		Time:    e.now,
		Raw:     e.record.Body,
		MsgType: e.typ.name,
		MsgUUID: str(e.root, "msgUuid"), // guess: a value that is not a string is ignored
		Signed:  e.opts.Secret != "",
	}
	e.typ.read(m, e.root[e.typ.name].(object))
	m.readMentions(e.root, e.typ.mentions)
	return m
}

// readText guesses that a text is announced by its first line that is not blank.
func readText(m *Message, o object) {
	m.Text = str(o, "content")
	line, _, _ := strings.Cut(strings.TrimSpace(m.Text), "\n")
	m.NotificationTitle = strings.TrimSpace(line)
}

func readTitled(m *Message, o object) {
	m.Title, m.Text = str(o, "title"), str(o, "text")
	m.NotificationTitle = m.Title
}

func readLink(m *Message, o object) {
	readTitled(m, o)
	m.Link = &Link{MessageURL: str(o, "messageUrl"), PicURL: str(o, "picUrl")}
}

func readCard(m *Message, o object) {
	readTitled(m, o)
	m.ActionCard = &ActionCard{BtnOrientation: str(o, "btnOrientation"), HideAvatar: str(o, "hideAvatar")}
	single := Button{Title: str(o, "singleTitle"), URL: str(o, "singleURL")}
	if single.Title != "" && single.URL != "" {
		m.ActionCard.Single, m.ActionCard.Buttons = true, []Button{single}
		return
	}
	for _, item := range o["btns"].([]any) {
		b := item.(object)
		m.ActionCard.Buttons = append(m.ActionCard.Buttons, Button{Title: str(b, "title"), URL: str(b, "actionURL")})
	}
}

// readFeed guesses that a feedCard is announced by its first entry.
func readFeed(m *Message, o object) {
	for _, item := range o["links"].([]any) {
		l := item.(object)
		m.FeedCard = append(m.FeedCard, FeedLink{
			Title: str(l, "title"), MessageURL: str(l, "messageURL"), PicURL: str(l, "picURL"),
		})
	}
	m.NotificationTitle = m.FeedCard[0].Title
}

// urls returns the URLs that a tap opens, and those of pictures.
func (m *Message) urls() (links, pictures []string) {
	if m.Link != nil {
		links = append(links, m.Link.MessageURL)
		if m.Link.PicURL != "" {
			pictures = append(pictures, m.Link.PicURL)
		}
	}
	if m.ActionCard != nil {
		for _, b := range m.ActionCard.Buttons {
			links = append(links, b.URL)
		}
	}
	for _, l := range m.FeedCard {
		links, pictures = append(links, l.MessageURL), append(pictures, l.PicURL)
	}
	return links, pictures
}

// mentionRule is whom a message type can mention.
type mentionRule int

const (
	mentionsNobody mentionRule = iota
	mentionsUserIDs
	mentionsEveryone // mobiles, user ids and Everyone
)

// maxMentions limits the people that one message mentions, see
// https://open.dingtalk.com/document/development/robot-message-type.
const maxMentions = 50

// Everyone is in Message.Mentions for isAtAll. No mobile and no user id begins with @.
const Everyone = "@all"

// At is whom the sender wants to notify, as written in the message's at.
type At struct {
	Mobiles []string `json:"atMobiles"`
	UserIDs []string `json:"atUserIds"`
	All     bool     `json:"isAtAll"`
}

// Unnotified is somebody in at who is not notified.
type Unnotified struct {
	Who    string `json:"who"` // a mobile, a user id, Everyone, or the name of a field of at
	Reason string `json:"reason"`
}

// readMentions finds out who is notified. People in at are notified only if the text has their @token, too, which DingTalk
// replaces by the name (https://open.dingtalk.com/document/development/robot-message-type). guess: this holds for a text
// message; according to older reports at alone was enough there.
func (m *Message) readMentions(root object, rule mentionRule) {
	at, ok := root["at"].(object)
	if !ok && root["at"] != nil {
		m.miss("at", "it is not an object")
	}
	m.At.Mobiles = m.readNames(at, "atMobiles")
	m.At.UserIDs = m.readNames(at, "atUserIds")
	if m.At.All, ok = at["isAtAll"].(bool); !ok && at["isAtAll"] != nil {
		m.miss("isAtAll", "it is not a boolean")
	}

	done := map[string]bool{}
	for i, who := range slices.Concat(m.At.Mobiles, m.At.UserIDs) {
		if !done[who] {
			m.mention(who, i < len(m.At.Mobiles), rule)
		}
		done[who] = true
	}
	switch {
	case m.At.All && rule == mentionsEveryone:
		m.Mentions = append(m.Mentions, Everyone)
	case m.At.All && rule == mentionsUserIDs:
		m.miss(Everyone, "no document lets an "+m.MsgType+" mention everyone") // guess: it cannot
	case m.At.All:
		m.miss(Everyone, m.MsgType+" messages cannot mention anyone")
	}
}

// readNames guesses that entries that are not strings are ignored.
func (m *Message) readNames(at object, field string) (names []string) {
	list, ok := at[field].([]any)
	if !ok && at[field] != nil {
		m.miss(field, "it is not a list")
	}
	for _, entry := range list {
		if name, ok := entry.(string); ok {
			names = append(names, name)
		} else {
			m.miss(fmt.Sprint(entry), "its entry in "+field+" is not a string")
		}
	}
	return names
}

func (m *Message) mention(who string, isMobile bool, rule mentionRule) {
	switch {
	case who == "":
		m.miss(who, "the entry is empty")
	case rule == mentionsNobody:
		m.miss(who, m.MsgType+" messages cannot mention anyone")
	case rule == mentionsUserIDs && isMobile:
		m.miss(who, "the documents let an "+m.MsgType+" mention by user id only, though users report that numbers work") // guess: the documents are right
	case !hasToken(m.Text, who):
		m.miss(who, "the text has no @"+who)
	case len(m.Mentions) >= maxMentions:
		m.miss(who, "one message mentions at most 50 people") // guess: the message is accepted all the same
	default:
		m.Mentions = append(m.Mentions, who)
	}
}

func (m *Message) miss(who, reason string) {
	m.Unnotified = append(m.Unnotified, Unnotified{who, reason})
}

// hasToken reports whether the text contains @who and not only longer names: @138000000012 does not mention 13800000001.
func hasToken(text, who string) bool {
	for {
		_, rest, found := strings.Cut(text, "@"+who)
		if !found || endsToken(rest) {
			return found
		}
		text = rest
	}
}

// endsToken reports whether a token before rest is complete. guess: a Chinese character continues it like any letter; the
// documentation only requires that tokens are separated.
func endsToken(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && next != '-' && next != '_'
}
