package webui

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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

// TestBrowserMessages shows every message type, a message in parts, a refused and a hostile one as they arrive: first as
// fixed bodies, then through the plugin.
func TestBrowserMessages(t *testing.T) {
	for _, tt := range []struct {
		name          string
		send          func(testing.TB, group)
		kinds         string
		text, refused string   // ids of the text with mentions and of the refused request
		errcode, why  string   // of the refused request
		newest        string   // how the last message is announced
		parts         []string // ids
	}{
		{"bodies", postBodies,
			"text markdown link actionCard feedCard refused markdown markdown markdown markdown text text",
			"r1", "r6", "460101 ", "refused: the body has 20040 bytes, of at most 20000",
			"Robot: the last word", []string{"r7", "r8", "r9"}},
		{"plugin", callPlugin,
			"probe text markdown link actionCard feedCard markdown markdown markdown text refused",
			"r2", "r11", "310000 ", "refused: neither title nor text has one of the robot's keywords",
			"Robot: <script>window.hit=1</script>", []string{"r7", "r8", "r9"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGroup(t, dingtalktest.Options{})
			b := openTab(t, g)
			evaluate[int](b, `window.loaded = 1`)
			tt.send(t, g)
			b.waitForEntries(len(g.Requests()))
			kinds := evaluate[[]string](b, `[...document.querySelectorAll(".entry")].map(e => e.querySelector(".bubble").classList[1] ?? e.classList[1])`)
			if got := strings.Join(kinds, " "); got != tt.kinds {
				t.Errorf("kinds %s, want %s", got, tt.kinds)
			}
			if got := strings.Join(b.texts(fmt.Sprintf("#%s .mention, #%[1]s .missed", tt.text)), " "); got != "@13800000001 @13900000009 @13800000001 @13900000009" {
				t.Errorf("mentions %s", got)
			}
			if got := b.texts(fmt.Sprintf("#%s .words, #%[1]s .why", tt.refused)); len(got) != 2 || !strings.HasPrefix(got[0], tt.errcode) || got[1] != tt.why {
				t.Errorf("refused %q, want %q", got, tt.why)
			}
			if got := b.texts("#newest .line"); len(got) != 2 || !strings.HasPrefix(got[0], tt.newest) {
				t.Errorf("newest %q, want %q", got, tt.newest)
			}
			b.checkSeries(tt.parts...)
			if evaluate[int](b, `window.loaded`) != 1 {
				t.Error("the page was reloaded")
			}
			b.checkSafe(g)
			b.screenshot(tt.name)
		})
	}
}

// postBodies includes a message whose sender cannot know whether it was posted.
func postBodies(t testing.TB, g group) {
	t.Helper()
	at := func(body, at string) string { return strings.TrimSuffix(body, "}") + `,"at":` + at + "}" }
	bodies := []string{
		at(textBody("部署完成 deploy finished: https://ci.example/runs/4711\n@13800000001 please check, cc @13900000009"), `{"atMobiles":["13800000001"]}`),
		at(markdownBody("Nightly build failed on main", "## Nightly build failed\n\n"+
			"**3 of 412** tests failed on `main`, see [the log](https://ci.example/log). @13800000001\n\n> connection refused: 10.0.0.7\n\n"+
			"1. restart the runner\n2. repeat the job\n\n![chart of failures](https://img.example/chart.png)"), `{"atMobiles":["13800000001"],"isAtAll":true}`),
		`{"msgtype":"link","link":{"title":"时代的火车向前开","text":"这个即将发布的新版本，创始人称它为红树林。而在此之前，每当面临重大升级，产品经理们都会取一个应景的代号。","messageUrl":"https://www.dingtalk.com/","picUrl":"https://img.example/train.png"}}`,
		`{"msgtype":"actionCard","actionCard":{"title":"Release 2.4 waits","text":"### Release 2.4\n\nAll checks are green. @boss, may it go out?","btns":[{"title":"Approve","actionURL":"https://ci.example/yes"},{"title":"Reject","actionURL":"https://ci.example/no"}],"btnOrientation":"1"},"at":{"atUserIds":["boss"]}}`,
		`{"msgtype":"feedCard","feedCard":{"links":[{"title":"What changed this week","messageURL":"https://news.example/1","picURL":"https://img.example/1.png"},{"title":"A second headline that is rather long and therefore wraps","messageURL":"https://news.example/2","picURL":"https://img.example/2.png"}]}}`,
		textBody(strings.Repeat("x", 20000)),
		markdownBody("Weekly report (1/3)", "# Weekly report\n\nThe first part of a long one."),
		markdownBody("Weekly report (2/3)", "The second part."),
		markdownBody("Weekly report (3/3)", "The third part, and the last."),
		markdownBody("Is it there?", "*Was it posted?*"),
		textBody(strings.Join(hostile()[:2], " ") + " \u202egnol"),
		textBody("the last word"),
	}
	for i, body := range bodies {
		want := 0
		switch i {
		case 5:
			want = 460101
		case 9:
			f, _ := dingtalktest.FaultByName("accept-then-502")
			g.InjectFaults(f)
			want = -3
		}
		if got := g.post(t, body); got != want {
			t.Fatalf("errcode %d, want %d, for %s", got, want, body)
		}
	}
}

