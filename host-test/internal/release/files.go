package release

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Files are the contents of a folder, by slash-separated paths within it.
type Files map[string][]byte

// sumsFile has the checksums of all files that people download.
const sumsFile = "SHA256SUMS"

// Downloads returns the names of the files that are not in a folder, sorted.
func (f Files) Downloads() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names
}

// sums returns the checksums of the downloads in the form of sha256sum.
func (f Files) sums() []byte {
	var out bytes.Buffer
	for _, name := range f.Downloads() {
		if name != moduleFile+".sha256" {
			fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(f[name]), name)
		}
	}
	return out.Bytes()
}

// markerFile marks a folder that Write made. It lists the files written there, in
// the form of sha256sum. No other file is ever removed.
const markerFile = ".dingtalk-plugin-dist"

// Write puts the files into the folder, which it creates if needed. It removes
// what an earlier release left there and this one does not replace.
//
// Write refuses a folder that may belong to somebody else: it must be empty, or
// have the marker, or hold only what `make build` puts there. Write replaces no
// file that it did not write, and follows no symbolic link.
func (f Files) Write(folder string) error {
	folder = filepath.Clean(folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is a symbolic link or not a folder: name the folder itself", folder)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	target := target{root}
	before, err := target.written()
	if err == nil {
		err = target.check(f, before)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return target.write(f, before)
}

// A target is the folder that a release is written to.
type target struct{ *os.Root }

var markerLine = regexp.MustCompile(`^([0-9a-f]{64})  (\S+)$`)

// written returns the checksums of what an earlier release wrote, by name.
func (t target) written() (map[string]string, error) {
	switch info, err := t.Lstat(markerFile); {
	case errors.Is(err, fs.ErrNotExist):
		return t.unmarked()
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New(markerFile + " is not a file")
	}
	text, err := t.ReadFile(markerFile)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		found := markerLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if found == nil || !fs.ValidPath(found[2]) {
			return nil, errors.New(markerFile + " is damaged: remove the folder, or name another with --out")
		}
		sums[found[2]] = found[1]
	}
	return sums, nil
}

// unmarked accepts a folder without a marker that is empty or has only what
// `make build` and `make build-go` put there. Those files have no checksum: a
// release replaces them, and never removes one.
func (t target) unmarked() (map[string]string, error) {
	entries, err := fs.ReadDir(t.FS(), ".")
	sums := map[string]string{}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Type().IsRegular() || name != moduleFile && name != "plugin-go.wasm" {
			return nil, fmt.Errorf("it contains %q, and dist did not make it: name a new or an empty folder with --out", name)
		}
		sums[name] = ""
	}
	return sums, err
}

// check looks at all places before any is written to.
func (t target) check(files Files, before map[string]string) error {
	names := slices.AppendSeq(slices.Collect(maps.Keys(files)), maps.Keys(before))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if info, err := t.Lstat(folder); err == nil && !info.IsDir() {
				return fmt.Errorf("%q is a symbolic link or not a folder: remove it", folder)
			}
		}
		info, err := t.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, ours := before[name]
		switch {
		case !info.Mode().IsRegular():
			return fmt.Errorf("%q is a symbolic link or not a file: remove it", name)
		case !ours && name != moduleFile: // which the compiler writes
			return fmt.Errorf("%q exists, and dist did not write it: move it away", name)
		}
	}
	return nil
}

// write lists the files in the marker before it writes them, so that an
// interrupted run can be repeated.
func (t target) write(files Files, before map[string]string) error {
	sums := map[string]string{}
	for name, data := range files {
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	all := maps.Clone(before)
	maps.Copy(all, sums)
	if err := t.writeFileAtomic(markerFile, marker(all)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := t.writeFileAtomic(name, files[name]); err != nil {
			return err
		}
	}
	for name, sum := range before {
		if _, kept := files[name]; kept {
			continue
		}
		if err := t.removeUnchanged(name, sum); err != nil {
			return err
		}
	}
	return t.writeFileAtomic(markerFile, marker(sums))
}

// marker lists the files that have a checksum.
func marker(sums map[string]string) []byte {
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if sums[name] != "" {
			fmt.Fprintf(&out, "%s  %s\n", sums[name], name)
		}
	}
	return out.Bytes()
}

// removeUnchanged leaves a file that somebody has changed since.
func (t target) removeUnchanged(name, sum string) error {
	data, err := t.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && fmt.Sprintf("%x", sha256.Sum256(data)) != sum {
		return nil
	}
	if err != nil {
		return err
	}
	return t.Remove(name)
}

// writeFileAtomic replaces a file, so that a reader sees the old content or the
// new one, but never a part.
func (t target) writeFileAtomic(name string, data []byte) error {
	if err := t.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := name + "." + rand.Text()
	err := t.WriteFile(temp, data, 0o644)
	if err == nil {
		err = t.Rename(temp, name)
	}
	if err != nil {
		_ = t.Remove(temp) // the first error is the cause
	}
	return err
}
