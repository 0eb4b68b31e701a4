//go:build wasip1

package extism

import "unsafe"

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