// callPlugin calls the tools of the real plugin.
func callPlugin(t testing.TB, g group) {
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
	defer plugin.Close(t.Context())
	call := func(tool, arguments string, wantError bool) {
		t.Helper()
		if result, err := plugin.Call(t.Context(), tool, []byte(arguments)); err != nil || result.IsError != wantError {
			t.Fatalf("%s: %+v, %v", tool, result, err)
		}
	}
	call("send_text_message", `{"text":"Deploy has begun, @13800000001 please watch, cc @13900000009","atMobiles":["13800000001"]}`, false)
	call("send_markdown_message", `{"title":"Deploy finished","text":"## Done\n\n- [notes](https://example.com)"}`, false)
	call("send_link_message", `{"title":"Notes","text":"What is new","messageUrl":"https://example.com"}`, false)
	call("send_action_card_message", `{"title":"Roll back?","text":"Errors rose.","btns":[{"title":"Yes","actionURL":"https://example.com/y"},{"title":"No","actionURL":"https://example.com/n"}]}`, false)
	call("send_feed_card_message", `{"links":[{"title":"One","messageURL":"https://example.com/1","picURL":"https://example.com/1.png"}]}`, false)
	call("send_markdown_message", `{"title":"Report","text":`+quote(strings.Repeat("A line of a long report.\n\n", 1500))+`}`, false)
	call("send_text_message", `{"text":`+quote(strings.Join(hostile(), " "))+`}`, false)
	g.SetOptions(func(o *dingtalktest.Options) { o.Keywords = []string{"告警"} })
	call("send_text_message", `{"text":"without a keyword"}`, true)
}

// TestBrowserHostile renders hostile texts in a browser that would run them.
func TestBrowserHostile(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	b := openTab(t, g)
	b.emulate("light", 390, 844)
	for _, s := range append(hostile(), strings.Repeat("x", 19900), strings.Repeat(">", 19000), strings.Repeat("- ", 4500)) {
		for _, body := range bodies(s) {
			g.post(t, body)
		}
	}
	n := len(g.Requests())
	b.waitForEntries(n)
	for _, live := range []bool{true, false} {
		if !live {
			b.open(g.URL)
			b.waitForEntries(n)
		}
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
		b.wait(fmt.Sprintf(`document.querySelectorAll(".source").length === %d`, 2*n))
		if got := evaluate[int](b, `document.querySelectorAll("#log :is(script, img, svg, iframe, style, form, input, object, [style], [onclick], [onerror])").length`); got != 0 {
			t.Errorf("live %v: %d elements of a message's own", live, got)
		}
		if got := evaluate[int](b, `document.documentElement.scrollWidth`); got > 390 {
			t.Errorf("live %v: the page is %d pixels wide on a phone", live, got)
		}
		b.checkSafe(g)
	}
}

