package webui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
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

// TestBrowserHostile looks at everything hostile with a browser that would obey.
func TestBrowserHostile(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	b := newTab(t)
	b.prefer("light", 390, 844)
	b.open(g.URL)
	n := 0
	for _, s := range append(hostile(), strings.Repeat("x", 19900), strings.Repeat(">", 19000), strings.Repeat("- ", 4500)) {
		for _, body := range bodies(s) {
			g.post(t, body)
			n++
		}
	}
	b.entriesShown(n)
	for _, live := range []bool{true, false} {
		if !live {
			b.open(g.URL)
			b.entriesShown(n)
		}
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
		b.wait(fmt.Sprintf(`document.querySelectorAll(".source").length === %d`, 2*n))
		if evaluate[bool](b, `"hit" in window`) {
			t.Errorf("live %v: a script of a message ran", live)
		}
		if got := evaluate[int](b, `document.querySelectorAll("#log :is(script, img, svg, iframe, style, form, input, object, [style], [onclick], [onerror])").length`); got != 0 {
			t.Errorf("live %v: %d elements of a message's own", live, got)
		}
		if got := evaluate[int](b, `document.documentElement.scrollWidth`); got > 390 {
			t.Errorf("live %v: the page is %d pixels wide on a phone", live, got)
		}
	}
	b.onlyAsked(g)
}

// TestBrowserReading makes sure that a new message does not take away what somebody reads.
func TestBrowserReading(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for i := range 60 {
		g.post(t, textBody(fmt.Sprint("message ", i)))
	}
	b := newTab(t)
	b.prefer("light", 1440, 900)
	b.open(g.URL)
	const top, inSight = `document.querySelector("#r30").getBoundingClientRect().top`, `document.querySelector("#log > :last-child").getBoundingClientRect().bottom <= innerHeight`
	if !evaluate[bool](b, inSight) {
		t.Error("the page does not begin with the newest message")
	}
	g.post(t, textBody("at the end"))
	b.entriesShown(61)
	if !evaluate[bool](b, inSight) || !evaluate[bool](b, `document.getElementById("newer").hidden`) {
		t.Error("the page does not stay at the newest message")
	}

	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#r30").scrollIntoView()`), chromedp.Sleep(200*time.Millisecond))
	before := evaluate[float64](b, top)
	g.post(t, textBody("while reading"))
	b.entriesShown(62)
	b.do(chromedp.Sleep(200 * time.Millisecond))
	if after := evaluate[float64](b, top); after != before {
		t.Errorf("what is read moved by %v pixels", after-before)
	}
	b.do(chromedp.Click("#newer"))
	b.wait(`document.getElementById("newer").hidden && ` + inSight)

	g.Reset()
	b.entriesShown(0)
	b.wait(`document.querySelector("#newest").textContent === "" && document.querySelector(".empty").checkVisibility()`)
	g.post(t, textBody("anew"))
	b.entriesShown(1)
}

// TestBrowserMood works the switches with the keyboard.
func TestBrowserMood(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	b := newTab(t)
	b.prefer("light", 1440, 900)
	b.open(g.URL)
	b.do(chromedp.Focus("#m-secret"), chromedp.KeyEvent(" "))
	b.wait(`document.querySelector("#m-secret").getAttribute("aria-checked") === "true"`)
	if got := evaluate[string](b, `document.activeElement.id`); got != "m-secret" {
		t.Errorf("the keyboard is at %q", got)
	}
	if got := g.post(t, textBody("x")); got != 310000 {
		t.Errorf("errcode %d with the wrong secret", got)
	}
	b.do(chromedp.KeyEvent(" "))
	b.wait(`document.querySelector("#m-secret").getAttribute("aria-checked") === "false"`)
	b.do(chromedp.Focus("#m-gateway"), chromedp.KeyEvent(kb.Enter))
	b.wait(`document.getElementById("said").textContent === "gateway is queued: the next POST meets it."`)
	if got := g.post(t, textBody("x")); got != -3 {
		t.Errorf("errcode %d from the gateway", got)
	}
	b.entriesShown(2)
	b.do(chromedp.Click("#m-clear"))
	b.entriesShown(0)
	b.onlyAsked(g)
}

