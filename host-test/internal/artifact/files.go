package artifact

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Files are the contents of a folder, by slash-separated paths within it.
type Files map[string][]byte

// Write puts the files into the folder. What an earlier release left in the
// folders of this one goes; other files stay.
func (f Files) Write(folder string) error {
	for _, own := range []string{layoutFolder, "schema"} {
		if err := os.RemoveAll(filepath.Join(folder, own)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if err := replace(filepath.Join(folder, filepath.FromSlash(name)), f[name]); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file so that whoever reads it sees the old one or the new one
// and never half of it.
func replace(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temp := name + ".new"
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, name)
}