// TestBrowserScrolling makes sure that a new message does not move what somebody reads.
func TestBrowserScrolling(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{PerMinute: -1})
	for i := range 60 {
		g.post(t, textBody(fmt.Sprint("message ", i)))
	}
	b := openTab(t, g)
	const top, inSight = `document.querySelector("#r30").getBoundingClientRect().top`, `document.querySelector("#log > :last-child").getBoundingClientRect().bottom <= innerHeight`
	if !evaluate[bool](b, inSight) {
		t.Error("the page does not begin at the newest message")
	}
	g.post(t, textBody("at the end"))
	b.waitForEntries(61)
	if !evaluate[bool](b, inSight) || !evaluate[bool](b, `document.getElementById("newer").hidden`) {
		t.Error("the page does not stay at the newest message")
	}

	b.scrollTo("r30")
	before := evaluate[float64](b, top)
	g.post(t, textBody("while reading"))
	b.waitForEntries(62)
	b.do(chromedp.Sleep(200 * time.Millisecond))
	if after := evaluate[float64](b, top); after != before {
		t.Errorf("the message moved by %v pixels", after-before)
	}
	b.do(chromedp.Click("#newer"))
	b.wait(`document.getElementById("newer").hidden && ` + inSight)

	g.Reset()
	b.waitForEntries(0)
	b.wait(`document.querySelector("#newest").textContent === "" && document.querySelector(".empty").checkVisibility()`)
	g.post(t, textBody("again"))
	b.waitForEntries(1)
}

// TestBrowserControls uses the keyboard.
func TestBrowserControls(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	b := openTab(t, g)
	b.do(chromedp.Focus("#c-secret"), chromedp.KeyEvent(" "))
	b.wait(`document.querySelector("#c-secret").getAttribute("aria-checked") === "true"`)
	if got := evaluate[string](b, `document.activeElement.id`); got != "c-secret" {
		t.Errorf("the focus is on %q", got)
	}
	if got := g.post(t, textBody("x")); got != 310000 {
		t.Errorf("errcode %d with the wrong secret", got)
	}
	b.do(chromedp.KeyEvent(" "))
	b.wait(`document.querySelector("#c-secret").getAttribute("aria-checked") === "false"`)
	b.do(chromedp.Focus("#c-gateway"), chromedp.KeyEvent(kb.Enter))
	b.wait(`document.getElementById("said").textContent === "gateway is queued for the next POST."`)
	if got := g.post(t, textBody("x")); got != -3 {
		t.Errorf("errcode %d from the gateway", got)
	}
	b.waitForEntries(2)
	b.do(chromedp.Click("#c-clear"))
	b.waitForEntries(0)
	b.checkSafe(g)
}

// TestBrowserDetails opens the details of a message and copies the command.
func TestBrowserDetails(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("x"))
	b := openTab(t, g)
	b.do(chromedp.Click("#r1 summary"))
	b.wait(`document.querySelectorAll("#r1 .source").length === 2`)
	if got := b.texts("#r1 pre"); !strings.Contains(got[0], "access_token=***") || !strings.Contains(got[1], "access_token=$TOKEN") {
		t.Errorf("details: %q", got)
	}
	b.do(chromedp.Click("#r1 .source:last-child .copy"))
	b.wait(`["Copied", "Selected"].includes(document.querySelector("#r1 .source:last-child .copy").textContent)`)
	g.Reset()
	g.post(t, textBody("y"))
	b.wait(`document.querySelector("#r1 .words")?.textContent === "y"`)
	b.checkSafe(g)
}

// BenchmarkBrowser measures the time from the POST of a message to a page with a thousand others, and reports how long that
// page took to load.
func BenchmarkBrowser(bench *testing.B) {
	g := newGroup(bench, dingtalktest.Options{PerMinute: -1})
	for i := range 1000 {
		g.post(bench, markdownBody(fmt.Sprint("Build ", i), "## Build failed\n\n**3 of 412** tests failed, see [the log](https://ci.example/). @13800000001\n\n> connection refused\n\n1. restart\n2. repeat"))
	}
	b := openTab(bench, g)
	b.waitForEntries(1000)
	paint := evaluate[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
	loaded := evaluate[float64](b, `performance.getEntriesByType("navigation")[0].domComplete`)
	for n := 1001; bench.Loop(); n++ {
		g.post(bench, textBody("now"))
		b.wait(fmt.Sprintf(`document.getElementById("r%d") !== null`, n))
	}
	bench.ReportMetric(paint, "ms-to-paint")
	bench.ReportMetric(loaded, "ms-to-load")
	b.waitForEntries(1000)
}

// tab is a page in a headless Chromium that can reach only this machine.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	requested  []string // URLs
	exceptions []string
}

