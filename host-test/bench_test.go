package main

import (
	"encoding/json"
	"testing"
)

// The rows of `make bench`, for benchstat and profiles.
func BenchmarkPlugin(b *testing.B) {
	bench := newBencher()
	defer bench.Close()
	plugin, err := bench.load(b.Context(), module(b, 0), cache)
	if err != nil {
		b.Fatal(err)
	}
	defer plugin.Close(b.Context())
	b.Run("native/short", bench.native(bench.shorts))
	b.Run("native/19KB", bench.native(bench.long))
	b.Run("call/short", bench.call(plugin, bench.shorts, false))
	b.Run("call/19KB", bench.call(plugin, bench.long, false))
	b.Run("call/split", bench.call(plugin, bench.split, false))
	b.Run("call/refused", bench.call(plugin, json.RawMessage(`{"tex":"x"}`), true))
	b.Run("describe", bench.describe(plugin))
	b.Run("cold", bench.cold(module(b, 0), nil))
	b.Run("cold/cached", bench.cold(module(b, 0), cache))
	if bench.refused > 0 {
		b.Error("a signature was wrong")
	}
}
