package mcp

import "dingtalk-plugin/plugin/internal/dingtalk"

// A Host is all that the plugin sees of the runner that loaded it. The boundary
// fills it with host functions, tests with closures.
type Host struct {
	// Config returns the value of a configuration key, and whether there is one.
	Config func(key string) (value string, ok bool)

	dingtalk.Env
}
