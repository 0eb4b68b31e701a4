// Command go runs the plugin in extism/go-sdk, whose engine is wazero:
//
//	driver plugin.wasm
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"dingtalk-plugin/host-test/conformance/internal/protocol"

	extism "github.com/extism/go-sdk"
	"github.com/tetratelabs/wazero"
)

func main() {
	wasm, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	d := &driver{wasm: wasm, cache: wazero.NewCompilationCache()}
	log.SetOutput(&d.log)
	extism.SetLogLevel(extism.LogLevelInfo)
	// As README shows: the SDK has no other way to stop at a redirect.
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	protocol.Serve(version("extism/go-sdk")+", wazero "+version("tetratelabs/wazero"), d.run)
}

type driver struct {
	wasm   []byte
	plugin *extism.Plugin
	log    bytes.Buffer
	cache  wazero.CompilationCache // spares all loads but the first, which is the one that is measured
}

func (d *driver) run(order *protocol.Order, answer *protocol.Answer) error {
	d.log.Reset()
	defer func() { answer.Log = d.log.String() }()
	ctx := context.Background()
	if order.Fresh != nil {
		start := time.Now()
		if err := d.load(ctx, order.Fresh); err != nil {
			return err
		}
		answer.Load = time.Since(start).Microseconds()
	}
	start := time.Now()
	code, output, err := d.plugin.CallWithContext(ctx, order.Export, []byte(order.Input))
	answer.Call, answer.Output = time.Since(start).Microseconds(), string(output)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s returned %d", order.Export, code)
	}
	return err
}

// load gives the plugin the real clock: without a ModuleConfig that says so,
// wazero shows it the year 2022, and DingTalk refuses every signature.
func (d *driver) load(ctx context.Context, s *protocol.Settings) (err error) {
	if d.plugin != nil {
		d.plugin.Close(ctx)
	}
	manifest := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmData{Data: d.wasm}},
		Config:       s.Config,
		AllowedHosts: s.AllowedHosts,
	}
	if s.MaxPages > 0 { // a zero in the other two would mean "none", not "no limit"
		manifest.Memory = &extism.ManifestMemory{MaxPages: uint32(s.MaxPages), MaxHttpResponseBytes: -1, MaxVarBytes: -1}
	}
	d.plugin, err = extism.NewPlugin(ctx, manifest, extism.PluginConfig{
		EnableWasi:    true,
		RuntimeConfig: wazero.NewRuntimeConfig().WithCompilationCache(d.cache),
		ModuleConfig:  wazero.NewModuleConfig().WithSysWalltime(),
	}, nil)
	return err
}

// version is that of a module of this program.
func version(name string) string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/"+name {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}
