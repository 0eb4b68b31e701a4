// Package host loads an Extism plugin that serves MCP tools, and calls it as a
// runner does. It controls what the plugin sees: configuration, clock, and the
// hosts that it may reach. It knows nothing about DingTalk.
package host

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"time"

	extism "github.com/extism/go-sdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// Options configure what a plugin sees. Nil means the real clock, no
// configuration and no allowed hosts.
type Options struct {
	Config       map[string]string       // Extism configuration
	AllowedHosts []string                // globs over host names, without ports
	Now          func() time.Time        // the plugin's clock; nil means the real one
	DefaultClock bool                    // use extism/go-sdk's default clock, 2022-01-01
	Random       io.Reader               // the plugin's random source; nil means the real one
	MaxPages     uint32                  // memory limit in pages of 64 KiB; 0 means none
	Cache        wazero.CompilationCache // shared between loads; nil compiles on each load
}

// A Plugin is one loaded instance. It is not safe for concurrent use.
type Plugin struct {
	instance *extism.Plugin
	memory   *memoryTracker
}

// Load instantiates the module. Close the Plugin when done. A cache that cannot be
// read or written is not used.
func Load(ctx context.Context, wasm []byte, o *Options) (*Plugin, error) {
	if o == nil {
		o = &Options{}
	}
	plugin, err := load(ctx, wasm, o)
	if err != nil && o.Cache != nil {
		uncached := *o
		uncached.Cache = nil
		return load(ctx, wasm, &uncached)
	}
	return plugin, err
}

func load(ctx context.Context, wasm []byte, o *Options) (*Plugin, error) {
	manifest := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmData{Data: wasm}},
		Config:       o.Config,
		AllowedHosts: o.AllowedHosts,
	}
	if o.MaxPages > 0 {
		manifest.Memory = &extism.ManifestMemory{MaxPages: o.MaxPages, MaxHttpResponseBytes: -1, MaxVarBytes: -1}
	}
	// Not WithCloseOnContextDone, which would close the module and lose the
	// plugin's memory. The plugin only waits for HTTP, which ends with the context.
	runtime := wazero.NewRuntimeConfig()
	if o.Cache != nil {
		runtime = runtime.WithCompilationCache(o.Cache)
	}
	memory := &memoryTracker{}
	ctx = experimental.WithMemoryAllocator(ctx, memory)
	instance, err := extism.NewPlugin(ctx, manifest, extism.PluginConfig{
		EnableWasi:    true,
		RuntimeConfig: runtime,
		ModuleConfig:  o.moduleConfig(),
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("load plugin: %w", err)
	}
	return &Plugin{instance, memory}, nil
}

// moduleConfig sets the plugin's clock and random source. By default wazero's
// clock shows the year 2022, and DingTalk rejects every signature.
func (o *Options) moduleConfig() wazero.ModuleConfig {
	config := wazero.NewModuleConfig().WithRandSource(rand.Reader)
	if o.Random != nil {
		config = config.WithRandSource(o.Random)
	}
	switch {
	case o.DefaultClock:
		return config
	case o.Now == nil:
		return config.WithSysWalltime()
	}
	return config.WithWalltime(func() (int64, int32) {
		now := o.Now()
		return now.Unix(), int32(now.Nanosecond())
	}, 1)
}

// Close frees the instance.
func (p *Plugin) Close(ctx context.Context) error { return p.instance.Close(ctx) }

// Describe returns the plugin's tools.
func (p *Plugin) Describe(ctx context.Context) (*mcp.ListToolsResult, error) {
	return callJSON[mcp.ListToolsResult](ctx, p, "describe", nil)
}

// Call calls a tool with JSON arguments. If the host ends the call, which no plugin
// can turn into a result, the error is a *TrapError.
func (p *Plugin) Call(ctx context.Context, name string, arguments json.RawMessage) (*mcp.CallToolResult, error) {
	params := map[string]any{"name": name}
	if len(arguments) > 0 {
		params["arguments"] = arguments
	}
	input, err := json.Marshal(map[string]any{"params": params})
	if err != nil {
		return nil, fmt.Errorf("arguments of %s: %w", name, err)
	}
	return callJSON[mcp.CallToolResult](ctx, p, "call", input)
}

// callJSON calls an export and decodes its output.
func callJSON[T any](ctx context.Context, p *Plugin, export string, input []byte) (*T, error) {
	output, err := p.CallExport(ctx, export, input)
	if err != nil {
		return nil, err
	}
	var value T
	if err := json.Unmarshal(output, &value); err != nil {
		return nil, fmt.Errorf("%s: %w", export, err)
	}
	return &value, nil
}

// CallExport calls an export and returns its output unchanged. When ctx is done,
// the plugin's HTTP request ends, and the call with it. The plugin can then be
// called again.
func (p *Plugin) CallExport(ctx context.Context, export string, input []byte) ([]byte, error) {
	ctx, exchange := withExchange(ctx)
	code, output, err := p.instance.CallWithContext(ctx, export, input)
	if err != nil {
		return nil, newTrapError(ctx, err, exchange.sent.Load())
	}
	if code != 0 {
		return nil, fmt.Errorf("%s returned %d", export, code)
	}
	return output, nil
}

// A memoryTracker allocates the linear memory of each module and tracks its size.
type memoryTracker struct {
	memories []*linearMemory
}

// Allocate implements experimental.MemoryAllocator.
func (m *memoryTracker) Allocate(capacity, _ uint64) experimental.LinearMemory {
	memory := &linearMemory{buffer: make([]byte, 0, capacity)}
	m.memories = append(m.memories, memory)
	return memory
}

type linearMemory struct {
	buffer []byte
}

// Reallocate implements experimental.LinearMemory.
func (l *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(cap(l.buffer)) {
		grown := make([]byte, len(l.buffer), size)
		copy(grown, l.buffer)
		l.buffer = grown
	}
	l.buffer = l.buffer[:size]
	return l.buffer
}

// Free implements experimental.LinearMemory.
func (l *linearMemory) Free() { l.buffer = nil }

// Memory returns the size of the plugin's own linear memory, in bytes, which never
// shrinks. It does not count the memory of Extism's kernel.
func (p *Plugin) Memory() int {
	last := len(p.memory.memories) - 1 // the kernel is instantiated first
	return len(p.memory.memories[last].buffer)
}
