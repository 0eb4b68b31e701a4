package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/pluginversion"
	"dingtalk-plugin/schema"

	"github.com/tetratelabs/wazero"
)

// allowedImports are what every runtime offers (RATIONALE.md, "Why no go-pdk
// HTTP?"). Go's own build needs more of WASI, so only TinyGo's is limited to it.
var allowedImports = []string{
	"extism:host/env alloc", "extism:host/env free", "extism:host/env length",
	"extism:host/env load_u8", "extism:host/env load_u64", "extism:host/env store_u8", "extism:host/env store_u64",
	"extism:host/env input_length", "extism:host/env input_load_u8", "extism:host/env input_load_u64",
	"extism:host/env output_set", "extism:host/env config_get",
	"extism:host/env http_request", "extism:host/env http_status_code",
	"wasi_snapshot_preview1 args_get", "wasi_snapshot_preview1 args_sizes_get",
	"wasi_snapshot_preview1 clock_time_get", "wasi_snapshot_preview1 fd_write", "wasi_snapshot_preview1 random_get",
}

func TestImports(t *testing.T) {
	for build := range builds {
		for _, function := range compileModule(t, build).ImportedFunctions() {
			module, name, _ := function.Import()
			goWASI := build == 1 && module == "wasi_snapshot_preview1"
			if imported := module + " " + name; !goWASI && !slices.Contains(allowedImports, imported) {
				t.Errorf("%s imports %s", builds[build].name, imported)
			}
		}
	}
}

// The module is a reactor with the two exports that runners look for, with the one
// signature that all of them accept.
func TestExports(t *testing.T) {
	for build := range builds {
		exports := compileModule(t, build).ExportedFunctions()
		if exports["_initialize"] == nil || exports["_start"] != nil {
			t.Errorf("%s is no reactor", builds[build].name)
		}
		for _, name := range []string{"describe", "call"} {
			f := exports[name]
			if f == nil {
				t.Fatalf("%s does not export %s", builds[build].name, name)
			}
			if len(f.ParamTypes()) != 0 || !slices.Equal(f.ResultTypes(), []byte{0x7f}) { // i32
				t.Errorf("%s: %s has type %v → %v", builds[build].name, name, f.ParamTypes(), f.ResultTypes())
			}
		}
	}
}

// Each tool has the _meta that was set last, none while the version is unknown, and
// nothing else of the module changes.
func TestSetVersion(t *testing.T) {
	unknown := pluginversion.Version{Version: pluginversion.Unknown, Compiler: "-"}
	known := pluginversion.Version{Version: "v1.2.3", Commit: strings.Repeat("0", 40), Compiler: "tinygo 0.41.1 (LLVM 19, go1.26.8)"}
	set := func(module []byte, v pluginversion.Version) []byte {
		versioned, err := pluginversion.Set(module, schema.Meta, v)
		if err != nil {
			t.Fatal(err)
		}
		return versioned
	}
	tools := func(module []byte) string {
		plugin, err := host.Load(t.Context(), module, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Close(t.Context())
		return compact(t, describe(t, plugin))
	}
	for build := range builds {
		first := set(module(t, build), unknown)
		second := set(first, known)
		before, after := tools(first), tools(second)
		member := regexp.MustCompile(`,"_meta":\{"io\.github\.[^"/]+/[^"/]+":` + regexp.QuoteMeta(toJSON(t, known)) + `\}`)
		if n := len(member.FindAllString(after, -1)); n != 2 || member.ReplaceAllString(after, "") != before || strings.Contains(before, "_meta") {
			t.Errorf("%s: describe has %d versions, want 2: %s", builds[build].name, n, after)
		}
		if !bytes.Equal(set(second, unknown), first) {
			t.Errorf("%s: the version is not replaced", builds[build].name)
		}
	}
}

func compileModule(t *testing.T, build int) wazero.CompiledModule {
	t.Helper()
	runtime := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfig().WithCompilationCache(cache))
	t.Cleanup(func() { runtime.Close(t.Context()) })
	module, err := runtime.CompileModule(t.Context(), module(t, build))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// maxSize limits the TinyGo build, in bytes.
const maxSize = 190000

func TestSize(t *testing.T) {
	if got := len(module(t, 0)); got > maxSize {
		t.Errorf("%s has %d bytes, want at most %d", builds[0].file, got, maxSize)
	}
}

// The module contains no path of the machine that built it.
func TestNoPaths(t *testing.T) {
	for build := range builds {
		for _, home := range []string{"/home/", "/root/", "/Users/"} {
			if strings.Contains(string(module(t, build)), home) {
				t.Errorf("%s contains a path with %s", builds[build].file, home)
			}
		}
	}
}

// minPages is what Extism's kernel alone declares: with fewer pages of 64 KiB no
// plugin loads.
const minPages = 16

// A message of 20 KB passes in the least memory that a host can give a plugin, and
// one of ten parts in twice as much. README names the minimum.
func TestMinMemory(t *testing.T) {
	for _, tt := range []struct {
		pages    uint32
		maxParts string
		bytes    int
		loads    bool
	}{
		{minPages, "1", 19_500, true}, {2 * minPages, "10", 190_000, true}, {minPages - 1, "1", 1, false},
	} {
		_, values := newFake(t, nil, map[string]string{"DINGTALK_BOT_MAX_PARTS": tt.maxParts})
		plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Config: values, AllowedHosts: []string{"127.0.0.1"}, MaxPages: tt.pages, Cache: cache})
		if (err == nil) != tt.loads {
			t.Errorf("%d pages: %v", tt.pages, err)
		}
		if err == nil {
			sendText(t, plugin, strings.Repeat("第 1 行 is \"ok\"\n", tt.bytes/21))
			plugin.Close(t.Context())
		}
	}
}

// maxMemory limits the TinyGo build while it sends messages of up to 50 KB, in
// bytes. Go's own build needs megabytes.
const maxMemory = 1 << 20

// Memory stops growing. TinyGo doubles it, and half of the limit is just enough: it
// can take many calls until chance puts large blocks where they do not fit.
func TestMemoryStable(t *testing.T) {
	fake, values := newUnlimitedFake(t)
	plugin := load(t, 0, host.Options{Config: values})
	for i := range *soakCalls {
		tool, arguments := ordinaryMessage(t, i)
		result, err := plugin.Call(t.Context(), tool, arguments)
		if err != nil || result.IsError != (tool == "send_image") {
			t.Fatalf("call %d: %v %+v", i, err, result)
		}
		if got := plugin.Memory(); got > maxMemory {
			t.Fatalf("call %d: %d bytes, want at most %d", i, got, maxMemory)
		}
		if i%500 == 0 {
			fake.Reset()
		}
	}
	t.Logf("%d bytes after %d calls", plugin.Memory(), *soakCalls)
}

// ordinaryMessage returns a short text, an unknown tool, Markdown of 2 KB or of
// 19 KB, or a text of three parts.
func ordinaryMessage(t *testing.T, i int) (tool string, arguments json.RawMessage) {
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
	return tool, json.RawMessage(toJSON(t, body))
}
