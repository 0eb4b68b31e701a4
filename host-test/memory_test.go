package main

import (
	"encoding/json"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/robot"
)

// leastPages is what Extism's kernel alone declares: with fewer pages of 64 KiB
// no plugin loads.
const leastPages = 16

// A message of 20 KB passes in the least memory that a host can give a plugin.
func TestLeastMemory(t *testing.T) {
	wire := newWire(t, robot.New(nil))
	options := host.Options{
		Config:       map[string]string{config.Webhook: wire.URL, config.Token: robot.DefaultToken},
		AllowedHosts: []string{"127.0.0.1"},
		MaxPages:     leastPages,
	}
	plugin, err := host.Load(t.Context(), module(t, 0), &options)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	arguments, _ := json.Marshal(map[string]string{"text": strings.Repeat("x", 19800)})
	if result, err := plugin.Call(t.Context(), "send_text_message", arguments); err != nil || result.IsError {
		t.Errorf("in %d pages: %v %+v", leastPages, err, result)
	}
	options.MaxPages--
	if plugin, err := host.Load(t.Context(), module(t, 0), &options); err == nil {
		plugin.Close(t.Context())
		t.Errorf("a plugin loads with %d pages: say in README that fewer are enough", options.MaxPages)
	}
}

// maxMemory is what the TinyGo build may take while it serves short and long
// messages, in bytes.
const maxMemory = 320 << 10

// Memory stays as it is after the first calls of each kind. The standard
// toolchain's build takes megabytes and is not held to this.
func TestMemoryIsFlat(t *testing.T) {
	group := startGroup(map[string]string{"DINGTALK_BOT_MESSAGES_PER_MINUTE": "0"})
	defer group.Close()
	group.robot.Configure(func(o *robot.Options) { o.PerMinute = -1 })
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Config: group.config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	mixed := &soak{want: map[string]bool{}}
	settled := 0
	for mixed.calls < 3000 {
		mixed.calls++
		tool, arguments := mixed.message()
		result, err := plugin.Call(t.Context(), tool, arguments)
		if err != nil || result.IsError != (tool == "send_image") {
			t.Fatalf("call %d: %v %+v", mixed.calls, err, result)
		}
		if mixed.calls == 500 {
			settled = plugin.Memory()
		}
	}
	if got := plugin.Memory(); got != settled || got > maxMemory {
		t.Errorf("%d bytes after 500 calls, %d after %d; want at most %d", settled, got, mixed.calls, maxMemory)
	}
}
