//go:build wasip1

// Command plugin is the DingTalk plugin for MCP runners: an Extism module with
// the exports describe and call.
//
// It connects package extism (the host) to package mcp (the plugin). Its exports
// always return 0: failures are results, which a model can read.
package main

import (
	"time"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/extism"
	"dingtalk-plugin/plugin/internal/mcp"
)

func main() {}

// A trap leaves the stack pointer where it was, so each export first resets it.
// The exports must have no stack frame of their own. See RATIONALE.md, "Why does
// every call reset the stack?".

//go:wasmexport describe
func describe() int32 {
	resetStack()
	return runDescribe()
}

//go:wasmexport call
func call() int32 {
	resetStack()
	return runCall()
}

//go:noinline
func runDescribe() int32 {
	extism.Output(server.Describe())
	return 0
}

//go:noinline
func runCall() int32 {
	extism.Output(server.Call(extism.Input(mcp.MaxInput + 1)))
	return 0
}

// server lives as long as the instance, and remembers how much was sent.
var server = mcp.New(extism.Config, dingtalk.Env{
	Now: func() int64 { return time.Now().UnixMilli() },
	// Some hosts give every instance the same random bytes. The clock's
	// nanoseconds tell apart those that start within a millisecond.
	Random: func() uint64 { return extism.Random() ^ uint64(time.Now().UnixNano()) },
	Send: func(method, url string, body []byte) (status int, response []byte) {
		return extism.Send(method, url, body, dingtalk.MaxResponse)
	},
})
