package e2e

import (
	"context"
	"runtime"
	"testing"

	"dingtalk-plugin/host-test/internal/host"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxHostCalls is how many host functions one send may call, other than those
// that move eight bytes: extism/go-sdk allocates about 10 KiB for each (see
// BenchmarkHostCallAllocs).
const maxHostCalls = 8

// A hostCallCounter counts the calls of each of Extism's host functions.
type hostCallCounter map[string]int

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (c hostCallCounter) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	if f.ModuleName() != "extism:host/env" {
		return nil
	}
	return experimental.FunctionListenerFunc(func(_ context.Context, _ api.Module, f api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
		c[f.Name()]++
	})
}

func TestHostCallBudget(t *testing.T) {
	for build := range builds {
		calls := hostCallCounter{}
		ctx := experimental.WithFunctionListenerFactory(t.Context(), calls)
		_, values := newFake(t, nil, nil)
		// No cache: it would hold code without listeners.
		plugin, err := host.Load(ctx, module(t, build), &host.Options{Config: values, AllowedHosts: []string{"127.0.0.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Close(ctx)
		for _, text := range []string{"hello", "hello", string(make([]byte, 2000))} {
			clear(calls)
			sendText(t, plugin, text)
		}
		total := 0
		for name, n := range calls {
			if name != "load_u64" && name != "store_u64" && name != "input_load_u64" {
				total += n
			}
		}
		t.Logf("%s: %d host calls: %v", builds[build].name, total, calls)
		if total > maxHostCalls || total == 0 {
			t.Errorf("%s: %d host calls, want at most %d: %v", builds[build].name, total, maxHostCalls, calls)
		}
	}
}

// loopCalls is how often the guest of loop calls its host function.
const loopCalls = 1000

// loop returns a guest whose export run calls a function of (i64) → i64:
//
//	(module
//	  (import "extism:host/env" name (func $f (param i64) (result i64)))
//	  (func (export "run") (result i32)
//	    (local $i i32)
//	    (loop $l
//	      (drop (call $f (i64.const 0)))
//	      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
//	    (i32.const 0)))
func loop(name string) []byte {
	function := "\x01\x0fextism:host/env" + string(byte(len(name))) + name + "\x00\x00"
	return []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x0a\x02\x60\x01\x7e\x01\x7e\x60\x00\x01\x7f" +
		"\x02" + string(byte(len(function))) + function +
		"\x03\x02\x01\x01\x07\x07\x01\x03run\x00\x01" +
		"\x0a\x1d\x01\x1b\x01\x01\x7f\x03\x40\x42\x00\x10\x00\x1a\x20\x00\x41\x01\x6a\x22\x00\x41\xe8\x07\x49\x0d\x00\x0b\x41\x00\x0b")
}

// How much the host allocates for one call of a host function, without any code of
// this repository: in extism/go-sdk 1.7.1, about 10 KiB for a function of Extism's
// kernel, and next to nothing for eight-byte loads and stores. That bounds how fast
// a plugin can be (RATIONALE.md, "Where does the time of a call go?").
func BenchmarkHostCallAllocs(b *testing.B) {
	for _, function := range []string{"length", "load_u64"} {
		b.Run(function, func(b *testing.B) {
			manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: loop(function)}}}
			plugin, err := extism.NewPlugin(b.Context(), manifest, extism.PluginConfig{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer plugin.Close(b.Context())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if status, _, err := plugin.Call("run", nil); err != nil || status != 0 {
					b.Fatal(status, err)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N*loopCalls), "B/hostcall")
		})
	}
}
