package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// What every runtime offers (RATIONALE.md, "Why no go-pdk HTTP?"). The standard
// toolchain wants more of WASI, so only TinyGo's module is held to it.
var offered = []string{
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
		for _, function := range compiled(t, build).ImportedFunctions() {
			module, name, _ := function.Import()
			whole := module + " " + name
			standard := build == 1 && module == "wasi_snapshot_preview1"
			if !standard && !slices.Contains(offered, whole) {
				t.Errorf("%s imports %s", builds[build].name, whole)
			}
		}
	}
}

// A reactor with the two exports that runners look for, of the one signature
// that all of them take.
func TestExports(t *testing.T) {
	for build := range builds {
		exports := compiled(t, build).ExportedFunctions()
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

// maxSize is the ceiling of the TinyGo build, in bytes.
const maxSize = 190000

func TestSize(t *testing.T) {
	if got := len(module(t, 0)); got > maxSize {
		t.Errorf("%s takes %d bytes, want at most %d", builds[0].file, got, maxSize)
	}
}

// No path of the machine it was built on stands in the module.
func TestNoPaths(t *testing.T) {
	for build := range builds {
		for _, sign := range []string{"/home/", "/root/", "/Users/"} {
			if strings.Contains(string(module(t, build)), sign) {
				t.Errorf("%s holds a path with %s", builds[build].file, sign)
			}
		}
	}
}

func compiled(t *testing.T, build int) wazero.CompiledModule {
	t.Helper()
	runtime := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfig().WithCompilationCache(cache))
	t.Cleanup(func() { runtime.Close(t.Context()) })
	module, err := runtime.CompileModule(t.Context(), module(t, build))
	if err != nil {
		t.Fatal(err)
	}
	return module
}
