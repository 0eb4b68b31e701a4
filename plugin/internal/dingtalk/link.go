package dingtalk

import (
	"strconv"
	"strings"
	"unicode/utf8"

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
		link, path := &m.Links[i], ""
		if m.Type.list != "" {
			path = m.Type.list + "[" + strconv.Itoa(i) + "]."
		}
		if link.Title != "" && IsBlank(link.Title) {
			return blankError(path + "title")
		}
		if fault := checkURL(link.URL, true); fault != "" {
			return argumentError(path+argumentName(m.Type.url)+": "+fault, adviceLink)
		}
		if fault := checkPicture(link.Picture); fault != "" {
			return argumentError(path+argumentName(m.Type.picture)+": "+fault, adviceLink)
		}
		for _, field := range [...]struct {
			name, value string
			kind        addressKind
		}{{"title", link.Title, bareAddress}, {argumentName(m.Type.url), link.URL, wholeAddress}, {argumentName(m.Type.picture), link.Picture, wholeAddress}} {
			if e := options.check(path+field.name, field.value, field.kind); e != nil {
				return e
			}
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

// checkPicture accepts the id of an uploaded picture, too, as in @lADPD, which
// shows in link and feed cards
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
func checkPicture(s string) (fault string) {
	if s == "" || len(s) > 1 && s[0] == '@' && hasOnlyURLBytes(s) {
		return ""
	}
	return checkURL(s, false)
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

// An addressKind is what in a text is an address.
type addressKind int

const (
	bareAddress     addressKind = iota // what has //
	markdownAddress                    // and the targets of links and pictures
	wholeAddress                       // all of it
)

const unclearHost = "an address whose host is unclear"

// foreignAddress returns what is wrong with the first address in a text that leads to
// none of LinkHosts, or "". DingTalk's servers fetch pictures by themselves
// (https://github.com/zhuifengshen/DingtalkChatbot/issues/67), so that a picture's
// address can carry something out that nobody opens.
func (o *MessageOptions) foreignAddress(text string, kind addressKind) (fault string) {
	if len(o.LinkHosts) == 0 || text == "" {
		return ""
	}
	if kind == wholeAddress && text[0] != '@' { // which begins the id of a picture in DingTalk
		return o.foreignURL(text, "")
	}
	for i := 0; kind == markdownAddress && i < len(text)-1 && fault == ""; i++ {
		switch rest := text[i+2:]; {
		case text[i] == '<' && hasScheme(text[i+1:]):
			fault = o.foreignTarget(text[i:])
		case text[i:i+2] == "](" && rest != "", text[i:i+2] == "]:" && beginsAddress(strings.TrimLeft(rest, " \t\n<")):
			fault = o.foreignTarget(strings.TrimLeft(rest, " \t\n"))
		}
	}
	if fault == "" {
		fault = o.foreignBare(text)
	}
	return fault
}

// hasScheme reports whether s begins with letters and ://.
func hasScheme(s string) bool { return strings.HasPrefix(skipLetters(s), "://") }

func skipLetters(s string) string {
	for s != "" && isLetter(s[0]) {
		s = s[1:]
	}
	return s
}

// beginsAddress reports whether s, which follows [name]:, begins with a web address
// in any spelling that Markdown or a browser takes for one.
func beginsAddress(s string) bool {
	s = s[:min(len("https:"), len(s))]
	return strings.Contains(s, "&#") || len(s) == len("https:") && hasPrefixFold(s, "http") &&
		(strings.IndexByte(`:\&`, s[len("http")]) >= 0 || strings.IndexByte(`:\&`, s[len("https")]) >= 0)
}

// Browsers take for a part of the host much that seems to follow it, so that only
// what ends an address may stand behind one: what Markdown ends it with.
const targetEnds, bracketEnds = ") \t\n", ">"

// foreignTarget checks the target of a Markdown link that s begins with.
func (o *MessageOptions) foreignTarget(s string) (fault string) {
	if target, found := strings.CutPrefix(s, "<"); found {
		return o.foreignURL(target, bracketEnds)
	}
	return o.foreignURL(s, targetEnds)
}

// foreignURL checks the address that s begins with and one of ends follows, or
// nothing. Browsers read some hosts as others than they seem, so it must be in the
// plainest form.
func (o *MessageOptions) foreignURL(s, ends string) (fault string) {
	if !hasScheme(s) {
		return unclearHost
	}
	s = skipLetters(s)[len("://"):]
	authority := authorityOf(s)
	rest := s[len(authority):]
	if rest != "" && strings.IndexByte("/?#", rest[0]) < 0 && strings.IndexByte(ends, rest[0]) < 0 {
		return unclearHost
	}
	host, _ := parseAuthority(authority)
	if host == pageLinkHost {
		return o.foreignPage(rest, ends)
	}
	return o.foreignHost(host)
}

// foreignPage checks the addresses, escaped once, that an address of DingTalk's own
// holds. One that may hold more than it seems is refused.
func (o *MessageOptions) foreignPage(s, ends string) (fault string) {
	n := 0
	for n < len(s) && strings.IndexByte(ends, s[n]) < 0 {
		if n++; n > maxSpan || strings.IndexByte(`(;\`, s[n-1]) >= 0 {
			return unclearHost
		}
	}
	for rest, found := s[:n], true; found && fault == ""; {
		_, rest, found = strings.Cut(rest, "=")
		value, _, _ := strings.Cut(rest, "&")
		switch value = unescape(value); {
		case strings.Contains(asciiLower(value), pageLinkHost):
			fault = unclearHost
		case mayLead(value):
			fault = o.foreignURL(value, "")
		}
	}
	return fault
}

// mayLead reports whether a client may take a value for an address. A character
// beyond ASCII ends it.
func mayLead(value string) bool {
	for i := range len(value) {
		switch c := value[i]; {
		case c >= utf8.RuneSelf:
			return false
		case c <= ' ', strings.IndexByte(`:/\%`, c) >= 0, c == '.' && continuesWord(value[i:]):
			return true
		}
	}
	return false
}

// foreignBare checks what has // behind a sign that may begin an address.
func (o *MessageOptions) foreignBare(text string) (fault string) {
	for at := 0; fault == ""; {
		i := indexFrom(text, "//", at)
		before := strings.TrimRight(text[at:i], " ")
		rest := strings.TrimLeft(text[i:], `/\`)
		if rest == "" {
			return ""
		}
		at = len(text) - len(rest)
		authority := authorityOf(rest)
		nothing := authority == "" && rest[0] != '[' && rest[0] < utf8.RuneSelf
		if nothing || before == "" || strings.IndexByte(":(<\"'=;\\", before[len(before)-1]) < 0 {
			continue
		}
		host, end := bareHost(authority)
		if host == pageLinkHost {
			fault = o.foreignPage(rest[len(authority):], targetEnds+"\"<>")
		} else {
			fault = o.foreignHost(host)
		}
		if end += at; end == at+len(authority) {
			end = addressEnd(text, end)
		}
		at = end
	}
	return fault
}

// pageLinkHost is the host of addresses that DingTalk's clients open themselves.
const pageLinkHost = "dingtalkclient"

// foreignHost refuses a host that is not in LinkHosts nor below one of them.
func (o *MessageOptions) foreignHost(host string) (fault string) {
	if host == "" {
		return unclearHost
	}
	for _, allowed := range o.LinkHosts {
		if strings.HasSuffix("."+host, "."+allowed) {
			return ""
		}
	}
	return "an address that leads to " + host[:min(len(host), 100)] + ", which is not allowed"
}

// authorityOf returns the authority of an address that s begins with, behind //.
func authorityOf(s string) string {
	n := 0
	for n < len(s) && isAddressByte(s[n]) && strings.IndexByte("/?#", s[n]) < 0 {
		n++
	}
	return s[:n]
}

// bareHost returns the host of an authority that punctuation may follow, or "" if
// it is unclear, and where it ends.
func bareHost(authority string) (host string, end int) {
	for end < len(authority) && (isTokenByte(authority[end]) || strings.IndexByte(".:", authority[end]) >= 0) {
		end++
	}
	if strings.Contains(authority, "@") || end < len(authority) && strings.IndexByte(`\%&`, authority[end]) >= 0 {
		return "", end
	}
	n := end
	for n > 0 && !isDigit(authority[n-1]) && !isLetter(authority[n-1]) {
		n--
	}
	host, _ = parseAuthority(authority[:n])
	return host, end
}

// ParseHosts reads a list of host names; ok is false if one is none.
func ParseHosts(list string) (hosts []string, ok bool) {
	hosts = SplitList(asciiLower(list))
	for _, host := range hosts {
		if !validHostname(host) {
			return nil, false
		}
	}
	return hosts, true
}
