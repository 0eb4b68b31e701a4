package release

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/tetratelabs/wazero"
)

// root is the repository.
const root = "../../.."

// cache spares the tests from compiling a module more than once.
var cache = wazero.NewCompilationCache()

// compiled reads the module that make build, or make dist, made last.
func compiled(t *testing.T) []byte {
	t.Helper()
	module, err := os.ReadFile(root + "/dist/plugin.wasm")
	if err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	return module
}

// example is a release of the module that was compiled, at a commit that was not.
func example(t *testing.T) *Release {
	t.Helper()
	r := &Release{
		Source: Source{
			Version: "v0.1.0",
			Commit:  "0123456789abcdef0123456789abcdef01234567",
			Date:    time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
			URL:     "https://example.org/dingtalk-plugin",
		},
		Compiler: Compiler{TinyGo: "0.41.1", LLVM: "19", Go: "1.26.8"},
		Schemas:  os.DirFS(root + "/schema"),
	}
	var err error
	if r.Modules, err = ReadModules(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	if r.Module, err = Stamp(compiled(t), r.Version()); err != nil {
		t.Fatal(err)
	}
	r.Describe = described(t, r.Module)
	return r
}

// described is what a runner's host gets of the module.
func described(t *testing.T, module []byte) []byte {
	t.Helper()
	plugin, err := host.Load(t.Context(), module, &host.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func made(t *testing.T, r *Release) Files {
	t.Helper()
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestReleaseFiles(t *testing.T) {
	r := example(t)
	files := made(t, r)
	if !bytes.Equal(files["plugin.wasm"], r.Module) {
		t.Error("plugin.wasm is not the module")
	}
	if got, want := string(files["plugin.wasm.sha256"]), fmt.Sprintf("%x  plugin.wasm\n", sha256.Sum256(r.Module)); got != want {
		t.Errorf("checksum %q, want %q", got, want)
	}
	if !bytes.HasPrefix(files["schema/describe.json"], []byte(`{"tools":[`)) {
		t.Errorf("schema/describe.json begins with %.40q", files["schema/describe.json"])
	}
	names, _ := filepath.Glob(root + "/schema/*.json")
	for _, name := range names {
		want, _ := os.ReadFile(name)
		if !bytes.Equal(files["schema/"+filepath.Base(name)], want) {
			t.Errorf("schema/%s differs", filepath.Base(name))
		}
	}
}

// Two releases of one source are one, byte for byte, in whatever folder they are
// written; and nothing says where that was.
func TestReleaseIsReproducible(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, folder := range []string{first, second} {
		if err := made(t, example(t)).Write(folder); err != nil {
			t.Fatal(err)
		}
	}
	a, b := readFolder(t, first), readFolder(t, second)
	if len(a) < 9 || !maps.EqualFunc(a, b, bytes.Equal) {
		t.Errorf("two builds differ: %v and %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
	absolute, _ := filepath.Abs(root)
	home, _ := os.UserHomeDir()
	for name, data := range a {
		for _, place := range []string{absolute + "/", home + "/", first} {
			if bytes.Contains(data, []byte(place)) {
				t.Errorf("%s holds the path %s", name, place)
			}
		}
	}
}

func TestReleaseWantsItsStamp(t *testing.T) {
	r := example(t)
	r.Source.Version = "v0.2.0"
	if _, err := r.Files(); err == nil || !strings.Contains(err.Error(), "not stamped") {
		t.Errorf("a module of another version: %v", err)
	}
}

// A source without git has neither commit nor date, and the files say nothing of
// them.
func TestReleaseWithoutGit(t *testing.T) {
	r := example(t)
	r.Source = Source{Version: Unknown}
	var err error
	if r.Module, err = Stamp(r.Module, r.Version()); err != nil {
		t.Fatal(err)
	}
	for name, data := range made(t, r) {
		if strings.HasSuffix(name, ".json") && (bytes.Contains(data, []byte("0001-01-01")) || bytes.Contains(data, []byte(`"timestamp"`))) {
			t.Errorf("%s makes up a date", name)
		}
	}
}

func readFolder(t *testing.T, folder string) Files {
	t.Helper()
	files := Files{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(folder, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
