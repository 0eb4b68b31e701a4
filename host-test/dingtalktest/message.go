package dingtalktest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is what the group sees of an accepted request.
type Message struct {
	Seq  int       // 1 for the first since New or Clear
	Time time.Time // on the robot's clock
	Raw  []byte    // the body as it was sent

	MsgType           string      // text, link, markdown, actionCard or feedCard
	Title             string      // of a link, markdown or actionCard
	Text              string      // the content of a text, the text of the others
	Link              *Link       // of a link
	ActionCard        *ActionCard // of an actionCard
	FeedCard          []FeedLink  // of a feedCard
	NotificationTitle string      // what the list of conversations and the notification show

	MsgUUID    string       // as sent; "" when there was none
	At         At           // as sent
	Mentions   []string     // who is notified: mobiles and user ids that are in At and in the text, and Everyone
	Unnotified []Unnotified // who is in At and not notified

	Keyword     string // the robot's keyword that the message has; "" when it asks for none
	Signed      bool   // a signature was asked for, and right
	MinuteIndex int    // the how-manieth message it was within a minute, from 1
}

// Link is where a link leads.
type Link struct{ MessageURL, PicURL string }

// ActionCard is a card's buttons, as they are shown: the single one, when title and address of it were sent, or else btns.
type ActionCard struct {
	Single         bool
	Buttons        []Button
	BtnOrientation string // "0" is one above the other, "1" is side by side
	HideAvatar     string
}

// Button is one button of an ActionCard.
type Button struct{ Title, URL string }

// FeedLink is one entry of a feedCard.
type FeedLink struct{ Title, MessageURL, PicURL string }

// newMessage reads a message whose required fields have been checked.
func newMessage(v *visit) *Message {
	m := &Message{
		Time:    v.now,
		Raw:     v.seen.Body,
		MsgType: str(v.root, "msgtype"),
		MsgUUID: str(v.root, "msgUuid"), // guess: one that is no string is ignored
		Signed:  v.opts.Secret != "",
	}
	body, _ := v.root[m.MsgType].(object)
	m.Title, m.Text = str(body, "title"), str(body, "text")
	switch m.MsgType {
	case "text":
		m.Title, m.Text = "", str(body, "content")
	case "link":
		m.Link = &Link{MessageURL: str(body, "messageUrl"), PicURL: str(body, "picUrl")}
	case "actionCard":
		m.ActionCard = newCard(body)
	case "feedCard":
		m.FeedCard = newFeed(body)
	}
	m.NotificationTitle = m.shown()
	m.readMentions(v.root)
	return m
}

func newCard(body object) *ActionCard {
	card := &ActionCard{BtnOrientation: str(body, "btnOrientation"), HideAvatar: str(body, "hideAvatar")}
	single := Button{Title: str(body, "singleTitle"), URL: str(body, "singleURL")}
	if single.Title != "" && single.URL != "" {
		card.Single, card.Buttons = true, []Button{single}
		return card
	}
	buttons, _ := body["btns"].([]any)
	for _, item := range buttons {
		b, _ := item.(object)
		card.Buttons = append(card.Buttons, Button{Title: str(b, "title"), URL: str(b, "actionURL")})
	}
	return card
}

func newFeed(body object) (feed []FeedLink) {
	links, _ := body["links"].([]any)
	for _, item := range links {
		l, _ := item.(object)
		feed = append(feed, FeedLink{
			Title: str(l, "title"), MessageURL: str(l, "messageURL"), PicURL: str(l, "picURL"),
		})
	}
	return feed
}

// shown guesses that a feedCard is announced by its first entry, and a text by its first line that is not blank.
func (m *Message) shown() string {
	switch m.MsgType {
	case "text":
		line, _, _ := strings.Cut(strings.TrimSpace(m.Text), "\n")
		return strings.TrimSpace(line)
	case "feedCard":
		return m.FeedCard[0].Title
	}
	return m.Title
}

// str returns a field that is a string, and "" for any other.
func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// Everyone stands in Message.Mentions for isAtAll. No mobile and no user id begins with @.
const Everyone = "@all"

// maxMentions is the most people that one message can mention, see
// https://open.dingtalk.com/document/development/robot-message-type.
const maxMentions = 50

// At is whom a sender wants to notify, as written in the message's at.
type At struct {
	Mobiles, UserIDs []string
	All              bool
}

// Unnotified is somebody in at who is not notified.
type Unnotified struct {
	Who    string // a mobile, a user id, Everyone, or the name of a field of at
	Reason string
}

// readMentions finds out who is notified. Being in at is not enough: the text must have the @token too, for which DingTalk
// then shows the name (https://open.dingtalk.com/document/development/robot-message-type). guess: so it is in a text message;
// older reports say that the list alone was enough there.
func (m *Message) readMentions(root object) {
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
			m.mention(who, i < len(m.At.Mobiles))
		}
		done[who] = true
	}
	switch {
	case m.At.All && (m.MsgType == "text" || m.MsgType == "markdown"):
		m.Mentions = append(m.Mentions, Everyone)
	case m.At.All:
		m.miss(Everyone, "only text and markdown can mention everyone")
	}
}

// readNames guesses that entries of another kind are ignored.
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

func (m *Message) mention(who string, mobile bool) {
	switch {
	case who == "":
		m.miss(who, "the entry is empty")
	case m.MsgType == "link" || m.MsgType == "feedCard":
		m.miss(who, "a "+m.MsgType+" cannot mention anyone")
	case m.MsgType == "actionCard" && mobile:
		m.miss(who, "an actionCard mentions by user id only")
	case !hasToken(m.Text, who):
		m.miss(who, "the text has no @"+who)
	case len(m.Mentions) >= maxMentions:
		m.miss(who, "one message mentions at most 50 people") // guess: the rest is sent nevertheless
	default:
		m.Mentions = append(m.Mentions, who)
	}
}

func (m *Message) miss(who, reason string) {
	m.Unnotified = append(m.Unnotified, Unnotified{who, reason})
}

// hasToken tells whether the text has @who and does not go on as a longer name: @138000000012 does not mention 13800000001.
func hasToken(text, who string) bool {
	token := "@" + who
	for {
		_, rest, found := strings.Cut(text, token)
		if !found {
			return false
		}
		if endsName(rest) {
			return true
		}
		text = rest
	}
}

// endsName tells whether a name that is followed by rest is over. guess: a Chinese character continues it like any letter; the
// pages only ask for separated tokens.
func endsName(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && next != '-' && next != '_'
}
