//go:build tinygo

package main

// void reset_stack(void);
import "C"

// resetStack is explained in stack.c. Only an exported function may call it, as
// its first statement, and then nothing but one function that is not inlined.
func resetStack() { C.reset_stack() }
