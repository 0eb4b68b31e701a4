package release

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// put writes files that contain their own names. "a -> b" is a symbolic link.
func put(t *testing.T, folder string, names ...string) string {
	t.Helper()
	for _, name := range names {
		name, to, link := strings.Cut(name, " -> ")
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link {
			err = os.Symlink(to, file)
		} else {
			err = os.WriteFile(file, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// tree lists a folder's links and files, with the content that is not the name.
func tree(t *testing.T, folder string) (list []string) {
	t.Helper()
	err := filepath.Walk(folder, func(file string, info os.FileInfo, err error) error {
		name, _ := filepath.Rel(folder, file)
		switch {
		case err != nil || info.IsDir() || name == markerFile:
			return err
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(file)
			list = append(list, name+" -> "+to)
			return err
		}
		data, err := os.ReadFile(file)
		if string(data) != name {
			name += "=" + string(data)
		}
		list = append(list, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// oldBlob is a name as in the image layout.
const oldBlob = "oci/blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000"

// small stands for the files of a release.
var small = Files{"plugin.wasm": []byte("new"), "plugin.cdx.json": []byte("new"), "schema/output.json": []byte("new"), "oci/oci-layout": []byte("new")}

// A folder that may belong to somebody else is not changed.
func TestWriteRefuses(t *testing.T) {
	tests := map[string][]string{
		"the repository":             {"go.mod", "schema/schema.go", "schema/output.json", "plugin/main.go"},
		"schemas alone":              {"schema/output.json"},
		"a layout alone":             {"oci/index.json", "oci/oci-layout"},
		"other schemas":              {"plugin.wasm", "plugin.cdx.json", "oci/oci-layout", "schema/output.json", "schema/README.md"},
		"one file":                   {"notes.txt"},
		"a hidden file":              {".gitignore"},
		"a linked schema":            {"schema -> ../elsewhere"},
		"a linked module":            {"plugin.wasm -> ../elsewhere/output.json"},
		"a damaged marker":           {markerFile},
		"a linked marker":            {markerFile + " -> ../elsewhere/output.json"},
		"a marker that is a folder":  {markerFile + "/x"},
		"a folder in a file's place": {"plugin.wasm/x"},
	}
	for name, files := range tests {
		base := t.TempDir()
		put(t, base, "elsewhere/output.json")
		folder := put(t, filepath.Join(base, "out"), files...)
		before := tree(t, base)
		if err := small.Write(folder); err == nil || !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: error %v", name, err)
		}
		if after := tree(t, base); !slices.Equal(before, after) {
			t.Errorf("%s: %q became %q", name, before, after)
		}
	}
}

// A second release replaces the first, and leaves the files of others alone.
func TestWriteTwice(t *testing.T) {
	base := t.TempDir()
	put(t, base, "elsewhere/output.json")
	folder := filepath.Join(base, "a", "out")
	first := maps.Clone(small)
	first["schema/old.json"], first["schema/edited.json"], first[oldBlob] = []byte("old"), []byte("old"), []byte("old")
	if err := first.Write(folder); err != nil {
		t.Fatal(err)
	}
	put(t, folder, "plugin.wasm", "plugin-go.wasm", "notes.txt", "schema/edited.json", "schema/mine.json", "oci/blobs/sha256/mine")
	if err := small.Write(folder + "/"); err != nil {
		t.Fatal(err)
	}
	want := []string{"notes.txt", "oci/blobs/sha256/mine", "oci/oci-layout=new", "plugin-go.wasm", "plugin.cdx.json=new", "plugin.wasm=new",
		"schema/edited.json", "schema/mine.json", "schema/output.json=new"}
	if got := tree(t, folder); !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
	mine := maps.Clone(small)
	mine["schema/mine.json"] = []byte("new")
	if err := mine.Write(folder); err == nil || !slices.Contains(tree(t, folder), "schema/mine.json") {
		t.Errorf("a file that dist did not write: %v", err)
	}
}

func TestWriteFollowsNoSymlink(t *testing.T) {
	for _, name := range []string{"schema", "oci"} {
		for _, to := range []string{"../elsewhere", "other"} {
			base := t.TempDir()
			put(t, base, "elsewhere/output.json", "elsewhere/oci-layout", "out/other/x")
			folder := filepath.Join(base, "out")
			os.RemoveAll(folder)
			if err := small.Write(folder); err != nil {
				t.Fatal(err)
			}
			os.RemoveAll(filepath.Join(folder, name))
			put(t, folder, "other/output.json", "other/oci-layout", name+" -> "+to)
			before := tree(t, base)
			if err := small.Write(folder); err == nil {
				t.Errorf("%s -> %s was followed", name, to)
			}
			if after := tree(t, base); !slices.Equal(before, after) {
				t.Errorf("%s -> %s: %q became %q", name, to, before, after)
			}
		}
	}
	base := t.TempDir()
	put(t, base, "elsewhere/plugin.wasm", "out -> elsewhere")
	for _, folder := range []string{"out", "out/"} {
		if err := small.Write(base + "/" + folder); err == nil {
			t.Errorf("%s, a link, was followed", folder)
		}
	}
	if got := tree(t, base); !slices.Equal(got, []string{"elsewhere/plugin.wasm", "out -> elsewhere"}) {
		t.Errorf("the folder behind a link has %q", got)
	}
}

// What `make build` made is replaced or kept.
func TestWriteOverBuild(t *testing.T) {
	for _, have := range [][]string{nil, {"plugin.wasm"}, {"plugin.wasm", "plugin-go.wasm"}} {
		folder := put(t, t.TempDir(), have...)
		for range 2 {
			if err := small.Write(folder); err != nil {
				t.Fatalf("%q: %v", have, err)
			}
		}
		want := []string{"oci/oci-layout=new", "plugin.cdx.json=new", "plugin.wasm=new", "schema/output.json=new"}
		if len(have) == 2 {
			want = slices.Insert(want, 1, "plugin-go.wasm")
		}
		if got := tree(t, folder); !slices.Equal(got, want) {
			t.Errorf("%q: the folder has %q, want %q", have, got, want)
		}
	}
}
