//go:build tinygo

// A host keeps the instance after a trap, and a trap leaves the stack pointer
// where it was. Every failed HTTP request would leak the frames of its call, and
// after some dozens of them every call would be out of bounds.
//
// So an exported function first resets the stack pointer. That is safe if a host
// never calls an export from within an export, and if the exported function has
// no frame of its own, because the next frame would overlap it.

extern unsigned char __stack_high; // set by the linker to where the stack begins

void reset_stack(void) {
	__asm__ volatile(
		"local.get %0\n"
		"global.set __stack_pointer\n"
		:
		: "r"(&__stack_high));
}
