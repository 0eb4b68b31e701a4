package release

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// placeholder stands for the repository in a source that was not published. It is
// in two parts so that Rename does not replace it here.
const placeholder = "OWNER" + "/NAME"

var (
	moduleLine     = regexp.MustCompile(`(?m)^module (\S+)$`)
	repositoryForm = regexp.MustCompile(`^github\.com/[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
)

// ReadRepository returns where the repository at root is published, which is its
// module's path, or "github.com/" and a placeholder while it has none.
func ReadRepository(root string) (string, error) {
	module, err := modulePath(root)
	if err == nil && !repositoryForm.MatchString(module) {
		module = "github.com/" + placeholder
	}
	return module, err
}

func modulePath(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	found := moduleLine.FindSubmatch(text)
	if found == nil {
		return "", errors.New("go.mod names no module")
	}
	return string(found[1]), nil
}

// Rename gives the module of the repository at root the path, in go.mod and where
// its packages are named, and writes its owner and name in place of the
// placeholder in every file.
func Rename(root, path string) error {
	if !repositoryForm.MatchString(path) {
		return fmt.Errorf("%q is no repository: write github.com/owner/name", path)
	}
	old, err := modulePath(root)
	if err != nil {
		return err
	}
	packages := regexp.MustCompile(`\b` + regexp.QuoteMeta(old) + `/(host-test|plugin|schema)\b`)
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".tools" || entry.Name() == "dist"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || entry.Name() == ".git":
			return nil
		}
		before, err := os.ReadFile(file)
		if err != nil || !utf8.Valid(before) {
			return err
		}
		after := packages.ReplaceAll(before, []byte(path+"/$1"))
		after = bytes.ReplaceAll(after, []byte(placeholder), []byte(strings.TrimPrefix(path, "github.com/")))
		if file == filepath.Join(root, "go.mod") {
			after = bytes.Replace(after, []byte("module "+old), []byte("module "+path), 1)
		}
		if bytes.Equal(before, after) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(file, after, info.Mode().Perm())
	})
}
