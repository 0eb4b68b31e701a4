package dingtalk

import "testing"

func TestCheckURL(t *testing.T) {
	for _, test := range []struct {
		url         string
		link, image bool
	}{
		{"https://example.com/a?b=c#d", true, true},
		{"http://example.com", true, true},
		{"HTTPS://example.com", true, true},
		{"https://example.com/中文", true, true},
		{"dingtalk://dingtalkclient/page/link?url=x", true, false},
		{"https://", false, false},
		{"https:example.com", false, false},
		{"https://a b", false, false},
		{"https://a\nb", false, false},
		{"example.com", false, false},
		{"", false, true}, // no picture
		{"@lADPDe7s2abc", false, true},
		{"@", false, false},
		{"@a b", false, false},
		{"data:image/png;base64,AAAA", false, false},
		{"file:///etc/passwd", false, false},
		{"javascript:alert(1)", false, false},
		{"JavaScript://x%0aalert(1)", false, false},
	} {
		if got := checkURL(test.url, true) == ""; got != test.link {
			t.Errorf("link %q: %v, want %v", test.url, got, test.link)
		}
		if got := checkPicture(test.url) == ""; got != test.image {
			t.Errorf("picture %q: %v, want %v", test.url, got, test.image)
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
