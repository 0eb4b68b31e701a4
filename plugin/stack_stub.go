//go:build wasip1 && !tinygo

package main

// resetStack is for TinyGo; Go's own toolchain resets its stack on every call.
func resetStack() {}
