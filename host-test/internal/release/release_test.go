package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/pluginversion"
	"dingtalk-plugin/schema"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/tetratelabs/wazero"
)

// root is the repository.
const root = "../../.."

// cache saves compiling a module more than once.
var cache = wazero.NewCompilationCache()

// compiled returns what make build, or make dist, built last.
func compiled(t *testing.T) []byte {
	t.Helper()
	module, err := os.ReadFile(root + "/dist/plugin.wasm")
	if err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	return module
}

var readSBOM = sync.OnceValues(func() (*cdx.BOM, error) { return ReadSBOM(context.Background(), root) })

// example is a release of the compiled module at a made-up commit.
func example(t *testing.T) *Release {
	t.Helper()
	bom, err := readSBOM()
	if err != nil {
		t.Fatal(err)
	}
	return versioned(t, &Release{
		Source: Source{
			Version: "v0.1.0",
			Commit:  "0123456789abcdef0123456789abcdef01234567",
			Date:    time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
			URL:     "https://example.org/dingtalk-plugin",
		},
		Compiler:   Compiler{TinyGo: "0.41.1", LLVM: "19", Go: "1.26.8"},
		SBOM:       bom,
		Repository: "github.com/" + placeholder,
		Schemas:    os.DirFS(root + "/schema"),
		Documents:  os.DirFS(root),
		// The plugin's modules stand for the command's.
		Commands: []*Command{{Platform: Platform{"linux", "amd64"}, Program: []byte("program"), Go: "go1.26.8", SBOM: bom}},
	})
}

func versioned(t *testing.T, r *Release) *Release {
	t.Helper()
	var err error
	if r.Module, err = pluginversion.Set(compiled(t), schema.Meta, r.Version()); err != nil {
		t.Fatal(err)
	}
	r.Describe = described(t, r.Module)
	return r
}

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

func files(t *testing.T, r *Release) Files {
	t.Helper()
	files, err := r.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestReleaseFiles(t *testing.T) {
	r := example(t)
	files := files(t, r)
	want := Files{"plugin.wasm": r.Module, "plugin.wasm.sha256": fmt.Appendf(nil, "%x  plugin.wasm\n", sha256.Sum256(r.Module))}
	names, _ := filepath.Glob(root + "/schema/*.json")
	for _, name := range names {
		want["schema/"+filepath.Base(name)], _ = os.ReadFile(name)
	}
	for name, want := range want {
		if got := files[name]; len(want) == 0 || !bytes.Equal(got, want) {
			t.Errorf("%s has %.80q, want %.80q", name, got, want)
		}
	}
	if !bytes.HasPrefix(files["schema/describe.json"], []byte(`{"tools":[`)) {
		t.Errorf("schema/describe.json begins with %.40q", files["schema/describe.json"])
	}
}

// Two releases of the same source are equal byte for byte, and contain no local
// path.
func TestReleaseIsReproducible(t *testing.T) {
	first := example(t)
	second := *first
	var err error
	if second.SBOM, err = ReadSBOM(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	a, b := files(t, first), files(t, &second)
	if len(a) < 9 || !maps.EqualFunc(a, b, bytes.Equal) {
		t.Errorf("two builds differ: %v and %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
	absolute, _ := filepath.Abs(root)
	home, _ := os.UserHomeDir()
	for name, data := range a {
		for _, path := range []string{absolute + "/", home + "/", os.TempDir() + "/"} {
			if bytes.Contains(data, []byte(path)) {
				t.Errorf("%s contains the path %s", name, path)
			}
		}
	}
}

func TestReleaseRequiresVersion(t *testing.T) {
	r := example(t)
	r.Source.Version = "v0.2.0"
	if _, err := r.Files(t.Context()); err == nil || !strings.Contains(err.Error(), "does not have the version") {
		t.Errorf("a module of another version: %v", err)
	}
}

// A source without git has no commit and no date. The image, which must have a
// date, has that of a clock that was never set.
func TestReleaseWithoutGit(t *testing.T) {
	r := example(t)
	r.Source = Source{Version: Unknown}
	files := files(t, versioned(t, r))
	if sbom := files["plugin.cdx.json"]; bytes.Contains(sbom, []byte(`"timestamp"`)) || !bytes.Contains(sbom, []byte(`"version": "unknown"`)) {
		t.Errorf("the SBOM is %s", sbom)
	}
	annotations := manifestOf(t, files).Annotations
	if annotations["org.opencontainers.image.created"] != "1970-01-01T00:00:00Z" || len(annotations) != 5 {
		t.Errorf("the image is annotated %v", annotations)
	}
}

func TestParseCompiler(t *testing.T) {
	want := Compiler{"0.41.1", "19", "1.26.8"}
	for _, line := range []string{
		"tinygo 0.41.1 (bootstrapped, LLVM 19, go1.26.8)\n",
		"tinygo 0.41.1 (from PATH, LLVM 19, go1.26.8)",
		want.String(),
	} {
		if got, err := ParseCompiler(line); err != nil || got != want {
			t.Errorf("ParseCompiler(%q) = %v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "tinygo version 0.41.1 linux/amd64", "go1.26.8"} {
		if got, err := ParseCompiler(line); err == nil {
			t.Errorf("ParseCompiler(%q) = %v", line, got)
		}
	}
}

func TestReadCompiler(t *testing.T) {
	got, err := ReadCompiler(t.Context(), root)
	if err != nil || got.TinyGo == "" || got.LLVM == "" || got.Go == "" {
		t.Errorf("ReadCompiler = %+v, %v", got, err)
	}
}
