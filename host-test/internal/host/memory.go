package host

import "github.com/tetratelabs/wazero/experimental"

// A memoryTracker allocates the linear memory of each module and tracks its size.
type memoryTracker struct {
	memories []*linearMemory
}

// Allocate implements experimental.MemoryAllocator.
func (m *memoryTracker) Allocate(capacity, _ uint64) experimental.LinearMemory {
	memory := &linearMemory{buffer: make([]byte, 0, capacity)}
	m.memories = append(m.memories, memory)
	return memory
}

type linearMemory struct {
	buffer []byte
}

// Reallocate implements experimental.LinearMemory.
func (l *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(cap(l.buffer)) {
		grown := make([]byte, len(l.buffer), size)
		copy(grown, l.buffer)
		l.buffer = grown
	}
	l.buffer = l.buffer[:size]
	return l.buffer
}

// Free implements experimental.LinearMemory.
func (l *linearMemory) Free() { l.buffer = nil }

// Memory returns the size of the plugin's own linear memory, in bytes, which never
// shrinks. It does not count the memory of Extism's kernel.
func (p *Plugin) Memory() int {
	last := len(p.memory.memories) - 1 // the kernel is instantiated first
	return len(p.memory.memories[last].buffer)
}
