package webui

import (
	"html/template"
	"regexp"
	"slices"
	"strings"

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
	Marks        []mark // of a markdown or an actionCard
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
func newBubble(m *dingtalktest.Message, r *markdownRenderer, lang *language) bubble {
	b := bubble{Type: m.MsgType, Title: escapeInvisible(m.Title), ShowAvatar: true}
	index := newMentionIndex(m, lang)
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
	if b.HTML != "" {
		b.Marks = phoneMarksOf(m)
	}
	return b
}

// mark is something that a phone shows otherwise than the page, and the value of DINGTALK_BOT_MARKDOWN that changes it, if any.
type mark struct{ About, Mode string }

var (
	fenceRE = regexp.MustCompile("(?ms)^ {0,3}```.*?(^ {0,3}```|\\z)")
	spanRE  = regexp.MustCompile("`[^`\n]+`")
)

// phoneMarks are found in a part of a message. What phones do is in dingtalk/markdown.go, with the threads of those who saw it.
var phoneMarks = []struct {
	part    string
	pattern *regexp.Regexp
	mark
}{
	{"prose", regexp.MustCompile(`(?m)^ *\|[-:| ]*-[-:| ]*\| *$`), mark{"A table: phones may show its bars", "phone"}},
	{"prose", regexp.MustCompile(`(?m)^ *[-*+] \[[ xX]\] `), mark{"A task box: phones show its brackets", "phone"}},
	{"prose", regexp.MustCompile(`~~[^~\n]+~~`), mark{"Strikethrough: phones show its tildes", "phone"}},
	{"prose", regexp.MustCompile(`<!--`), mark{"An HTML comment: phones show it", "phone"}},
	{"prose", regexp.MustCompile(`</?[A-Za-z][\w-]*(\s[^<>\n]*)?/?>`), mark{"HTML: phones may hide it, or show its tags", ""}},
	{"prose", regexp.MustCompile(`\\n`), mark{`\n in letters: it breaks no line`, "fix"}},
	{"code", regexp.MustCompile(`.`), mark{"Code: phones may not show it as such", ""}},
	{"code", regexp.MustCompile(`<`), mark{"A < in code: phones may end the code there", "fix"}},
	{"mentions", regexp.MustCompile(`.`), mark{"A mention in Markdown: phones neither highlight nor link it, but it notifies", ""}},
}

// phoneMarksOf lists what a phone shows otherwise.
func phoneMarksOf(m *dingtalktest.Message) (list []mark) {
	parts := map[string]string{
		"prose":    spanRE.ReplaceAllString(fenceRE.ReplaceAllString(m.Text, ""), ""),
		"code":     strings.Join(fenceRE.FindAllString(m.Text, -1), ""),
		"mentions": strings.Join(m.Mentions, " "),
	}
	for _, found := range phoneMarks {
		if found.pattern.MatchString(parts[found.part]) {
			list = append(list, found.mark)
		}
	}
	return list
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
