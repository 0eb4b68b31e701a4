package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/tetratelabs/wazero"
)

// sumFile holds a hash of the other files of an entry, because wazero checks only
// some of what it reads, and jumps to the addresses in it.
const sumFile = "sha256"

// OpenCache returns a cache that has the module compiled, from its entry in a
// folder. It makes the entry if it is missing or damaged. If that fails, as in a
// folder that cannot be written, the cache is one in memory.
func OpenCache(ctx context.Context, dir string, wasm []byte) wazero.CompilationCache {
	entry := filepath.Join(dir, entryName(wasm))
	if !isIntact(entry) && makeEntry(ctx, entry, wasm) != nil {
		return wazero.NewCompilationCache()
	}
	cache, err := wazero.NewCompilationCacheWithDir(entry)
	if err != nil {
		return wazero.NewCompilationCache()
	}
	return cache
}

// entryName identifies the module and the compiler.
func entryName(wasm []byte) string {
	hash := sha256.New()
	hash.Write(wasm)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == "github.com/tetratelabs/wazero" {
				io.WriteString(hash, dependency.Version)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// makeEntry compiles the module. The entry is complete when it gets its name, so
// processes that do this at once do not disturb each other.
func makeEntry(ctx context.Context, entry string, wasm []byte) error {
	parent := filepath.Dir(entry)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	if info, err := os.Stat(parent); err != nil || !isPrivate(info) {
		return errors.Join(err, fs.ErrPermission)
	}
	dir, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return err
	}
	defer cache.Close(ctx)
	plugin, err := load(ctx, wasm, &Options{Cache: cache})
	if err != nil {
		return err
	}
	plugin.Close(ctx)
	sum, err := sumEntry(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, sumFile), sum, 0o600); err != nil {
		return err
	}
	os.RemoveAll(entry) // a damaged one
	if err := os.Rename(dir, entry); err != nil && !isIntact(entry) {
		return err
	}
	return nil
}

// isIntact reports whether an entry is as it was made, and nobody else may change it.
func isIntact(entry string) bool {
	for _, dir := range []string{filepath.Dir(entry), entry} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || !isPrivate(info) {
			return false
		}
	}
	want, err := os.ReadFile(filepath.Join(entry, sumFile))
	if err != nil {
		return false
	}
	got, err := sumEntry(entry)
	return err == nil && string(got) == string(want)
}

// isPrivate reports whether only the owner may write. The compiled code is run.
func isPrivate(info fs.FileInfo) bool {
	return runtime.GOOS == "windows" || info.Mode().Perm()&0o022 == 0
}

// sumEntry hashes the files of an entry with their names.
func sumEntry(dir string) ([]byte, error) {
	hash := sha256.New()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == sumFile {
			return err
		}
		file, err := os.Open(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		defer file.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, file); err != nil {
			return err
		}
		hash.Write(sum.Sum(nil))
		_, err = io.WriteString(hash, path)
		return err
	})
	return []byte(hex.EncodeToString(hash.Sum(nil))), err
}
