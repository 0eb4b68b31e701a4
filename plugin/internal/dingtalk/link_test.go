package dingtalk

import (
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	for _, test := range []struct {
		link, picture bool
		urls          []string
	}{
		{true, true, []string{"https://example.com/a?b=c#d", "http://example.com", "HTTPS://example.com", "https://example.com/中文"}},
		{true, false, []string{"dingtalk://dingtalkclient/page/link?url=x"}},
		{false, true, []string{"", "@lADPDe7s2abc"}}, // "" is no picture
		{false, false, []string{
			"https://", "https:example.com", "https://a b", "https://a\nb", "example.com", "@", "@a b",
			"data:image/png;base64,AAAA", "file:///etc/passwd", "javascript:alert(1)", "JavaScript://x%0aalert(1)",
		}},
	} {
		for _, url := range test.urls {
			if got := checkURL(url, true) == ""; got != test.link {
				t.Errorf("link %q: %v, want %v", url, got, test.link)
			}
			if got := checkPicture(url) == ""; got != test.picture {
				t.Errorf("picture %q: %v, want %v", url, got, test.picture)
			}
		}
	}
}

func TestPageLink(t *testing.T) {
	for _, test := range []struct {
		style    LinkTarget
		in, want string
	}{
		{LinksDefault, "https://a/b?c", "https://a/b?c"},
		{LinksSidebar, "https://a/b?c=d e", "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fa%2Fb%3Fc%3Dd%20e&pc_slide=true"},
		{LinksBrowser, "http://a", "dingtalk://dingtalkclient/page/link?url=http%3A%2F%2Fa&pc_slide=false"},
		{LinksBrowser, "dingtalk://a", "dingtalk://a"},
	} {
		if got := test.style.pageLink(test.in); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// An address is refused if it leads to no allowed host, or if it is unclear where.
func TestLinkHosts(t *testing.T) {
	hosts, ok := ParseHosts("ok.example， Other.Example")
	if !ok {
		t.Fatal("the hosts were not read")
	}
	o := &MessageOptions{LinkHosts: hosts}
	kinds := map[string]addressKind{"a text": bareAddress, "Markdown": markdownAddress, "an address": wholeAddress}
	for _, test := range readJSON[[]struct {
		In, Refused string // where the texts are, and the host that is refused
		Texts       []string
	}](t, "link_hosts.json") {
		kind, known := kinds[test.In]
		if !known {
			t.Fatalf("link_hosts.json has texts in %q", test.In)
		}
		for _, text := range test.Texts {
			got := o.foreignAddress(text, kind)
			if test.Refused == "" && got != "" || !strings.Contains(got, test.Refused) {
				t.Errorf("%s in %s: got %q, want %q", text, test.In, got, test.Refused)
			}
		}
	}
}

func TestParseHosts(t *testing.T) {
	for _, list := range []string{"https://ok.example", "*.ok.example", "ok.example:443", "a b"} {
		if _, ok := ParseHosts(list); ok {
			t.Errorf("%s passed as a list of hosts", list)
		}
	}
}
