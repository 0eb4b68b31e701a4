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

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestBrowser runs the scripts in testdata/browser in the page, on each kind of screen and in each language. With PAGE_SCREENSHOT it
// writes pictures to that folder; the READMEs show two of them.
func TestBrowser(t *testing.T) {
	prelude := readFile(t, "testdata/browser.js")
	scripts, err := filepath.Glob("testdata/browser/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for i := range 8 {
		width, scheme, lang := []int64{1280, 390}[i&1], []string{"light", "dark"}[i>>1&1], []string{"en", "zh"}[i>>2]
		name := fmt.Sprintf("%s-%s-%d", lang, scheme, width)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t, dingtalktest.Options{PerMinute: -1}, Options{Example: func(_ *dingtalktest.Options, webhook string) string { return "curl " + webhook }})
			g.SetOptions(func(o *dingtalktest.Options) { o.Secret = "" })
			b := openTab(t, g)
			b.emulate(scheme, width, 844)
			for _, script := range scripts {
				g.Reset()
				g.ClearFaults()
				b.open(g.URL + "/?lang=" + lang)
				for _, failure := range evaluate[[]string](b, "(async () => {"+prelude+"try {"+readFile(t, script)+"} catch (e) { failures.push(String(e)); } return failures; })()") {
					t.Errorf("%s: %s", script, failure)
				}
				if strings.Contains(script, "messages") {
					b.screenshot(name)
				}
			}
			b.checkSafe(g)
		})
	}
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
	for opened, reopen := range []func(){func() {}, func() { b.open(g.URL) }} {
		reopen()
		b.waitForEntries(n)
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
		b.wait(fmt.Sprintf(`document.querySelectorAll("#log .delete").length === %d`, n))
		if got := evaluate[int](b, `document.querySelectorAll("#log :is(script, img, svg:not(.icon), iframe, style, form, input, object, [style], [onclick], [onerror])").length`); got != 0 {
			t.Errorf("opened %d: %d elements of a message's own", opened, got)
		}
		if got := evaluate[int](b, `document.documentElement.scrollWidth`); got > 390 {
			t.Errorf("opened %d: the page is %d pixels wide on a phone", opened, got)
		}
		b.checkSafe(g)
	}
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
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
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
	b.wait(`["Live", "实时"].includes(document.getElementById("state").textContent)`)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
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

// screenshot writes a picture to the folder in PAGE_SCREENSHOT, if it is set.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	folder := os.Getenv("PAGE_SCREENSHOT")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// rows returns the lines of a file in testdata, without what comes before the first blank line.
func rows(t *testing.T, name string) []string {
	t.Helper()
	_, table, _ := strings.Cut(readFile(t, "testdata/"+name), "\n\n")
	return strings.Split(strings.TrimSuffix(table, "\n"), "\n")
}
