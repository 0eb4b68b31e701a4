package dingtalk

import (
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// A LinkTarget is where a link opens on a computer.
type LinkTarget int

// Default leaves it to the client; the others rewrite an address to DingTalk's
// page link (https://open.dingtalk.com/document/development/message-link-description).
const (
	LinksDefault LinkTarget = iota
	LinksBrowser
	LinksSidebar
)

// readLinks reads a list of links whose addresses have those names.
func (m *Message) readLinks(list gjson.Result, url, picture string) {
	strictjson.Each(list, func(each gjson.Result) bool {
		m.Links = append(m.Links, Link{
			Title:   strictjson.String(strictjson.Get(each, "title")),
			URL:     strictjson.String(strictjson.Get(each, url)),
			Picture: strictjson.String(strictjson.Get(each, picture)),
		})
		return true
	})
}

// writeLinks writes a list of links under those names; without a name for the
// picture, without it.
func writeLinks(w *strictjson.Writer, links []Link, url, picture string) {
	w.Raw("[")
	for i := range links {
		w.Comma()
		w.Raw("{")
		w.Member("title")
		w.Quote(links[i].Title)
		w.Member(url)
		w.Quote(links[i].URL)
		if picture != "" {
			w.Member(picture)
			w.Quote(links[i].Picture)
		}
		w.Raw("}")
	}
	w.Raw("]")
}

// checkLinks refuses blank titles and addresses that a phone cannot open, and
// rewrites the others as the operator wants them. paths names the arguments of
// link i; beside the first stands its title, if it has one.
func (m *Message) checkLinks(options *MessageOptions, paths func(i int) (url, picture string)) *Error {
	for i := range m.Links {
		link := &m.Links[i]
		urlPath, picturePath := paths(i)
		if link.Title != "" && IsBlank(link.Title) {
			return blankError(urlPath[:strings.LastIndexByte(urlPath, '/')] + "/title")
		}
		if fault := checkURL(link.URL, true); fault != "" {
			return argumentError("argument "+urlPath+": "+fault, adviceLink)
		}
		if fault := checkURL(link.Picture, false); fault != "" && link.Picture != "" {
			return argumentError("argument "+picturePath+": "+fault, adviceLink)
		}
		link.URL = options.Links.pageLink(link.URL)
	}
	return nil
}

const adviceLink = "Give a public address that begins with https:// or http://; DingTalk's servers and the members' phones must reach it."

// checkURL says what is wrong with the address of a link, or of a picture,
// which cannot be in DingTalk itself.
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

// hasOnlyURLBytes reports whether a link's address holds only what browsers take; unlike
// a webhook's, that may be characters beyond ASCII, braces or a fragment.
func hasOnlyURLBytes(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' {
			return false
		}
	}
	return true
}

// pageLink makes a web address open where the operator wants it.
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

// encodeURIComponent returns s as encodeURIComponent does
// (https://tc39.es/ecma262/#sec-encodeuricomponent-uricomponent).
func encodeURIComponent(s string) string {
	const digits = "0123456789ABCDEF"
	w := strictjson.Writer{Bytes: make([]byte, 0, 2*len(s))}
	start := 0
	for i := range len(s) {
		c := s[i]
		if isDigit(c) || isLetter(c) || strings.IndexByte("-_.!~*'()", c) >= 0 {
			continue
		}
		w.Raw(s[start:i])
		w.Bytes = append(w.Bytes, '%', digits[c>>4], digits[c&15])
		start = i + 1
	}
	w.Raw(s[start:])
	return string(w.Bytes)
}
