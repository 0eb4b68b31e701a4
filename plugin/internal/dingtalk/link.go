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
		fault = o.foreignTarget(text)
	}
	for at := 0; kind == markdownAddress && fault == ""; {
		if at = indexFrom(text, "](", at) + len("]("); at >= len(text) {
			break
		}
		fault = o.foreignTarget(skip(text[at:], " \n<"))
	}
	if fault == "" {
		fault = o.foreignBare(text, false)
	}
	return fault
}

// foreignTarget checks the target that s begins with. Browsers read some hosts as
// others than they seem, so it must be in the plainest form.
func (o *MessageOptions) foreignTarget(s string) (fault string) {
	scheme := 0
	for scheme < len(s) && isLetter(s[scheme]) {
		scheme++
	}
	if !strings.HasPrefix(s[scheme:], "://") {
		return unclearHost
	}
	s = s[scheme+len("://"):]
	authority := authorityOf(s)
	if rest := s[len(authority):]; rest != "" && rest[0] >= utf8.RuneSelf {
		return unclearHost
	}
	host, _ := parseAuthority(authority)
	if host == pageLinkHost {
		return "" // foreignBare looks into it
	}
	return o.foreignHost(host)
}

// foreignBare checks what has // behind a sign that may begin an address. An address
// of DingTalk's own holds another one, escaped.
func (o *MessageOptions) foreignBare(text string, nested bool) (fault string) {
	for at := 0; fault == ""; {
		i := indexFrom(text, "//", at)
		before := strings.TrimRight(text[at:i], " ")
		rest := skip(text[i:], `/\`)
		if rest == "" {
			return ""
		}
		at = len(text) - len(rest)
		authority := authorityOf(rest)
		nothing := authority == "" && rest[0] != '[' && rest[0] < utf8.RuneSelf
		if nothing || before == "" || strings.IndexByte(":(<\"'=;\\", before[len(before)-1]) < 0 {
			continue
		}
		host, end := bareHost(authority, nested)
		if end += at; end == at+len(authority) {
			end = addressEnd(text, end)
		}
		if host == pageLinkHost && !nested {
			fault = o.foreignBare(unescape(text[at:end]), true)
		} else {
			fault = o.foreignHost(host)
		}
		at = end
	}
	return fault
}

// skip returns s without the characters at its start that are among chars.
func skip(s, chars string) string {
	for s != "" && strings.IndexByte(chars, s[0]) >= 0 {
		s = s[1:]
	}
	return s
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
func bareHost(authority string, nested bool) (host string, end int) {
	for end < len(authority) && (isTokenByte(authority[end]) || strings.IndexByte(".:", authority[end]) >= 0) {
		end++
	}
	if strings.Contains(authority, "@") || end < len(authority) && !nested && strings.IndexByte(`\%&`, authority[end]) >= 0 {
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
