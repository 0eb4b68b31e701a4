//go:build gc.none

package heap

import "unsafe"

// With -gc=none TinyGo leaves it to the program to bring runtime.alloc.

//go:linkname alloc runtime.alloc
//go:noinline
func alloc(size uintptr, layout unsafe.Pointer) unsafe.Pointer {
	if uintptr(layout) == noPointers {
		return pointer(guest.allocate(size, 0))
	}
	return pointer(guest.allocate(size, pointers))
}

// pointer makes a pointer of an address. It must not take the address of a
// local: the compiler would allocate that one.
func pointer(address uintptr) unsafe.Pointer { return unsafe.Pointer(address) }

// noPointers is the layout of what holds no pointers
// (https://github.com/tinygo-org/tinygo/blob/v0.41.1/src/internal/gclayout/gclayout.go).
const noPointers = 3

// What the linker and the compiler know
// (https://github.com/tinygo-org/tinygo/blob/v0.41.1/src/runtime/arch_tinygowasm.go).

//go:extern __global_base
var globals [0]byte

//go:extern __heap_base
var base [0]byte

//export llvm.wasm.memory.size.i32
func memorySize(index int32) (pages int32)

//export llvm.wasm.memory.grow.i32
func memoryGrow(index, pages int32) (before int32)

const page = 64 << 10 // bytes

// guest begins empty, where the linker says. TinyGo computes that at compile time:
// initialisers of other packages allocate before one here could run.
var guest = Heap{start: heapBase, end: heapBase, next: heapBase, limit: heapBase, grow: grow}

var heapBase = uintptr(unsafe.Pointer(&base))

// grow takes as much more of the memory as is needed; at first, what is there.
func grow(end, n uintptr) (newEnd uintptr, ok bool) {
	have := uintptr(memorySize(0)) * page
	if end+n > have {
		pages := (end + n - have + page - 1) / page
		if memoryGrow(0, int32(pages)) < 0 {
			return 0, false
		}
		have += pages * page
	}
	return have, true
}

// enough is how many bytes are handed out before a collection is worth its
// time.
const enough = 64 << 10

// Collect frees what no global variable leads to. Only an exported function may
// call it, before it has anything: what locals lead to is not seen.
func Collect() {
	if guest.since >= enough {
		guest.collect(uintptr(unsafe.Pointer(&globals)), heapBase)
	}
}
