package main

import (
	"context"
	"runtime"
	"testing"

	extism "github.com/extism/go-sdk"
)

// calls is how often the guest of loop calls its host function.
const calls = 1000

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

// extism/go-sdk 1.7.1 allocates about 10 KiB on the host whenever a guest calls a
// function of Extism's kernel, and nothing for the eight-byte loads and stores.
// That is what bounds how fast a plugin can be there (RATIONALE.md, "Where does
// the time of a call go?"). It needs nothing of this repository; when it fails,
// the SDK has become better, and maxKernelCalls matters less.
func TestSDKAllocatesForKernelCalls(t *testing.T) {
	if got := allocated(t, "length"); got < 10<<10 || got > 12<<10 {
		t.Errorf("a kernel call allocates %d bytes, want about 10 KiB", got)
	}
	if got := allocated(t, "load_u64"); got > 1<<10 {
		t.Errorf("a load allocates %d bytes, want next to none", got)
	}
}

// allocated returns how many bytes the host allocates for one call of the
// function.
func allocated(t *testing.T, function string) uint64 {
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: loop(function)}}}
	plugin, err := extism.NewPlugin(context.Background(), manifest, extism.PluginConfig{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(context.Background())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if status, _, err := plugin.Call("run", nil); err != nil || status != 0 {
		t.Fatal(status, err)
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}
