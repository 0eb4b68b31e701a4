package webui

import (
	"html/template"
	"slices"

	"dingtalk-plugin/host-test/dingtalktest"
)

// bubble is a message as DingTalk draws it. Its strings are escaped by escapeInvisible.
type bubble struct {
	Type         string
	Title        string
	Text         []segment     // of a text or a link
	HTML         template.HTML // of a markdown or an actionCard
	Target       link          // of a link
	Links        []link        // the buttons of an actionCard, the entries of a feedCard
	SideBySide   bool          // the buttons, instead of below each other
	ShowAvatar   bool
	MentionNotes []mention
}

// link is an address, perhaps with a picture.
type link struct {
	Title   string
	URL     template.URL // "" if it is not safe
	Address string       // the same as text
	Picture string
}

func newLink(title, address, picture string) link {
	return link{escapeInvisible(title), safeURL(address), escapeInvisible(address), escapeInvisible(picture)}
}

// newBubble fills what the message type needs. The template "message" has a case for each type, too, and names unknown ones.
func newBubble(m *dingtalktest.Message, r *markdownRenderer) bubble {
	b := bubble{Type: m.MsgType, Title: escapeInvisible(m.Title), ShowAvatar: true}
	index := newMentionIndex(m)
	switch m.MsgType {
	case "text":
		b.Text = segments(m.Text, index)
	case "markdown":
		b.HTML = r.render(m.Text, index)
	case "link":
		b.Text = segments(m.Text, index)
		b.Target = newLink(m.Title, m.Link.MessageURL, m.Link.PicURL)
	case "actionCard":
		b.HTML = r.render(m.Text, index)
		b.SideBySide = m.ActionCard.BtnOrientation == "1"
		b.ShowAvatar = m.ActionCard.HideAvatar != "1"
		for _, button := range m.ActionCard.Buttons {
			b.Links = append(b.Links, newLink(button.Title, button.URL, ""))
		}
	case "feedCard":
		for _, l := range m.FeedCard {
			b.Links = append(b.Links, newLink(l.Title, l.MessageURL, l.PicURL))
		}
	}
	b.MentionNotes = index.notes()
	return b
}

// preview is how the list of conversations and a notification show a message.
type preview struct {
	Call  string // red, before the title, for people who are mentioned
	Title string
	Time  string
}

// Preview requires an entry with a message.
func (e entry) Preview() preview {
	p := preview{Title: escapeInvisible(e.Message.NotificationTitle), Time: e.Time.Format("15:04")}
	switch mentions := e.Message.Mentions; {
	case slices.Contains(mentions, dingtalktest.Everyone):
		p.Call = "[@所有人]"
	case len(mentions) > 0:
		p.Call = "[有人@我]"
	}
	return p
}
