//go:build wasip1

// Package kernel moves bytes between the guest and its Extism host: input and
// output of a call, configuration, HTTP, random bytes.
//
// It knows how to do so cheaply, and nothing else of the guest does. go-pdk moves whole words
// and then single bytes; a host call for a single byte costs as much as one for
// eight, and in extism/go-sdk a thousand times as much, so here the last word
// overlaps the one before.
package extism

import (
	"encoding/binary"

	pdk "github.com/extism/go-pdk"
)

// The host functions that go-pdk keeps to itself or wraps with encoding/json,
// from https://github.com/extism/extism/blob/main/kernel/src/lib.rs. Every
// runtime has these; http_headers and get_log_level, which go-pdk's own HTTP
// and logging import, are missing in the npm release of the JavaScript SDK.

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u64
func inputLoad(offset uint64) uint64

//go:wasmimport extism:host/env load_u64
func load(offset uint64) uint64

//go:wasmimport extism:host/env store_u64
func store(offset, word uint64)

//go:wasmimport extism:host/env length
func length(offset uint64) uint64

//go:wasmimport extism:host/env http_request
func httpRequest(request, body uint64) (response uint64)

//go:wasmimport extism:host/env http_status_code
func httpStatusCode() int32

const word = 8 // bytes

// input is where Input puts a call's input. It is kept, because the collector
// would keep some of the dead ones (RATIONALE.md, "Why is the input's memory
// kept?").
var input []byte

// Input returns the call's input, at most limit bytes of it. It is good until
// the next call.
func Input(limit int) []byte {
	n := min(int(inputLength()), limit)
	if n < word {
		return pdk.Input()
	}
	if n > cap(input) {
		input = make([]byte, min(max(n, 2*cap(input)), limit))
	}
	input = input[:n]
	for i := 0; i < n; i += word {
		at := min(i, n-word)
		binary.LittleEndian.PutUint64(input[at:], inputLoad(uint64(at)))
	}
	return input
}

// Output sets the call's output.
func Output(data []byte) {
	pdk.OutputMemory(allocate(data))
}

// Config returns a configuration value, and whether there is one.
func Config(key string) (value string, ok bool) { return pdk.GetConfig(key) }

// allocate copies data to a block of the host's memory.
func allocate(data []byte) pdk.Memory {
	if len(data) < word {
		return pdk.AllocateBytes(data)
	}
	block := pdk.Allocate(len(data))
	for i := 0; i < len(data); i += word {
		at := min(i, len(data)-word)
		store(block.Offset()+uint64(at), binary.LittleEndian.Uint64(data[at:]))
	}
	return block
}

// read copies at most limit bytes of a block of the host's memory.
func read(offset uint64, limit int) []byte {
	size := int(length(offset))
	n := min(size, limit)
	if n < word {
		block := pdk.NewMemory(offset, uint64(n))
		return block.ReadBytes()
	}
	data := make([]byte, n)
	for i := 0; i < n; i += word {
		at := min(i, n-word)
		binary.LittleEndian.PutUint64(data[at:], load(offset+uint64(at)))
	}
	return data
}
