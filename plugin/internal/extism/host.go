//go:build wasip1

// Package extism calls the Extism host: input and output of a call,
// configuration, HTTP, random bytes.
//
// go-pdk copies eight bytes per host call and then the rest one by one, although
// each call costs the same. Here the last eight bytes overlap those before.
package extism

import (
	"encoding/binary"
	"unsafe"

	"dingtalk-plugin/plugin/internal/strictjson"

	pdk "github.com/extism/go-pdk"
)

// Host functions that go-pdk does not export or wraps with encoding/json, from
// https://github.com/extism/extism/blob/main/kernel/src/lib.rs. Every runtime has
// them; http_headers and get_log_level, which go-pdk's HTTP and logging import,
// are missing in the npm release of the JavaScript SDK.

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u64
func inputLoadU64(offset uint64) uint64

//go:wasmimport extism:host/env load_u64
func loadU64(offset uint64) uint64

//go:wasmimport extism:host/env store_u64
func storeU64(offset, word uint64)

//go:wasmimport extism:host/env length
func length(offset uint64) uint64

const wordSize = 8

// input is reused, because the collector would not free every old one
// (RATIONALE.md, "Why is the input's memory kept?").
var input []byte

// Input returns at most limit bytes of the call's input. They are valid until the
// next call.
func Input(limit int) []byte {
	n := min(int(inputLength()), limit)
	if n < wordSize {
		return pdk.Input()
	}
	if n > cap(input) {
		input = make([]byte, min(max(n, 2*cap(input)), limit))
	}
	input = input[:n]
	for i := 0; i < n; i += wordSize {
		at := min(i, n-wordSize)
		binary.LittleEndian.PutUint64(input[at:], inputLoadU64(uint64(at)))
	}
	return input
}

// Output sets the call's output.
func Output(data []byte) {
	pdk.OutputMemory(writeBlock(data))
}

// Config returns a configuration value, or "" if there is none.
func Config(key string) string {
	value, _ := pdk.GetConfig(key)
	return value
}

// writeBlock copies data to a new block of the host's memory.
func writeBlock(data []byte) pdk.Memory {
	if len(data) < wordSize {
		return pdk.AllocateBytes(data)
	}
	block := pdk.Allocate(len(data))
	for i := 0; i < len(data); i += wordSize {
		at := min(i, len(data)-wordSize)
		storeU64(block.Offset()+uint64(at), binary.LittleEndian.Uint64(data[at:]))
	}
	return block
}

// readBlock copies at most limit bytes of a block of the host's memory.
func readBlock(offset uint64, limit int) []byte {
	n := min(int(length(offset)), limit)
	if n < wordSize {
		block := pdk.NewMemory(offset, uint64(n))
		return block.ReadBytes()
	}
	data := make([]byte, n)
	for i := 0; i < n; i += wordSize {
		at := min(i, n-wordSize)
		binary.LittleEndian.PutUint64(data[at:], loadU64(offset+uint64(at)))
	}
	return data
}

//go:wasmimport wasi_snapshot_preview1 random_get
//go:noescape
func randomGet(buffer unsafe.Pointer, length uint32) (errno uint32)

// Random returns a number from the host's random source, or 0 if that fails. Some
// hosts give every instance the same numbers
// (https://pkg.go.dev/github.com/tetratelabs/wazero#ModuleConfig).
func Random() uint64 {
	var n uint64
	if randomGet(unsafe.Pointer(&n), 8) != 0 {
		return 0
	}
	return n
}

//go:wasmimport extism:host/env http_request
func httpRequest(request, body uint64) (response uint64)

//go:wasmimport extism:host/env http_status_code
func httpStatusCode() int32

// Send makes an HTTP request, with a JSON body unless it is nil. It returns the
// status and at most limit bytes of the response's body. Status 0 means that the
// host has HTTP switched off. If the request fails (host not allowed, connection
// refused, timeout), the host traps and Send does not return.
func Send(method, url string, body []byte, limit int) (status int, response []byte) {
	// The Java SDK has no defaults, so every field is given.
	request := strictjson.Writer{Bytes: make([]byte, 0, 512)}
	request.Raw(`{"url":`)
	request.Quote(url)
	request.Raw(`,"method":`)
	request.Quote(method)
	request.Raw(`,"headers":{`)
	var content uint64
	if body != nil {
		request.Raw(`"Content-Type":"application/json; charset=utf-8"`)
		block := writeBlock(body)
		content = block.Offset()
	}
	request.Raw("}}")
	block := writeBlock(request.Bytes)
	offset := httpRequest(block.Offset(), content)
	status = int(httpStatusCode())
	if status == 0 || offset == 0 {
		return status, nil
	}
	return status, readBlock(offset, limit)
}
