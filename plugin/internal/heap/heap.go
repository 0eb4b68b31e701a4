// Package heap is the guest's memory: an allocator, and a collector that runs
// between two calls.
//
// TinyGo's own collectors may run whenever something is allocated, and a
// WebAssembly guest cannot see its own locals. So the compiler has to write
// every pointer that a function holds to memory, all the time, in code that is
// a fifth of the module. Between two calls the stack is empty, and global
// variables alone lead to what is alive: no function needs to write down
// anything. See RATIONALE.md, "Why a collector of its own?".
package heap

import "unsafe"

// A Heap hands out blocks of the memory between two addresses. Every byte there
// belongs to a block, so that the blocks can be walked through. It begins empty,
// and grows.
type Heap struct {
	start, end uintptr // of all blocks
	next       uintptr // where the current run goes on
	limit      uintptr // where it ends
	runs       uintptr // the first of the other free runs, or 0
	since      uintptr // bytes handed out since the last collection

	// grow makes n more bytes available behind end, or says that it cannot.
	grow func(end, n uintptr) (newEnd uintptr, ok bool)
}

// A block begins with this header; what was asked for follows it.
type block struct {
	size uint32 // of the whole block in bytes, a multiple of align; its low bits are the flags
	link uint32 // to the next block of a list
}

const (
	align  = 8
	most   = 1 << 30 // bytes in a block, more than any host gives a plugin
	header = unsafe.Sizeof(block{})

	used     = 1 // is handed out
	pointers = 2 // may hold pointers
	marked   = 4 // is alive
	flags    = used | pointers | marked
)

func at(address uintptr) *block { return (*block)(pointer(address)) }

func (b *block) bytes() uintptr { return uintptr(b.size &^ flags) }

func (b *block) is(flag uint32) bool { return b.size&flag != 0 }

// link and address turn an address into a link and back. No address is 0, nor
// is its link.
func (h *Heap) link(address uintptr) uint32 {
	if address == 0 {
		return 0
	}
	return uint32(address-h.start) + 1
}

func (h *Heap) address(link uint32) uintptr {
	if link == 0 {
		return 0
	}
	return h.start + uintptr(link) - 1
}

// allocate returns the address of size bytes, all zero. It panics when there is
// no more memory.
func (h *Heap) allocate(size uintptr, flag uint32) uintptr {
	need := (size + header + align - 1) &^ (align - 1)
	if need < size || need > most {
		panic("out of memory")
	}
	if h.limit-h.next < need {
		h.refill(need)
	}
	*at(h.next) = block{size: uint32(need) | used | flag}
	data := h.next + header
	h.next += need
	h.since += need
	clear(unsafe.Slice((*byte)(pointer(data)), need-header)) // the padding too: it is scanned
	return data
}

// refill makes the current run at least need bytes long: the next free one that
// is, or new memory. Those that are too short wait for the next collection.
func (h *Heap) refill(need uintptr) {
	for h.limit-h.next < need {
		if h.runs == 0 {
			h.extend(need)
			return
		}
		h.retire()
		run := at(h.runs)
		h.next, h.limit = h.runs, h.runs+run.bytes()
		h.runs = h.address(run.link)
	}
}

// retire makes a block of what is left of the current run.
func (h *Heap) retire() {
	if rest := h.limit - h.next; rest > 0 {
		*at(h.next) = block{size: uint32(rest)}
	}
}

// extend makes a run of need bytes at the end.
func (h *Heap) extend(need uintptr) {
	if h.limit != h.end {
		h.retire()
		h.next, h.limit = h.end, h.end
	}
	end, ok := h.grow(h.end, need-(h.limit-h.next))
	if !ok {
		panic("out of memory")
	}
	h.end, h.limit = end, end
}
