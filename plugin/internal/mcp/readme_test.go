package mcp

import (
	"os"
	"strings"
	"testing"
)

// README's table of configuration has all keys, in order.
func TestREADME(t *testing.T) {
	data, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(data)
	for _, key := range Keys {
		_, after, found := strings.Cut(rest, "\n| `"+key+"` |")
		if !found {
			t.Fatalf("README's table misses %s, or has it out of order", key)
		}
		rest = after
	}
}
