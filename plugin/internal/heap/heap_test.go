package heap

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// A world is a Heap in a piece of Go's memory, and what is known about it: the
// objects that were allocated, and the variables that lead to some of them.
type world struct {
	*testing.T
	*rand.Rand
	*Heap
	memory  []uint64
	roots   [8]uintptr
	objects map[uintptr]object // by address
}

type object struct {
	fill byte      // every byte, of an object without pointers
	size uintptr   // bytes
	refs []uintptr // what its words hold, of one with pointers
}

func newWorld(t *testing.T, seed uint64, size int) *world {
	w := &world{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), memory: make([]uint64, size/8), objects: map[uintptr]object{}}
	base := uintptr(unsafe.Pointer(&w.memory[0]))
	limit := base + uintptr(size)
	w.Heap = &Heap{start: base, end: base, next: base, limit: base}
	w.grow = func(end, n uintptr) (uintptr, bool) {
		n = (n + 1023) &^ 1023
		return end + n, end+n <= limit
	}
	return w
}

// make allocates one object and lets a root lead to it.
func (w *world) make() {
	o := object{size: uintptr(1 + w.IntN(100))}
	if w.IntN(20) == 0 {
		o.size *= 50
	}
	var address uintptr
	if w.IntN(2) == 0 {
		address, o.fill = w.allocate(o.size, 0), byte(1+w.IntN(255))
		w.check(address, object{size: o.size})
		for i := range o.size {
			*(*byte)(pointer(address + i)) = o.fill
		}
	} else {
		address = w.allocate(o.size, pointers)
		w.check(address, object{size: o.size})
		for range o.size / 8 {
			ref := w.any()
			*(*uintptr)(pointer(address + uintptr(len(o.refs))*8)) = ref
			o.refs = append(o.refs, ref)
		}
	}
	w.objects[address] = o
	w.roots[w.IntN(len(w.roots))] = address
}

// any returns an address within a living object, or none.
func (w *world) any() uintptr {
	root := w.roots[w.IntN(len(w.roots))]
	if size := w.objects[root].size; size > 0 {
		return root + uintptr(w.Uint64N(uint64(size)))
	}
	return 0
}

// check fails unless the object's memory holds what was written there.
func (w *world) check(address uintptr, o object) {
	w.Helper()
	for i, want := range o.refs {
		if got := *(*uintptr)(pointer(address + uintptr(i)*8)); got != want {
			w.Fatalf("word %d is %#x, want %#x", i, got, want)
		}
	}
	for i := uintptr(0); o.refs == nil && i < o.size; i++ {
		if got := *(*byte)(pointer(address + i)); got != o.fill {
			w.Fatalf("byte %d of %d is %d, want %d", i, o.size, got, o.fill)
		}
	}
}

// alive returns the objects that the roots lead to.
func (w *world) alive() map[uintptr]object {
	found := map[uintptr]object{}
	list := w.roots[:]
	for len(list) > 0 {
		var next []uintptr
		for _, ref := range list {
			for address, o := range w.objects {
				if _, known := found[address]; !known && address <= ref && ref < address+o.size {
					found[address] = o
					next = append(next, o.refs...)
				}
			}
		}
		list = next
	}
	return found
}

// blocks returns the addresses of what is handed out.
func (w *world) blocks() (list []uintptr) {
	w.retire()
	for p := w.start; p < w.end; p += at(p).bytes() {
		if at(p).is(used) {
			list = append(list, p+header)
		}
	}
	return list
}

// collectRoots collects, and fails unless all that is alive is as it was.
func (w *world) collectRoots() {
	w.Helper()
	from := uintptr(unsafe.Pointer(&w.roots))
	w.collect(from, from+unsafe.Sizeof(w.roots))
	w.objects = w.alive()
	for address, o := range w.objects {
		w.check(address, o)
	}
}

// some makes up to most objects.
func (w *world) some(most int) {
	for range w.IntN(most) {
		w.make()
	}
}

// What variables lead to survives a collection unchanged, over any number of
// pointers and from within an object; everything else is free; and nothing is
// handed out twice.
func TestCollect(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t, seed, 1<<20)
		for range 20 {
			w.some(60)
			w.roots[w.IntN(len(w.roots))] = 0
			w.collectRoots()
			if got, want := w.blocks(), slices.Sorted(maps.Keys(w.objects)); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d blocks are left, want %d", seed, len(got), len(want))
			}
		}
	}
}

// Memory that was freed is used again: the heap does not grow with the number
// of calls.
func TestReuse(t *testing.T) {
	w := newWorld(t, 1, 64<<10)
	for range 1000 {
		w.roots = [8]uintptr{}
		w.collectRoots()
		for range 20 {
			w.make()
		}
	}
}

// A host may end a call in the middle of a collection. The next one finds the
// heap in order.
func TestAbandonedCollection(t *testing.T) {
	for seed := range uint64(30) {
		w := newWorld(t, seed, 1<<20)
		for range 10 {
			w.some(60)
			m := w.index()
			from := uintptr(unsafe.Pointer(&w.roots))
			m.scan(from, from+unsafe.Sizeof(w.roots)/2)
			w.some(10)
			w.collectRoots()
		}
	}
}

func TestOutOfMemory(t *testing.T) {
	w := newWorld(t, 1, 4<<10)
	defer func() {
		if got := recover(); got != "out of memory" {
			t.Errorf("got %v", got)
		}
	}()
	w.allocate(5<<10, 0)
}
