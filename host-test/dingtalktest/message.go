package dingtalktest

import (
	"strings"
	"time"
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
