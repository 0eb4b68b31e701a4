//go:build wasip1

// Command plugin is the DingTalk plugin for MCP runners, an Extism module with
// the two exports describe and call.
//
// It only joins: what the host offers (package kernel) to what the plugin does
// (package tool). It makes no decisions, and its exports return 0 whatever
// happens: failures are results, which a model can read.
package main

import (
	"time"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/extism"
	"dingtalk-plugin/plugin/internal/mcp"
)

func main() {}

// The exports have no frame of their own: a host that ends a call midway leaves
// the stack pointer where it was, so each call first sets it to the top. See
// RATIONALE.md, "Why does every call reset the stack?".

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

// server lives as long as the instance: it remembers how much was sent.
var server = mcp.New(mcp.Host{
	Config: extism.Config,
	Env: dingtalk.Env{
		Now: func() int64 { return time.Now().UnixMilli() },
		// Some hosts give every instance the same random bytes. The clock's
		// nanoseconds tell apart those that start within a millisecond.
		Random: func() uint64 { return extism.Random() ^ uint64(time.Now().UnixNano()) },
		Send: func(method, url string, body []byte) (status int, reply []byte) {
			return extism.Send(method, url, body, dingtalk.MaxResponse)
		},
	},
})
