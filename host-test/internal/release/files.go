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

// markerFile makes a folder one of a release's. It lists what was written there,
// in the form of sha256sum, and nothing else is ever removed.
const markerFile = ".dingtalk-plugin-dist"

// Write puts the files into the folder, which it makes where there is none. It
// removes what an earlier release left there and the files do not replace.
//
// It writes into no folder that may be somebody else's: the folder must be
// empty, or have the marker, or hold what `make build` puts there or a release
// of before there was a marker, and nothing else. It replaces no file that it
// did not write, and follows no symbolic link.
func (f Files) Write(folder string) error {
	folder = filepath.Clean(folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is a symbolic link or no folder: name the folder itself", folder)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	target := target{root}
	before, err := target.written()
	if err == nil {
		err = target.refuse(f, before)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return target.write(f, before)
}

// A target is the folder that a release is written to.
type target struct{ *os.Root }

// listed is a line of the marker.
var listed = regexp.MustCompile(`^([0-9a-f]{64})  ([^\s]+)$`)

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
		found := listed.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if found == nil || !fs.ValidPath(found[2]) {
			return nil, errors.New(markerFile + " is damaged: remove the folder, or name another with --out")
		}
		sums[found[2]] = found[1]
	}
	return sums, nil
}

// compiledFiles are what `make build` and `make build-go` put into dist.
var compiledFiles = []string{moduleFile, "plugin-go.wasm"}

// releaseFile is a name that a release has had for one of its files.
var releaseFile = regexp.MustCompile(`^(plugin\.wasm(\.sha256)?|plugin-go\.wasm|plugin\.cdx\.json|schema/[a-z_]+\.json|` +
	`oci/(index\.json|oci-layout|blobs/sha256/[0-9a-f]{64}))$`)

// unmarked judges a folder without a marker by its names. What stands there is
// replaced where a release has a file of that name, and never removed.
func (t target) unmarked() (map[string]string, error) {
	sums := map[string]string{}
	var foreign string
	err := fs.WalkDir(t.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
			return err
		case !entry.Type().IsRegular() || !releaseFile.MatchString(name):
			foreign = name
			return fs.SkipAll
		}
		sums[name] = ""
		return nil
	})
	_, bill := sums["plugin.cdx.json"]
	_, layout := sums[layoutFolder+"/oci-layout"]
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if !(bill && layout) && !slices.Contains(compiledFiles, name) {
			foreign = name
		}
	}
	if err == nil && foreign != "" {
		err = fmt.Errorf("%q is there, and this is not a folder that dist made: name a new or an empty one with --out", foreign)
	}
	return sums, err
}

// refuse looks at all places before any is written to.
func (t target) refuse(files Files, before map[string]string) error {
	names := slices.AppendSeq(slices.Collect(maps.Keys(files)), maps.Keys(before))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if info, err := t.Lstat(folder); err == nil && !info.IsDir() {
				return fmt.Errorf("%q is a symbolic link or no folder: remove it", folder)
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
			return fmt.Errorf("%q is a symbolic link or no file: remove it", name)
		case !ours && name != moduleFile: // which the compiler writes
			return fmt.Errorf("%q is there, and dist did not write it: move it away", name)
		}
	}
	return nil
}

// write lists the files before it writes them, so that a run that breaks off can
// be repeated.
func (t target) write(files Files, before map[string]string) error {
	sums := map[string]string{}
	for name, data := range files {
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	all := maps.Clone(before)
	maps.Copy(all, sums)
	if err := t.replace(markerFile, marker(all)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := t.replace(name, files[name]); err != nil {
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
	return t.replace(markerFile, marker(sums))
}

// marker lists what has a checksum.
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

// replace writes a file so that whoever reads it sees the old one or the new one
// and never half of it.
func (t target) replace(name string, data []byte) error {
	if err := t.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := name + "." + rand.Text()
	file, err := t.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = t.Rename(temp, name)
	}
	if err != nil {
		_ = t.Remove(temp) // the first error counts
	}
	return err
}
