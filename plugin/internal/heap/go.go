//go:build !gc.none

package heap

import "unsafe"

// Collect is for TinyGo without a collector; all others have one.
func Collect() {}

// pointer makes a pointer of an address that is no variable's, in the way that
// go vet does not take for a mistake.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
