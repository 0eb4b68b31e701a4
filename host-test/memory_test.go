package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
)

// minPages is what Extism's kernel alone declares: with fewer pages of 64 KiB no
// plugin loads.
const minPages = 16

// A message of 20 KB passes in the least memory that a host can give a plugin,
// one of ten parts in twice as much.
func TestMinMemory(t *testing.T) {
	if err := callInPages(t, minPages, "1", 19_500); err != nil {
		t.Error(err)
	}
	if err := callInPages(t, 2*minPages, "10", 190_000); err != nil {
		t.Error(err)
	}
	if err := callInPages(t, minPages-1, "1", 1); err == nil {
		t.Errorf("a plugin loads with %d pages: say in README that fewer are enough", minPages-1)
	}
}

// callInPages sends a text of n bytes with a limit of the memory.
func callInPages(t *testing.T, pages uint32, maxParts string, n int) error {
	recorder := record(t, dingtalktest.New(nil))
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{
		Config:       map[string]string{config.Webhook: recorder.URL, config.Token: dingtalktest.DefaultToken, "DINGTALK_BOT_MAX_PARTS": maxParts},
		AllowedHosts: []string{"127.0.0.1"}, MaxPages: pages, Cache: cache,
	})
	if err != nil {
		return err
	}
	defer plugin.Close(t.Context())
	arguments, _ := json.Marshal(map[string]string{"text": strings.Repeat("第 1 行 is \"ok\"\n", n/21)})
	result, err := plugin.Call(t.Context(), "send_text_message", arguments)
	if err != nil || result.IsError {
		return fmt.Errorf("%d bytes in %d pages: %v %+v", n, pages, err, result)
	}
	return nil
}

// maxMemory is what the TinyGo build may take while it serves messages of up to
// 50 KB, in bytes.
const maxMemory = 1 << 20

// Memory stays as it is after the first calls of each kind. The standard
// toolchain's build takes megabytes and is not held to this.
func TestMemoryStable(t *testing.T) {
	group := startGroup(map[string]string{"DINGTALK_BOT_MESSAGES_PER_MINUTE": "0"})
	defer group.Close()
	group.robot.SetOptions(func(o *dingtalktest.Options) { o.PerMinute = -1 })
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Config: group.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	steady := 0
	for i := range *soakCalls {
		tool, arguments := ordinaryMessage(i)
		result, err := plugin.Call(t.Context(), tool, arguments)
		if err != nil || result.IsError != (tool == "send_image") {
			t.Fatalf("call %d: %v %+v", i, err, result)
		}
		if i == 500 {
			steady = plugin.Memory()
		}
		if i%500 == 0 {
			group.robot.Reset()
		}
	}
	t.Logf("%d bytes after 500 calls, %d after %d", steady, plugin.Memory(), *soakCalls)
	if got := plugin.Memory(); got != steady || got > maxMemory {
		t.Errorf("%d bytes after 500 calls, %d after %d; want at most %d", steady, got, *soakCalls, maxMemory)
	}
}

// ordinaryMessage returns a short text, a refused call, Markdown of 2 KB, of
// 19 KB, or a text of three parts.
func ordinaryMessage(i int) (tool string, arguments json.RawMessage) {
	id := fmt.Sprintf("m%d", i)
	body := map[string]any{"text": id + " short", "idempotencyKey": id}
	tool = "send_text_message"
	switch i % 20 {
	case 3:
		tool = "send_image"
	case 7, 12:
		tool, body["title"], body["text"] = "send_markdown_message", id, id+strings.Repeat(" 中文 \"text\"\n", 100)
	case 9:
		tool, body["title"], body["text"] = "send_markdown_message", id, id+strings.Repeat(" word\n", 2700)
	case 17:
		body["text"] = strings.Repeat(id+" ", 50000/len(id))
	}
	arguments, _ = json.Marshal(body)
	return tool, arguments
}
