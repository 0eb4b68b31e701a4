package dingtalk

import (
	"strings"
	"testing"
)

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

func TestLinkHosts(t *testing.T) {
	const unclear = "unclear"
	hosts, ok := ParseHosts("ok.example， Other.Example")
	if !ok {
		t.Fatal("the hosts were not read")
	}
	o := &MessageOptions{LinkHosts: hosts}
	for _, test := range []struct {
		kind addressKind
		text string
		want string // the host that is refused
	}{
		{bareAddress, "no address, a/b, 3 // 4 and C://", ""},
		{bareAddress, "see https://ok.example. And (http://a.ok.example:8080/x?y=https://evil.example)!", ""},
		{bareAddress, "见https://OK.example。再看HTTPS://other.example/文档//a", ""},
		{bareAddress, "https://evil.example", "evil.example"},
		{bareAddress, "https://ok.example,https://evil.example/a", "evil.example"},
		{bareAddress, "https://notok.example", "notok.example"},
		{bareAddress, "https://ok.example.evil.example", "ok.example.evil.example"},
		{bareAddress, "https://ok.example@evil.example", unclear},
		{bareAddress, "https://ok.example:x,@evil.example", unclear},
		{bareAddress, `https://ok.example\@evil.example`, unclear},
		{bareAddress, "https://ok.example%2eevil.example", unclear},
		{bareAddress, "https://例子.example", unclear},
		{bareAddress, "https://[::1]/", unclear},
		{bareAddress, "https:///evil.example", "evil.example"},
		{bareAddress, "ftp://evil.example", "evil.example"},
		{bareAddress, "<img src=//evil.example/a>", "evil.example"},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fok.example%2Fa&pc_slide=true", ""},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fevil.example", "evil.example"},
		{bareAddress, "dingtalk://dingtalkclient/a?url=dingtalk%3A%2F%2Fdingtalkclient%2Fb", unclear},
		{markdownAddress, "[a](https://ok.example/a_(b)) ![b](<http://other.example>) [c] (d)", ""},
		{markdownAddress, "[a](https://ok.example) ![](https://evil.example/secret.png)", "evil.example"},
		{markdownAddress, "[a]( //evil.example)", unclear},
		{markdownAddress, "[a]: //evil.example", "evil.example"},
		{markdownAddress, "[a](evil.example)", unclear},
		{markdownAddress, "[a](https&#58;//evil.example)", unclear},
		{markdownAddress, "[a](https://ok.example&#46;evil.example)", unclear},
		{markdownAddress, `[a](https://ok.example\.evil.example)`, unclear},
		{markdownAddress, "[a](https://ok.example。evil.example)", unclear},
		{markdownAddress, "[a](https:evil.example)", unclear},
		{markdownAddress, "[a](dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fevil.example)", "evil.example"},
		{markdownAddress, "[a](", ""},
		{markdownAddress, "[a](https://ok.example(.evil.example)/b)", unclear},
		{markdownAddress, "[a](<https://ok.example).evil.example/b>)", unclear},
		{markdownAddress, "[a](<https://ok.example>) [b](https://ok.example \"c\") [c](\nhttps://ok.example\n)", ""},
		{markdownAddress, "<https://ok.example。evil.example/b>", unclear},
		{markdownAddress, "<https://ok.example(.evil.example/b>", unclear},
		{markdownAddress, "<https://ok.example>，<https://ok.example/文档>", ""},
		{markdownAddress, "![a][1]\n\n[1]: https:/evil.example/b.png", unclear},
		{markdownAddress, "![a][1]\n\n[1]: <https:&#47;/evil.example/b.png>", unclear},
		{markdownAddress, `![a][1]` + "\n\n" + `[1]: https:\/\/evil.example/b.png`, unclear},
		{markdownAddress, "[1]: https://ok.example/b\n[INFO]: node:internal, a & b; [x]: C:\\d", ""},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%3A%5C%5Cevil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%3A%2Fevil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=evil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?pc_slide=true&url=https%3A%2F%2Fok.example%40evil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fok.example%2525@evil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=ht%09tps%3A%2F%2Fevil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/page/link?url=https%253A%252F%252Fevil.example", unclear},
		{bareAddress, "dingtalk://dingtalkclient/a?id=1-2&pc_slide=true，见https://ok.example (dingtalk://dingtalkclient/a?id=b).", ""},
		{bareAddress, "打开dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fok.example&pc_slide=true。再看", ""},
		{markdownAddress, "[a](dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fok.example&pc_slide=true)[b](https://ok.example)", ""},
		{markdownAddress, "[a](dingtalk://dingtalkclient/page/link?a=(b)&url=https%3A%2F%2Fevil.example)", unclear},
		{markdownAddress, "[a](<dingtalk://dingtalkclient/page/link?a= b)&url=https%3A%2F%2Fevil.example>)", unclear},
		{wholeAddress, "dingtalk://dingtalkclient/page/link?a=)&url=https%3A%2F%2Fevil.example", "evil.example"},
		{wholeAddress, "dingtalk://dingtalkclient/page/link?a=中&url=https%3A%2F%2Fevil.example", "evil.example"},
		{wholeAddress, "https://ok.example(.evil.example/b", unclear},
		{wholeAddress, "https://ok.example).evil.example/b", unclear},
		{wholeAddress, "https://ok.example[.evil.example/b", unclear},
		{wholeAddress, "https://ok.example", ""},
		{wholeAddress, "https://ok.example:443?a#b", ""},
		{wholeAddress, "https://ok.example/文档", ""},
		{wholeAddress, "https://ok.example。evil.example", unclear},
		{wholeAddress, "https://evil.example/?https://ok.example", "evil.example"},
		{wholeAddress, "dingtalk://dingtalkclient/page/link?url=http%3A%2F%2Fok.example", ""},
	} {
		got := o.foreignAddress(test.text, test.kind)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.text, got, test.want)
		}
	}
	for _, list := range []string{"https://ok.example", "*.ok.example", "ok.example:443", "a b"} {
		if _, ok := ParseHosts(list); ok {
			t.Errorf("%s passed as a list of hosts", list)
		}
	}
}