// openTab shows a group's page in a new browser.
func openTab(t testing.TB, g group) *tab {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browser), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.WindowSize(1440, 900),
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
	if err := chromedp.Listen(ctx, b.record); err != nil {
		t.Fatal(err)
	}
	b.emulate("light", 1440, 900)
	b.open(g.URL)
	return b
}

// chromium is the browser that `make test` finds. These tests never skip: that would hide that nothing was tested.
var chromium = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("bash", "../../../plugin/build/browser.sh").Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return strings.TrimSuffix(string(out), "\n"), err
})

func (b *tab) record(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requested = append(b.requested, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.exceptions = append(b.exceptions, e.ExceptionDetails.Text)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open loads the page and waits until its event stream is open.
func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
	b.wait(`document.getElementById("state").textContent === "Live"`)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait evaluates a condition at every frame, for ten seconds.
func (b *tab) wait(condition string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		b.t.Fatalf("waiting for %s: %v", condition, err)
	}
}

// waitForEntries waits until the page shows n requests.
func (b *tab) waitForEntries(n int) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelectorAll(".entry").length === %d`, n))
}

// texts returns the text of every element that matches, in the order of the page.
func (b *tab) texts(selector string) []string {
	b.t.Helper()
	return evaluate[[]string](b, `[...document.querySelectorAll(`+quote(selector)+`)].map(e => e.textContent.trim())`)
}

func (b *tab) scrollTo(id string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById(`+quote(id)+`).scrollIntoView()`), chromedp.Sleep(200*time.Millisecond))
}

// emulate sets the color scheme and the size of the screen.
func (b *tab) emulate(scheme string, width, height int64) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// checkSafe fails if the page made requests to another host, threw an exception, or ran a script of a message.
func (b *tab) checkSafe(g group) {
	b.t.Helper()
	if evaluate[bool](b, `"hit" in window`) {
		b.t.Error("a script of a message ran")
	}
	own, _ := url.Parse(g.URL)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.requested {
		if u, err := url.Parse(address); err != nil || u.Host != own.Host {
			b.t.Errorf("the page requested %s", address)
		}
	}
	if len(b.exceptions) > 0 {
		b.t.Errorf("exceptions: %q", b.exceptions)
	}
}

// checkSeries requires that parts touch each other, belong to the same series, and have one head.
func (b *tab) checkSeries(ids ...string) {
	b.t.Helper()
	for i, id := range ids[1:] {
		gap := evaluate[float64](b, fmt.Sprintf(`document.querySelector("#%s .bubble").getBoundingClientRect().top - document.querySelector("#%s .bubble").getBoundingClientRect().bottom`, id, ids[i]))
		if gap < -1.5 || gap > 0 {
			b.t.Errorf("%s is %v pixels below %s", id, gap, ids[i])
		}
		if !evaluate[bool](b, fmt.Sprintf(`document.getElementById(%q).dataset.series === document.getElementById(%q).dataset.series`, id, ids[0])) {
			b.t.Errorf("%s is not in the series of %s", id, ids[0])
		}
		if label := evaluate[string](b, fmt.Sprintf(`document.getElementById(%q).ariaLabel`, id)); !strings.HasPrefix(label, fmt.Sprintf("Part %d of %d, Robot, ", i+2, len(ids))) {
			b.t.Errorf("%s is labeled %q", id, label)
		}
		if evaluate[bool](b, fmt.Sprintf(`document.querySelector("#%s .head").checkVisibility()`, id)) {
			b.t.Errorf("%s has a head of its own", id)
		}
	}
	if got := evaluate[int](b, `[...document.querySelectorAll(".waiting")].filter(e => e.checkVisibility()).length`); got != 0 {
		b.t.Errorf("%d parts are shown as missing", got)
	}
}

// screenshot writes a picture to the path in PAGE_SCREENSHOT, if it is set, with the name before its extension. README shows
// the one of "bodies", from a machine with an emoji font.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	path := os.Getenv("PAGE_SCREENSHOT")
	if path == "" {
		return
	}
	b.scrollTo("r2")
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	ext := filepath.Ext(path)
	if err := os.WriteFile(strings.TrimSuffix(path, ext)+"-"+name+ext, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
