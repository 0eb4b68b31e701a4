package webui

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
)

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
