package webui

import (
	"html/template"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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

// everyone is how DingTalk shows dingtalktest.Everyone.
const everyone = "所有人"

// mention is a name in a message.
type mention struct {
	Who      string // without the @
	Notified bool
	Reason   string // why not
}

// mentionIndex has the mentions of one message: those listed in its at and, as the text is rendered, unlisted ones.
type mentionIndex struct {
	lang      *language
	all       bool // everyone is notified
	lookahead int  // how many bytes after an @ decide who it is
	listed    []mention
	unlisted  []mention
}

func newMentionIndex(m *dingtalktest.Message, lang *language) *mentionIndex {
	x := &mentionIndex{lang: lang, all: slices.Contains(m.Mentions, dingtalktest.Everyone)}
	for _, who := range m.Mentions {
		x.listed = append(x.listed, mention{Who: displayName(who), Notified: true})
	}
	for _, missed := range m.Unnotified {
		x.listed = append(x.listed, mention{Who: displayName(missed.Who), Reason: lang.explain(missed.Reason)})
	}
	x.lookahead = maxName + utf8.UTFMax
	for _, m := range x.listed {
		x.lookahead = max(x.lookahead, len(m.Who)+utf8.UTFMax)
	}
	return x
}

func displayName(who string) string {
	if who == dingtalktest.Everyone {
		return everyone
	}
	return escapeInvisible(who)
}

// maxNotes bounds the notes on one message. DingTalk mentions at most 50 people.
const maxNotes = 60

// notes are shown under the message: everyone who is mentioned, and whether they are notified.
func (x *mentionIndex) notes() []mention {
	all := slices.Concat(x.listed, x.unlisted)
	return all[:min(len(all), maxNotes)]
}

// lookup returns the mention at an @ between before and rest. The longest listed name wins.
func (x *mentionIndex) lookup(before rune, rest string) (found mention, ok bool) {
	for _, m := range x.listed {
		if len(m.Who) > len(found.Who) && strings.HasPrefix(rest, m.Who) && endsName(rest[len(m.Who):]) {
			found, ok = m, true
		}
	}
	if ok || isNameRune(before) { // as in an e-mail address
		return found, ok
	}
	n := nameLength(rest)
	if n == 0 {
		return mention{}, false
	}
	found = x.unlistedMention(rest[:n])
	if !found.Notified && len(x.unlisted) < maxNotes && !slices.Contains(x.unlisted, found) {
		x.unlisted = append(x.unlisted, found)
	}
	return found, true
}

// unlistedMention is a name in the text but not in at: to DingTalk that is plain text.
func (x *mentionIndex) unlistedMention(who string) mention {
	switch {
	case who != "all" && who != everyone:
		return mention{Who: who, Reason: x.lang.t("not in the message's at")}
	case x.all:
		return mention{Who: who, Notified: true}
	}
	return mention{Who: who, Reason: x.lang.t("isAtAll is not set")}
}

// maxName is in bytes; longer ones are text that happens to follow an @.
const maxName = 64

func endsName(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !isNameRune(next)
}

// nameLength returns the length in bytes of the name that text begins with.
func nameLength(text string) int {
	text = text[:min(len(text), maxName)]
	name := strings.TrimPrefix(text, "+")
	after := strings.TrimLeftFunc(name, isNameRune)
	if after == name {
		return 0
	}
	return len(text) - len(after)
}

// isNameRune reports whether a rune continues a name. The fake server ends names at the same runes.
func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
}

// segment is a piece of a text message: a mention, a link, or plain text.
type segment struct {
	Text    string
	Mention *mention
	URL     template.URL
}

// tokenRE finds what may be a mention or a link. DingTalk makes links of addresses in a text.
var tokenRE = regexp.MustCompile(`@|https?://[!-~]+`)

// segments splits a text, and adds unlisted mentions in it to the index.
func segments(text string, index *mentionIndex) (list []segment) {
	text = escapeInvisible(text)
	plain, at := 0, 0
	for {
		found := tokenRE.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		start := at + found[0]
		s, length := index.segment(text[:start], text[start:at+found[1]], text[start:])
		if at = start + max(length, 1); length > 0 {
			list = append(list, segment{Text: text[plain:start]}, s)
			plain = at
		}
	}
	return append(list, segment{Text: text[plain:]})
}

// segment returns the mention or link that rest begins with, and its length; 0 means neither.
func (x *mentionIndex) segment(before, token, rest string) (s segment, length int) {
	if token == "@" {
		last, _ := utf8.DecodeLastRuneInString(before)
		m, ok := x.lookup(last, rest[1:])
		if !ok {
			return segment{}, 0
		}
		return segment{Text: "@" + m.Who, Mention: &m}, 1 + len(m.Who)
	}
	address := strings.TrimRight(token, `.,;:!?)]}>'"`)
	return segment{Text: address, URL: safeURL(address)}, len(address)
}
