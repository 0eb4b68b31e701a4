package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command without the plugin in it takes the repository's, and says what to do
// where the reader is. Package release tests one with the plugin.
func TestFindModule(t *testing.T) {
	elsewhere, source := t.TempDir(), t.TempDir()
	below := filepath.Join(source, "plugin", "build")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(below, "build.sh"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	compile := func() {
		if err := os.MkdirAll(filepath.Join(source, "dist"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(source, "dist", "plugin.wasm"), []byte("compiled"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, folder, plugin string
		before               func()
		want                 string // of the module or the error
	}{
		{"elsewhere", elsewhere, "", nil, "take dingtalk-mcp from a release"},
		{"elsewhere, named", elsewhere, "plugin.wasm", nil, "plugin.wasm is missing: name the plugin.wasm of a release"},
		{"in the source", source, "", nil, "run `make build` in " + source},
		{"in a folder of the source", below, "", nil, "run `make build` in " + source},
		{"in a folder of the compiled source", below, "", compile, "compiled"},
		{"named", below, "build.sh", nil, ""},
	} {
		t.Chdir(tt.folder)
		if tt.before != nil {
			tt.before()
		}
		module, err := (&cli{Plugin: tt.plugin}).wasm()
		got := string(module)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q in it", tt.name, got, tt.want)
		}
	}
}
