//go:build tinygo

// A host keeps the instance after a trap, and a trap leaves the stack pointer
// where it was: every failed HTTP request would lose the frames of its call,
// until after some dozens of them nothing is left and every call is out of
// bounds.
//
// So an exported function begins by taking the whole stack again. That is sound
// as long as a host never calls an export from within an export, and as long as
// the exported function has no frame of its own: a frame made before this would
// lie where the next one is about to be made.

extern unsigned char __stack_high; // the linker puts this symbol where the stack begins

void reset_stack(void) {
	__asm__ volatile(
		"local.get %0\n"
		"global.set __stack_pointer\n"
		:
		: "r"(&__stack_high));
}