// TestBrowserBehind opens what is behind a message, and copies the command.
func TestBrowserBehind(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("x"))
	b := newTab(t)
	b.prefer("light", 1440, 900)
	b.open(g.URL)
	b.do(chromedp.Click("#r1 summary"))
	b.wait(`document.querySelectorAll("#r1 .source").length === 2`)
	if got := b.list("#r1 pre"); !strings.Contains(got[0], "access_token=***") || !strings.Contains(got[1], "access_token=$TOKEN") {
		t.Errorf("behind the message: %q", got)
	}
	b.do(chromedp.Click("#r1 .source:last-child .copy"))
	b.wait(`["Copied", "Selected"].includes(document.querySelector("#r1 .source:last-child .copy").textContent)`)
	g.Reset()
	g.post(t, textBody("y"))
	b.wait(`document.querySelector("#r1 .words")?.textContent === "y"`)
	b.onlyAsked(g)
}

// TestBrowserSpeed prints how long a full group takes to draw, and a message to arrive. It asserts neither: a loaded machine
// is not a slow page.
func TestBrowserSpeed(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for i := range 1000 {
		g.post(t, markdownBody(fmt.Sprint("Build ", i), "## Build failed\n\n**3 of 412** tests failed, see [the log](https://ci.example/). @13800000001\n\n> connection refused\n\n1. restart\n2. repeat"))
	}
	b := newTab(t)
	b.prefer("light", 1440, 900)
	start := time.Now()
	b.open(g.URL)
	t.Logf("1000 messages: live after %v; first paint after %.0f ms, loaded after %.0f ms", time.Since(start).Round(time.Millisecond),
		evaluate[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`),
		evaluate[float64](b, `performance.getEntriesByType("navigation")[0].domComplete`))
	b.entriesShown(1000)

	var slowest time.Duration
	for i := range 20 {
		start := time.Now()
		g.post(t, textBody("now"))
		b.wait(fmt.Sprintf(`document.getElementById("r%d") !== null`, 1001+i))
		slowest = max(slowest, time.Since(start))
	}
	t.Logf("the slowest of 20 messages was there %v after its POST began", slowest.Round(time.Millisecond))
	b.entriesShown(1000)
}

// agent calls the tools of the real plugin, which posts to the group.
func (g group) agent(t *testing.T) func(tool string, arguments any) (sent bool) {
	t.Helper()
	wasm, err := os.ReadFile("../../../dist/plugin.wasm")
	if err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	plugin, err := host.Load(t.Context(), wasm, &host.Options{
		AllowedHosts: []string{"127.0.0.1"},
		Config: map[string]string{
			"DINGTALK_BOT_WEBHOOK_URL":  g.URL + "/robot/send",
			"DINGTALK_BOT_ACCESS_TOKEN": dingtalktest.DefaultToken,
			"DINGTALK_BOT_SECRET":       secret,
			"DINGTALK_BOT_TOOLS":        "all",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plugin.Close(t.Context()) })
	return func(tool string, arguments any) bool {
		raw, err := json.Marshal(arguments)
		if err != nil {
			t.Fatal(err)
		}
		result, err := plugin.Call(t.Context(), tool, raw)
		if err != nil {
			t.Fatal(err)
		}
		return !result.IsError
	}
}

type arguments = map[string]any

// TestBrowserPlugin watches what an agent posts through the real plugin: every
// message type, a long one in parts, a refused one, and a hostile one.
func TestBrowserPlugin(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	call := g.agent(t)
	b := newTab(t)
	b.prefer("light", 1440, 900)
	b.open(g.URL)
	evaluate[int](b, `window.loaded = 1`)
	sent := []bool{
		call("send_text_message", arguments{"text": "Deploy has begun, @13800000001 please watch, cc @13900000009", "atMobiles": []string{"13800000001"}}),
		call("send_markdown_message", arguments{"title": "Deploy finished", "text": "## Done\n\n- [notes](https://example.com)"}),
		call("send_link_message", arguments{"title": "Notes", "text": "What is new", "messageUrl": "https://example.com"}),
		call("send_action_card_message", arguments{"title": "Roll back?", "text": "Errors rose.", "btns": []arguments{{"title": "Yes", "actionURL": "https://example.com/y"}, {"title": "No", "actionURL": "https://example.com/n"}}}),
		call("send_feed_card_message", arguments{"links": []arguments{{"title": "One", "messageURL": "https://example.com/1", "picURL": "https://example.com/1.png"}}}),
		call("send_markdown_message", arguments{"title": "Report", "text": strings.Repeat("A line of a long report.\n\n", 1500)}),
		call("send_text_message", arguments{"text": strings.Join(hostile(), " ")}),
	}
	g.SetOptions(func(o *dingtalktest.Options) { o.Keywords = []string{"告警"} })
	sent = append(sent, call("send_text_message", arguments{"text": "without a keyword"}))
	if want := "[true true true true true true true false]"; fmt.Sprint(sent) != want {
		t.Fatalf("sent %v, want %s", sent, want)
	}
	b.entriesShown(len(g.Requests()))
	b.checkAgentsPage(g)
}

func (b *tab) checkAgentsPage(g group) {
	b.t.Helper()
	kinds := evaluate[[]string](b, `[...document.querySelectorAll(".entry")].map(e => e.querySelector(".bubble").classList[1] ?? e.classList[1])`)
	want := []string{"asked", "text", "markdown", "link", "actionCard", "feedCard", "markdown", "markdown", "markdown", "text", "refused"}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		b.t.Errorf("order %v, want %v", kinds, want)
	}
	if got := b.list(".bubble .mention"); len(got) == 0 || got[0] != "@13800000001" {
		b.t.Errorf("mentions: %q", got)
	}
	if got := b.list(".bubble .missed"); len(got) == 0 || got[0] != "@13900000009" {
		b.t.Errorf("mentions that notify nobody: %q", got)
	}
	last := len(g.Requests())
	if got := b.list(fmt.Sprintf("#r%d .words", last)); len(got) != 1 || !strings.HasPrefix(got[0], "310000 ") {
		b.t.Errorf("the refusal says %q", got)
	}
	b.seenAsOne("r7", "r8", "r9")
	if evaluate[int](b, `window.loaded`) != 1 || evaluate[bool](b, `"hit" in window`) {
		b.t.Error("the page was loaded anew, or a script of a message ran")
	}
	b.onlyAsked(g)
	b.shoot("-plugin")
}

// tab is a page in a headless Chromium that can reach nobody but this machine.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	asked    []string // addresses that the page asked for
	troubles []string // exceptions, and dialogs that a script would open
}

// newTab starts a browser with a profile of its own.
func newTab(t testing.TB) *tab {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browser), chromedp.UserDataDir(profile(t)),
		chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.WindowSize(1440, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b := &tab{t: t, ctx: ctx}
	b.do()
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	return b
}

// chromium is the browser that the set-up of make test finds. A test that skipped would be a green lie.
var chromium = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("bash", "../../../plugin/build/browser.sh").Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return strings.TrimSuffix(string(out), "\n"), err
})

// profile is a directory that is removed when the browser's last process has left it, which can be after the test.
func profile(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "page-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return dir
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, e.ExceptionDetails.Text)
	}
}

// seen returns what was noted so far.
func (b *tab) seen() (asked, troubles []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked), slices.Clone(b.troubles)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open shows the page and waits until it hears the events.
func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
	b.wait(`document.getElementById("state").textContent === "Live"`)
}

// evaluate returns what an expression is in the page.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait looks at every frame that the browser draws, for ten seconds.
func (b *tab) wait(condition string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		b.t.Fatalf("waiting for %s: %v", condition, err)
	}
}

// prefer sets the colours, and the size of the screen.
func (b *tab) prefer(scheme string, width, height int64) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// shoot writes a picture beside the path that PAGE_SCREENSHOT names, if it does.
func (b *tab) shoot(suffix string) {
	b.t.Helper()
	path := os.Getenv("PAGE_SCREENSHOT")
	if path == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	end := filepath.Ext(path)
	if err := os.WriteFile(strings.TrimSuffix(path, end)+suffix+end, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
