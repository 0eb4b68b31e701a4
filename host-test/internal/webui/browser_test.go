package webui

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dingtalk-plugin/host-test/dingtalktest"
)

// words are what an agent has to say, in a text or in Markdown.
type words struct {
	Title, Text string
	Mobiles     []string
	All         bool
}

// sender posts one message of the type text or markdown. These tests send straight to the robot; what goes through a plugin
// can stand in for it.
type sender func(t testing.TB, msgtype string, w words)

func (g group) direct(t testing.TB, msgtype string, w words) {
	t.Helper()
	field := map[string]string{"text": "content", "markdown": "text"}[msgtype]
	body, err := json.Marshal(map[string]any{
		"msgtype": msgtype,
		msgtype:   map[string]string{"title": w.Title, field: w.Text},
		"at":      map[string]any{"atMobiles": w.Mobiles, "isAtAll": w.All},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.post(t, string(body)); got != 0 {
		t.Fatalf("errcode %d for %s", got, body)
	}
}

// entriesShown waits for so many requests on the page.
func (b *tab) entriesShown(n int) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelectorAll(".entry").length === %d`, n))
}

// list returns the text of every element that matches, in the order of the page.
func (b *tab) list(selector string) []string {
	b.t.Helper()
	return evaluate[[]string](b, `[...document.querySelectorAll(`+quote(selector)+`)].map(e => e.textContent.trim())`)
}

// onlyAsked fails when the page has asked anybody else, or had trouble.
func (b *tab) onlyAsked(g group) {
	b.t.Helper()
	own, _ := url.Parse(g.URL)
	asked, troubles := b.seen()
	for _, address := range asked {
		if u, err := url.Parse(address); err != nil || u.Host != own.Host {
			b.t.Errorf("the page asked for %s", address)
		}
	}
	if len(troubles) > 0 {
		b.t.Errorf("exceptions: %q", troubles)
	}
}

// TestBrowserConversation watches a group fill while somebody looks.
func TestBrowserConversation(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	b := newTab(t)
	b.prefer("light", 1440, 900)
	b.open(g.URL)
	evaluate[int](b, `window.loaded = 1`)
	converse(t, g, g.direct)
	b.entriesShown(12)

	if got := evaluate[int](b, `window.loaded`); got != 1 {
		t.Error("the page was loaded anew")
	}
	want := []string{"text", "markdown", "link", "actionCard", "feedCard", "refused", "markdown", "markdown", "markdown", "markdown", "text", "text"}
	kinds := evaluate[[]string](b, `[...document.querySelectorAll(".entry")].map(e => e.querySelector(".bubble").classList[1] ?? e.classList[1])`)
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("order %v, want %v", kinds, want)
	}
	if got := strings.Join(b.list("#r1 .mention, #r1 .missed"), " "); got != "@13800000001 @13900000009 @13800000001 @13900000009" {
		t.Errorf("mentions of the first message: %s", got)
	}
	if got := b.list("#r6 .words, #r6 .why"); len(got) != 2 || !strings.HasPrefix(got[0], "460101 ") || got[1] != "refused: the body has 20040 bytes, of at most 20000" {
		t.Errorf("refused: %q", got)
	}
	if got := b.list("#newest .line"); len(got) != 2 || got[0] != "Robot: the last word" {
		t.Errorf("announced: %q", got)
	}
	b.seenAsOne("r7", "r8", "r9")
	b.onlyAsked(g)
	b.shootAll()
}

// converse posts every message type, one that is too long, a message in three parts, and a question that may have been lost.
func converse(t testing.TB, g group, send sender) {
	t.Helper()
	send(t, "text", words{Text: "部署完成 deploy finished: https://ci.example/runs/4711\n@13800000001 please check, cc @13900000009", Mobiles: []string{"13800000001"}})
	send(t, "markdown", words{Title: "Nightly build failed on main", Mobiles: []string{"13800000001"}, All: true, Text: "## Nightly build failed\n\n" +
		"**3 of 412** tests failed on `main`, see [the log](https://ci.example/log). @13800000001\n\n> connection refused: 10.0.0.7\n\n" +
		"1. restart the runner\n2. repeat the job\n\n![chart of failures](https://img.example/chart.png)"})
	g.post(t, `{"msgtype":"link","link":{"title":"时代的火车向前开","text":"这个即将发布的新版本，创始人称它为红树林。而在此之前，每当面临重大升级，产品经理们都会取一个应景的代号。","messageUrl":"https://www.dingtalk.com/","picUrl":"https://img.example/train.png"}}`)
	g.post(t, `{"msgtype":"actionCard","actionCard":{"title":"Release 2.4 waits","text":"### Release 2.4\n\nAll checks are green. @boss, may it go out?","btns":[{"title":"Approve","actionURL":"https://ci.example/yes"},{"title":"Reject","actionURL":"https://ci.example/no"}],"btnOrientation":"1"},"at":{"atUserIds":["boss"]}}`)
	g.post(t, `{"msgtype":"feedCard","feedCard":{"links":[{"title":"What changed this week","messageURL":"https://news.example/1","picURL":"https://img.example/1.png"},{"title":"A second headline that is rather long and therefore wraps","messageURL":"https://news.example/2","picURL":"https://img.example/2.png"}]}}`)
	g.post(t, textBody(strings.Repeat("x", 20000)))
	for i, part := range []string{"# Weekly report\n\nThe first part of a long one.", "The second part.", "The third part, and the last."} {
		send(t, "markdown", words{Title: fmt.Sprintf("Weekly report (%d/3)", i+1), Text: part})
	}
	for _, name := range []string{"accept-then-502"} {
		f, _ := dingtalktest.FaultByName(name)
		g.InjectFaults(f)
	}
	g.post(t, markdownBody("Is it there?", "*Was it posted?*"))
	send(t, "text", words{Text: strings.Join(hostile()[:2], " ") + " \u202egnol"})
	send(t, "text", words{Text: "the last word"})
}

// seenAsOne demands that parts touch each other, belong to the same series, and have one head.
func (b *tab) seenAsOne(ids ...string) {
	b.t.Helper()
	for i, id := range ids[1:] {
		gap := evaluate[float64](b, fmt.Sprintf(`document.querySelector("#%s .bubble").getBoundingClientRect().top - document.querySelector("#%s .bubble").getBoundingClientRect().bottom`, id, ids[i]))
		if gap < -1.5 || gap > 0 {
			b.t.Errorf("%s is %v pixels below %s", id, gap, ids[i])
		}
		if !evaluate[bool](b, fmt.Sprintf(`document.getElementById(%q).dataset.series === document.getElementById(%q).dataset.series`, id, ids[0])) {
			b.t.Errorf("%s is not in the series of %s", id, ids[0])
		}
		if evaluate[bool](b, fmt.Sprintf(`document.querySelector("#%s .head").checkVisibility()`, id)) {
			b.t.Errorf("%s has a head of its own", id)
		}
	}
	if got := evaluate[int](b, `[...document.querySelectorAll(".waiting")].filter(e => e.checkVisibility()).length`); got != 0 {
		b.t.Errorf("%d parts are waited for", got)
	}
}

// shootAll takes the pictures that PAGE_SCREENSHOT asks for.
func (b *tab) shootAll() {
	b.t.Helper()
	show := func(id string) {
		b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById(`+quote(id)+`).scrollIntoView()`), chromedp.Sleep(200*time.Millisecond))
	}
	b.shoot("")
	show("r2")
	b.shoot("-cards")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#r1 details").open = true`))
	b.wait(`document.querySelector("#r1 .source") !== null`)
	show("r1")
	b.shoot("-behind")
	b.prefer("dark", 1440, 900)
	show("r7")
	b.shoot("-dark")
	b.prefer("light", 390, 844)
	show("r2")
	b.shoot("-phone")
	b.prefer("dark", 390, 844)
	show("r7")
	b.shoot("-phone-dark")
}
