//go:build tinygo

package main

// void reset_stack(void);
import "C"

// resetStack is explained in stack_tinygo.c. An exported function must call it
// first, and then only one function that is not inlined.
func resetStack() { C.reset_stack() }
