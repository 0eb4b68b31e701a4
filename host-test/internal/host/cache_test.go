package host

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
)

// files returns the content of the files below a folder, by path.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			found[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func readModule(t *testing.T) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../../../dist/plugin.wasm")
	if err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	return wasm
}

// describe loads the module with a cache and calls it.
func describe(t *testing.T, wasm []byte, cache wazero.CompilationCache) {
	t.Helper()
	plugin, err := Load(t.Context(), wasm, &Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(context.Background())
	if _, err := plugin.Describe(t.Context()); err != nil {
		t.Error(err)
	}
}

// A damaged entry is replaced, and an intact one is not written again.
func TestCacheReplacesDamage(t *testing.T) {
	dir, wasm := filepath.Join(t.TempDir(), "made", "with parents"), readModule(t)
	describe(t, wasm, OpenCache(t.Context(), dir, wasm))
	want := files(t, dir)
	if len(want) != 3 { // the module, Extism's kernel, the sum
		t.Fatalf("the cache has %d files", len(want))
	}
	damages := []struct {
		name   string
		damage func(path string, content []byte) error
	}{
		{"no damage", func(string, []byte) error { return nil }},
		{"first bytes", func(path string, content []byte) error {
			return os.WriteFile(path, append([]byte("\xff\xff\xff\xff\xff\xff"), content[6:]...), 0o600)
		}},
		{"last byte", func(path string, content []byte) error {
			return os.WriteFile(path, append(bytes.Clone(content[:len(content)-1]), content[len(content)-1]^1), 0o600)
		}},
		{"an address", func(path string, content []byte) error { // which wazero does not check
			damaged := bytes.Clone(content)
			damaged[40] ^= 0x40
			return os.WriteFile(path, damaged, 0o600)
		}},
		{"half", func(path string, content []byte) error { return os.Truncate(path, int64(len(content)/2)) }},
		{"empty", func(path string, _ []byte) error { return os.Truncate(path, 0) }},
		{"missing", func(path string, _ []byte) error { return os.Remove(path) }},
	}
	var compiled string // the largest
	for path, content := range want {
		if len(content) > len(want[compiled]) {
			compiled = path
		}
	}
	for _, tt := range damages {
		if err := tt.damage(compiled, want[compiled]); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(filepath.Dir(compiled))
		describe(t, wasm, OpenCache(t.Context(), dir, wasm))
		after, err := os.Stat(filepath.Dir(compiled))
		if err != nil || os.SameFile(before, after) != (tt.name == "no damage") {
			t.Errorf("%s: the entry was kept, or made without need (%v)", tt.name, err)
		}
		got := files(t, dir)
		for path, content := range want {
			if !bytes.Equal(got[path], content) || len(got) != len(want) {
				t.Errorf("%s: %s is not what it was", tt.name, filepath.Base(path))
			}
		}
	}
}

// Another module has an entry of its own.
func TestCacheByModule(t *testing.T) {
	dir, wasm := t.TempDir(), readModule(t)
	OpenCache(t.Context(), dir, wasm)
	other := append(bytes.Clone(wasm), 0, 3, 1, 'x', 0) // a custom section
	describe(t, other, OpenCache(t.Context(), dir, other))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// A folder that cannot be used is no error.
func TestCacheUnusable(t *testing.T) {
	wasm := readModule(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/none", shared} {
		describe(t, wasm, OpenCache(t.Context(), dir, wasm))
	}
	if entries, _ := os.ReadDir(shared); len(entries) > 0 {
		t.Error("code is kept where others can change it")
	}

	removed := t.TempDir()
	cache := OpenCache(t.Context(), removed, wasm)
	if err := os.RemoveAll(removed); err != nil {
		t.Fatal(err)
	}
	describe(t, wasm, cache)
}

func TestCacheInvalidModule(t *testing.T) {
	dir := t.TempDir()
	cache := OpenCache(t.Context(), dir, []byte("no module"))
	if _, err := Load(t.Context(), []byte("no module"), &Options{Cache: cache}); err == nil {
		t.Error("no error")
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("%v is left", entries)
	}
}
