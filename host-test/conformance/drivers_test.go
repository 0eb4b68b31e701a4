package main

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// The drivers are thin, and name no package registry.
func TestDrivers(t *testing.T) {
	for _, pattern := range []string{"drivers/*/*.go", "drivers/*/*.mjs", "drivers/*/*.py", "drivers/*/*.json", "drivers/*/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			checkDriver(t, file)
		}
	}
}

func checkDriver(t *testing.T, file string) {
	t.Helper()
	content := read(t, file)
	if lines := strings.Count(content, "\n"); lines >= 120 {
		t.Errorf("%s has %d lines", file, lines)
	}
	if path.Base(file) == "package-lock.json" && (strings.Contains(content, "resolved") || strings.Contains(content, "://")) {
		t.Errorf("%s names a registry; npm config set omit-lockfile-registry-resolved=true", file)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
