package main

import (
	"os"
	"strings"
	"testing"
)

// The lock file, which is published, names no package registry.
func TestLockFile(t *testing.T) {
	const file = "drivers/node/package-lock.json"
	if content := read(t, file); strings.Contains(content, "resolved") || strings.Contains(content, "://") {
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
