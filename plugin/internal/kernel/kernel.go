//go:build wasip1

// Package kernel moves bytes between the guest and its Extism host: input and
// output of a call, configuration, HTTP, random bytes.
//
// It is the one room that knows how to do so cheaply. go-pdk moves whole words
// and then single bytes; a host call for a single byte costs as much as one for
// eight, and in extism/go-sdk a thousand times as much, so here the last word
// overlaps the one before. Nothing else of the guest knows.
package kernel

import (
	"encoding/binary"
	"runtime"

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

// long is above what length an input is read into a heap that was swept first,
// in bytes. TinyGo doubles its memory rather than sweep twice, and never gives
// any back; swept here, where the stack is empty, half as much is enough.
const long = 4 << 10

// buffers are used anew by every call, so that a million calls need no more
// memory than one. What is returned from them is good until the next use.
var inputBuffer, replyBuffer []byte

// Input returns the call's input, at most limit bytes of it.
func Input(limit int) []byte {
	n := min(int(inputLength()), limit)
	if n < word {
		return pdk.Input()
	}
	if n > long {
		runtime.GC()
	}
	resize(&inputBuffer, n)
	for i := 0; i < n; i += word {
		at := min(i, n-word)
		binary.LittleEndian.PutUint64(inputBuffer[at:], inputLoad(uint64(at)))
	}
	return inputBuffer
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
	resize(&replyBuffer, n)
	for i := 0; i < n; i += word {
		at := min(i, n-word)
		binary.LittleEndian.PutUint64(replyBuffer[at:], load(offset+uint64(at)))
	}
	return replyBuffer
}

// resize makes a buffer n bytes long. There are two sizes, for short calls and
// for others, and doubles beyond: slightly longer calls would leave a trail of
// buffers. The old one is let go first, so that both need not fit.
func resize(buffer *[]byte, n int) {
	if cap(*buffer) < n {
		*buffer = nil
		size := long
		for size < n {
			size = max(2*size, 64<<10)
		}
		*buffer = make([]byte, size)
	}
	*buffer = (*buffer)[:n]
}
