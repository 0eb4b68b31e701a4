package heap

import (
	"math/bits"
	"unsafe"
)

// collect makes free runs of all blocks that nothing leads to. The pointers that
// count lie between from and to, and in blocks that they lead to; whatever
// looks like an address within a block counts as a pointer to it.
func (h *Heap) collect(from, to uintptr) {
	m := h.index()
	m.scan(from, to)
	for m.pending != 0 {
		p := m.pending
		m.pending = h.address(at(p).link)
		m.scan(p+header, p+at(p).bytes())
	}
	h.sweep()
}

// A marker finds the blocks that pointers lead to.
type marker struct {
	*Heap
	starts  []uint32 // a bit for every align bytes: set where a block starts
	pending uintptr  // a marked block whose own pointers are to be followed, linked to the next, or 0
}

// index notes where the blocks start. It forgets the free runs first: should
// the host end the call during a collection, the next one begins anew. And it
// forgets the count of bytes: Heap is a variable, too, and the number would be
// taken for an address.
func (h *Heap) index() marker {
	m := marker{Heap: h}
	for len(m.starts) < h.words() {
		m.starts = make([]uint32, h.words()) // from this very heap, which may grow by it
	}
	h.retire()
	h.next, h.limit, h.runs, h.since = h.end, h.end, 0, 0
	for p := h.start; p < h.end; p += at(p).bytes() {
		at(p).size &^= marked
		i := (p - h.start) / align
		m.starts[i/32] |= 1 << (i % 32)
	}
	return m
}

// words is how long the starts of a marker must be.
func (h *Heap) words() int { return int((h.end-h.start)/align/32) + 1 }

// scan marks what the words between two addresses lead to.
func (m *marker) scan(from, to uintptr) {
	const word = unsafe.Sizeof(from)
	start, size := m.start, m.end-m.start
	for ; from+word <= to; from += word {
		if p := *(*uintptr)(pointer(from)); p-start < size {
			m.mark(m.find(p))
		}
	}
}

// find returns where the block starts that the address lies in.
func (m *marker) find(p uintptr) uintptr {
	i := (p - m.start) / align
	w := i / 32
	before := m.starts[w] & (^uint32(0) >> (31 - i%32))
	for before == 0 {
		w--
		before = m.starts[w]
	}
	return m.start + (w*32+31-uintptr(bits.LeadingZeros32(before)))*align
}

func (m *marker) mark(p uintptr) {
	b := at(p)
	if !b.is(used) || b.is(marked) {
		return
	}
	b.size |= marked
	if b.is(pointers) {
		b.link = m.link(m.pending)
		m.pending = p
	}
}

// sweep makes the free runs out of all that is not marked.
func (h *Heap) sweep() {
	var first, last uintptr
	for p := h.start; p < h.end; p += at(p).bytes() {
		if at(p).is(marked) {
			continue
		}
		n := at(p).bytes()
		for p+n < h.end && !at(p+n).is(marked) {
			n += at(p + n).bytes()
		}
		*at(p) = block{size: uint32(n)}
		if last == 0 {
			first = p
		} else {
			at(last).link = h.link(p)
		}
		last = p
	}
	h.runs = first
}
