// The few functions of the C library that TinyGo's runtime takes from it, written short, and a mark for
// its collector.
//
// TinyGo needs one thing of Debian's libc.a: arc4random, which seeds its hash maps. The version in
// there asserts that it got its entropy; a failed assertion prints; and so 17 KB of printf would
// come along for a message that no host shows. This object is linked before the archive, and what
// it defines is not looked up again.
//
// The numbers are the host's own random numbers, straight from WASI. Nothing is kept between calls,
// so there is no state to seed or to lose.

#include <stddef.h>
#include <stdint.h>

__attribute__((import_module("wasi_snapshot_preview1"), import_name("random_get")))
int32_t wasi_random_get(void *buf, size_t len);

// Anything that looked random and was not would be worse than stopping.
void arc4random_buf(void *buf, size_t len) {
	if (wasi_random_get(buf, len) != 0)
		__builtin_trap();
}

uint32_t arc4random(void) {
	uint32_t n;
	arc4random_buf(&n, sizeof n);
	return n;
}

// Of no use here, but the archive keeps all three in one file: were it missing, whoever asked for
// it would bring in the other two a second time, and the linker would refuse.
uint32_t arc4random_uniform(uint32_t bound) {
	if (bound < 2)
		return 0;
	uint32_t lowest = -bound % bound; // 2^32 mod bound: below it, small results would be likelier
	uint32_t n;
	do
		n = arc4random();
	while (n < lowest);
	return n % bound;
}

_Noreturn void __assert_fail(const char *expr, const char *file, int line, const char *func) {
	__builtin_trap();
}

// The first variable of the module, because this object is linked before those that have variables.
// The collector looks for pointers from here on (install-tinygo.sh, scan_variables_only).
int variables_start = 1;
