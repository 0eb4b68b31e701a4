package main

import (
	"context"
	"os"
	"slices"
)

// A runtime is one way in which users load the plugin.
type runtime struct {
	name  string
	needs []need
	// prepare installs what is missing and returns the driver's command, to which
	// the plugin's file is added.
	prepare preparer
	snippet *snippet // README's for it; nil where go test runs it

	traits   []trait
	survives bool  // an instance goes on working after the host ended a call
	tells    tells // see there; a change of it is a failure, because README says it
}

// A trait is what a runtime has, for cases that need it.
type trait string

const (
	rawInput    trait = "raw input" // no MCP client stands before the plugin
	memoryLimit trait = "memory limit"
	cutFails    trait = "cut answer fails"    // the host ends the call
	cutIsEmpty  trait = "cut answer is empty" // the plugin gets an answer without a body
	noRedirects trait = "redirects stop"      // the plugin gets the redirect; libextism follows it and has no setting
)

var traits = []trait{rawInput, memoryLimit, cutFails, cutIsEmpty, noRedirects}

type preparer = func(ctx context.Context, w *workshop) (command, after []string, err error)

// A need is a program that the user has to install.
type need struct{ program, remedy string }

var (
	needGo     = need{"go", "install Go, https://go.dev/dl"}
	needNode   = need{"node", "install Node.js 20 or newer, https://nodejs.org"}
	needNPM    = need{"npm", "install npm, which comes with Node.js, https://nodejs.org"}
	needPython = need{"python3", "install Python 3, https://www.python.org/downloads"}
	needCargo  = need{"cargo", "install Rust, https://rustup.rs, or give the path of a hyper-mcp in HYPER_MCP"}
)

// sdks are the Extism SDKs. The first is what the others are compared with.
func sdks() []*runtime {
	return []*runtime{
		{
			name: "Go, extism/go-sdk", needs: []need{needGo}, prepare: goDriver("go"),
			traits: []trait{rawInput, memoryLimit, cutFails, noRedirects}, survives: true, tells: tells{tokenInError: true},
		},
		{
			name: "Node, @extism/extism 1", needs: []need{needNode, needNPM}, prepare: nodeDriver("extism-1"), snippet: nodeSnippet("extism-1"),
			traits: []trait{rawInput, cutFails, noRedirects},
		},
		{
			name: "Node, @extism/extism 2", needs: []need{needNode, needNPM}, prepare: nodeDriver("extism-2"), snippet: nodeSnippet("extism-2"),
			traits: []trait{rawInput, memoryLimit, cutIsEmpty, noRedirects},
		},
		{
			name: "Python, extism", needs: []need{needPython}, prepare: pythonDriver, snippet: pythonSnippet,
			traits: []trait{rawInput, memoryLimit, cutFails}, survives: true,
		},
	}
}

// runners are the MCP runners, which take long to install.
func runners() []*runtime {
	hyper := &runtime{
		name: "hyper-mcp", needs: []need{needGo}, prepare: hyperDriver, snippet: hyperSnippet,
		traits: []trait{memoryLimit, cutFails}, survives: true, tells: tells{messagesInLog: true},
	}
	if os.Getenv("HYPER_MCP") == "" {
		hyper.needs = append(hyper.needs, needCargo)
	}
	return []*runtime{sdks()[0], hyper}
}

// plays tells whether the case can be played in the runtime at all.
func (r *runtime) plays(c *testCase) bool {
	for _, trait := range c.Needs {
		if !slices.Contains(r.traits, trait) {
			return false
		}
	}
	return true
}
