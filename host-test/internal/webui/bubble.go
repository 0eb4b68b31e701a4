package webui

import (
	"html/template"
	"slices"

	"dingtalk-plugin/host-test/dingtalktest"
)

// bubble is a message as DingTalk draws it. All its strings may be shown.
type bubble struct {
	Type   string
	Title  string
	Text   []piece       // of a text or a link
	HTML   template.HTML // of a markdown or an actionCard
	Target link          // of a link
	Links  []link        // the buttons of an actionCard, the entries of a feedCard
	Beside bool          // the buttons stand side by side
	Faces  bool          // the robot's picture is shown
	Notes  []mention
}

// link leads somewhere, perhaps with a picture.
type link struct {
	Title   string
	URL     template.URL // "" when it is not safe
	Address string       // the same as text
	Picture string
}

func newLink(title, address, picture string) link {
	return link{visible(title), openable(address), visible(address), visible(picture)}
}

func newBubble(m *dingtalktest.Message, p *painter) bubble {
	b := bubble{Type: m.MsgType, Title: visible(m.Title), Faces: true}
	roll := newRoll(m)
	switch m.MsgType {
	case "text":
		b.Text = pieces(m.Text, roll)
	case "markdown":
		b.HTML = p.draw(m.Text, roll)
	case "link":
		b.Text = pieces(m.Text, roll)
		b.Target = newLink(m.Title, m.Link.MessageURL, m.Link.PicURL)
	case "actionCard":
		b.HTML = p.draw(m.Text, roll)
		b.addButtons(m.ActionCard)
	case "feedCard":
		for _, l := range m.FeedCard {
			b.Links = append(b.Links, newLink(l.Title, l.MessageURL, l.PicURL))
		}
	}
	b.Notes = roll.notes()
	return b
}

func (b *bubble) addButtons(card *dingtalktest.ActionCard) {
	b.Beside = card.BtnOrientation == "1"
	b.Faces = card.HideAvatar != "1"
	for _, button := range card.Buttons {
		b.Links = append(b.Links, newLink(button.Title, button.URL, ""))
	}
}

// preview is how a message is announced: by the list of conversations and by the phone.
type preview struct {
	Call  string // stands in red before the title, for those who are mentioned
	Title string
	Time  string
}

// Preview is asked of messages only.
func (e entry) Preview() preview {
	p := preview{Title: visible(e.Message.NotificationTitle), Time: e.Time.Format("15:04")}
	switch mentions := e.Message.Mentions; {
	case slices.Contains(mentions, dingtalktest.Everyone):
		p.Call = "[@所有人]"
	case len(mentions) > 0:
		p.Call = "[有人@我]"
	}
	return p
}
