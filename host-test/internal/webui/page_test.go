package webui

import (
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestDrawn posts one message each and looks for pieces of what the group sees.
func TestDrawn(t *testing.T) {
	const rel = ` target="_blank" rel="noopener noreferrer nofollow">`
	tests := []struct{ name, body, want string }{
		{"text", textBody("line one\n line two"), "<p class=\"words\">line one\n line two</p>"},
		{"text with a link", textBody("see https://a.example/x?y=1&z=2."), `see <a href="https://a.example/x?y=1&amp;z=2"` + rel + `https://a.example/x?y=1&amp;z=2</a>.</p>`},
		{"text is no Markdown", textBody("**bold**"), "<p class=\"words\">**bold**</p>"},

		{"heading", markdownBody("T", "# One\n### Three"), "<h1>One</h1>\n<h3>Three</h3>"},
		{"bold and italic", markdownBody("T", "**b** *i*"), "<strong>b</strong> <em>i</em>"},
		{"quote", markdownBody("T", "> q"), "<blockquote>\n<p>q</p>\n</blockquote>"},
		{"lists", markdownBody("T", "- a\n- b\n\n3. c"), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol start=\"3\">\n<li>c</li>\n</ol>"},
		{"link", markdownBody("T", "[a](https://a.example/)"), `<a href="https://a.example/" rel="nofollow noreferrer noopener" target="_blank">a</a>`},
		{"page of the app", markdownBody("T", "[a](dingtalk://dingtalkclient/page/link?url=x)"), `<a href="dingtalk://dingtalkclient/page/link?url=x" `},
		{"code", markdownBody("T", "`x`\n```\ny <b>\n```"), "<code>x</code></p>\n<pre><code>y &lt;b&gt;\n</code></pre>"},
		{"picture", markdownBody("T", "![a *chart*](https://a.example/p.png)"), `<span class="picture"><span class="alt">a chart</span><span class="address">https://a.example/p.png</span></span>`},
		{"a line break may not show", markdownBody("T", "a\nb"), "<p>a\nb</p>"},
		{"two blanks break the line", markdownBody("T", "a  \nb"), "<p>a<br>\nb</p>"},
		{"no tables", markdownBody("T", "|a|b|\n|-|-|"), "<p>|a|b|\n|-|-|</p>"},
		{"no rules", markdownBody("T", "a\n\n---\n\nb"), "<p>---</p>"},
		{"no underlined headings", markdownBody("T", "a\n==="), "<p>a\n===</p>"},
		{"no strikethrough", markdownBody("T", "~~a~~"), "<p>~~a~~</p>"},

		{"link card", `{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"https://a.example/p"}}`,
			`<a href="https://a.example/" title="https://a.example/"` + rel + `<strong>T</strong></a>`},
		{"link card's picture", `{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"@media"}}`,
			`<span class="address">@media</span>`},
		{"one button", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"**x**","singleTitle":"Go","singleURL":"https://a.example/"}}`,
			`<strong>x</strong></p>
</div>
<ul class="buttons"><li><a href="https://a.example/" title="https://a.example/"` + rel + `Go</a></li></ul>`},
		{"buttons side by side", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","btnOrientation":"1","btns":[{"title":"Y","actionURL":"https://a.example/y"},{"title":"N","actionURL":"https://a.example/n"}]}}`,
			`<ul class="buttons across"><li>`},
		{"no avatar", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","hideAvatar":"1","singleTitle":"Go","singleURL":"https://a.example/"}}`,
			`<div class="face hidden"`},
		{"a button that types is no link", `{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"Go","singleURL":"dtmd://dingtalkclient/sendMessage?content=x"}}`,
			`<span class="shut" title="dtmd://dingtalkclient/sendMessage?content=x">Go</span>`},
		{"feed", `{"msgtype":"feedCard","feedCard":{"links":[{"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"}]}}`,
			`<ul class="feed"><li><a href="https://a.example/" title="https://a.example/"` + rel + `<strong>A</strong><span class="picture"><span class="alt">A</span><span class="address">https://a.example/p</span></span></a></li></ul>`},

		{"announced by its title", markdownBody("The title", "x"), `<p class="line">Robot: The title</p>`},
		{"announced by its first line", textBody("\n first \nsecond"), `<p class="line">Robot: first</p>`},
		{"calls everybody", `{"msgtype":"text","text":{"content":"x"},"at":{"isAtAll":true}}`, `<span class="call" lang="zh">[@所有人]</span> Robot: x`},
		{"calls one", `{"msgtype":"text","text":{"content":"@1"},"at":{"atMobiles":["1"]}}`, `<span class="call" lang="zh">[有人@我]</span> Robot: @1`},

		{"refused", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<strong class="code">400402</strong> 错误描述:参数 markdown --》 title 缺失`},
		{"explained", `{"msgtype":"markdown","markdown":{"text":"x"}}`, `<p class="why">refused: markdown.title is missing, empty or of another kind</p>`},
		{"what was refused", `{"msgtype":"audio","text":{"content":"a\nb"}}`, `<p class="attempt">audio: a</p>`},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{})
		g.post(t, tt.body)
		if _, html := g.get(t, "/"); !strings.Contains(html, tt.want) {
			_, entry, _ := strings.Cut(html, `<div id="newest">`)
			t.Errorf("%s: no\n%s\nin\n%s", tt.name, tt.want, entry)
		}
	}
}

// TestUntold covers what became of requests whose sender heard something else than ok, or heard it twice.
func TestUntold(t *testing.T) {
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	tests := []struct{ fault, kind, want string }{
		{"accept-then-502", "message", "Posted, but its sender was told: HTTP 502, an answer that is not the robot&#39;s</li>"},
		{"accept-then-busy", "message", "Posted, but its sender was told: HTTP 200, errcode -1 系统繁忙</li>"},
		{"drop-after", "message", "Posted, but its sender was told: nothing: the connection was closed</li>"},
		{"cut", "message", "Posted, but its sender was told: HTTP 200, errcode 0 ok, cut short</li>"},
		{"drop-before", "fault", "Its sender was told: nothing: the connection was closed</p>"},
		{"busy", "fault", "Its sender was told: HTTP 200, errcode -1 系统繁忙</p>"},
		{"gateway", "fault", "Its sender was told: HTTP 502, an answer that is not the robot&#39;s</p>"},
	}
	for _, tt := range tests {
		g := newGroup(t, dingtalktest.Options{})
		f, _ := dingtalktest.FaultByName(tt.fault)
		g.InjectFaults(f)
		g.post(t, body)
		_, html := g.get(t, "/")
		if !strings.Contains(html, `class="entry `+tt.kind+`"`) || !strings.Contains(html, tt.want) {
			t.Errorf("%s: no %s %q in\n%s", tt.fault, tt.kind, tt.want, html)
		}
	}
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, body)
	g.post(t, body)
	if _, html := g.get(t, "/"); !strings.Contains(html, `class="entry repeat"`) || strings.Contains(html, "Posted, but") {
		t.Errorf("a repeat:\n%s", html)
	}
}

func TestOrder(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	for _, body := range []string{textBody("first"), "{", textBody("third")} {
		g.post(t, body)
	}
	_, html := g.get(t, "/")
	first, refused, third := strings.Index(html, `id="r1"`), strings.Index(html, `class="entry refused" id="r2"`), strings.Index(html, `id="r3"`)
	if first < 0 || refused < first || third < refused {
		t.Errorf("order %d, %d, %d in\n%s", first, refused, third, html)
	}
}

func TestAddresses(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	tests := []struct {
		path, kind string
		status     int
	}{
		{"/", "text/html; charset=utf-8", 200},
		{"/page.css", "text/css; charset=utf-8", 200},
		{"/page.js", "text/javascript; charset=utf-8", 200},
		{"/nothing", "text/plain; charset=utf-8", 404},
		{"/page.html", "text/plain; charset=utf-8", 404},
		{"/requests/1-1", "text/plain; charset=utf-8", 404},
		{"/mood/clear", "text/plain; charset=utf-8", 405},
	}
	for _, tt := range tests {
		res, _ := g.get(t, tt.path)
		if got := res.Header.Get("Content-Type"); res.StatusCode != tt.status || got != tt.kind {
			t.Errorf("%s: %d %q, want %d %q", tt.path, res.StatusCode, got, tt.status, tt.kind)
		}
	}
}
