//go:build wasip1 && !tinygo

package main

// resetStack does nothing: Go's own toolchain resets its stack on every call.
func resetStack() {}
