package dingtalk

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// A Link is a link of a message.
type Link struct {
	Title   string
	URL     string
	Picture string // address of a picture, or ""
}

// A LinkTarget is where a link opens on a computer.
type LinkTarget int

// LinksDefault leaves it to the client; the others rewrite an address to DingTalk's
// page link (https://open.dingtalk.com/document/development/message-link-description).
const (
	LinksDefault LinkTarget = iota
	LinksBrowser
	LinksSidebar
)

func (m *Message) readLinks(arguments strictjson.Object) {
	k := m.Type
	if k.list == "" {
		m.Links = []Link{{URL: urlOf(arguments, k.url), Picture: urlOf(arguments, k.picture)}}
		return
	}
	strictjson.Each(arguments.Get(k.list), func(each gjson.Result) bool {
		link := strictjson.Members(each, maxLinkMembers)
		m.Links = append(m.Links, Link{strictjson.String(link.Get("title")), urlOf(link, k.url), urlOf(link, k.picture)})
		return true
	})
}

// maxLinkMembers is how many members of a link are read: it has three.
const maxLinkMembers = 4

// urlOf returns a member in either spelling.
func urlOf(object strictjson.Object, name string) string {
	return strictjson.String(object.Get(name)) + strictjson.String(object.Get(strictjson.OtherURL(name)))
}

// argumentName returns what the tools call a member of a link.
func argumentName(member string) string { return strings.Replace(member, "URL", "Url", 1) }

// writeLinks writes the member with a list of links.
func writeLinks(w *strictjson.Writer, k *MessageType, links []Link) {
	w.Member(k.list)
	w.Raw("[")
	for i := range links {
		w.Comma()
		w.Raw("{")
		w.Member("title")
		w.Quote(links[i].Title)
		writeLink(w, k, &links[i])
		w.Raw("}")
	}
	w.Raw("]")
}

// writeLink writes the members with a link's addresses.
func writeLink(w *strictjson.Writer, k *MessageType, link *Link) {
	w.Member(k.url)
	w.Quote(link.URL)
	if link.Picture != "" {
		w.Member(k.picture)
		w.Quote(link.Picture)
	}
}

// checkLinks refuses blank titles and addresses that a phone cannot open, and
// makes the others open where the operator chose.
func (m *Message) checkLinks(options *MessageOptions) *Error {
	for i := range m.Links {
		link, path := &m.Links[i], "/"
		if m.Type.list != "" {
			path += m.Type.list + "/" + strconv.Itoa(i) + "/"
		}
		if link.Title != "" && IsBlank(link.Title) {
			return blankError(path + "title")
		}
		if fault := checkURL(link.URL, true); fault != "" {
			return argumentError("argument "+path+argumentName(m.Type.url)+": "+fault, adviceLink)
		}
		if fault := checkURL(link.Picture, false); fault != "" && link.Picture != "" {
			return argumentError("argument "+path+argumentName(m.Type.picture)+": "+fault, adviceLink)
		}
		link.URL = options.Links.pageLink(link.URL)
	}
	return nil
}

const adviceLink = "Give a public address that begins with https:// or http://; DingTalk's servers and the members' phones must reach it."

// checkURL returns what is wrong with the address of a link, or of a picture,
// which cannot be in DingTalk itself; "" for nothing.
func checkURL(s string, link bool) (fault string) {
	scheme, rest, found := strings.Cut(s, ":")
	switch scheme = asciiLower(scheme); {
	case !found:
		return "not an address"
	case scheme == "data":
		return "DingTalk takes no data: address, nothing can be embedded"
	case scheme == "file":
		return "a file: address leads to this machine, where nobody else can follow"
	case scheme == "dingtalk" && link, scheme == "http", scheme == "https":
		if len(rest) < 3 || !strings.HasPrefix(rest, "//") || !hasOnlyURLBytes(s) {
			return "not a whole address"
		}
		return ""
	}
	return "an address of this kind cannot be opened"
}

// hasOnlyURLBytes reports whether browsers accept all bytes of a link's address.
// Unlike a webhook's it may hold non-ASCII characters, braces and a fragment.
func hasOnlyURLBytes(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || strings.IndexByte("\"<>\\", c) >= 0 {
			return false
		}
	}
	return true
}

// pageLink makes a web address open where the operator chose.
func (t LinkTarget) pageLink(url string) string {
	if t == LinksDefault || !strings.HasPrefix(asciiLower(url[:min(4, len(url))]), "http") {
		return url
	}
	link := "dingtalk://dingtalkclient/page/link?url=" + encodeURIComponent(url)
	if t == LinksSidebar {
		return link + "&pc_slide=true"
	}
	return link + "&pc_slide=false"
}

// encodeURIComponent escapes s as JavaScript's function of that name does
// (https://tc39.es/ecma262/#sec-encodeuricomponent-uricomponent).
func encodeURIComponent(s string) string {
	const digits = "0123456789ABCDEF"
	w := strictjson.Writer{Bytes: make([]byte, 0, 2*len(s))}
	for i := range len(s) {
		if c := s[i]; isDigit(c) || isLetter(c) || strings.IndexByte("-_.!~*'()", c) >= 0 {
			w.Bytes = append(w.Bytes, c)
		} else {
			w.Bytes = append(w.Bytes, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(w.Bytes)
}
