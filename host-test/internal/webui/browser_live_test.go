package webui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dingtalk-plugin/host-test/dingtalktest"
)

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
