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

	"dingtalk-plugin/host-test/conformance/protocol"

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
	now    int64                   // of the request, in Unix milliseconds
}

func (d *driver) run(request *protocol.Request, response *protocol.Response) error {
	d.log.Reset()
	d.now = request.Now
	defer func() { response.Log = d.log.String() }()
	ctx := context.Background()
	if request.Load != nil {
		start := time.Now()
		if err := d.load(ctx, request.Load); err != nil {
			return err
		}
		response.LoadMicros = time.Since(start).Microseconds()
	}
	start := time.Now()
	code, output, err := d.plugin.CallWithContext(ctx, request.Export, []byte(request.Input))
	response.CallMicros, response.Output = time.Since(start).Microseconds(), string(output)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s returned %d", request.Export, code)
	}
	return err
}

func (d *driver) load(ctx context.Context, s *protocol.Load) (err error) {
	if d.plugin != nil {
		d.plugin.Close(ctx)
	}
	manifest := extism.Manifest{
		Wasm:         []extism.Wasm{extism.WasmData{Data: d.wasm}},
		Config:       s.Config,
		AllowedHosts: s.AllowedHosts,
	}
	if s.MaxPages > 0 { // a zero in the other two would mean "none", not "no limit"
		manifest.Memory = &extism.ManifestMemory{MaxPages: s.MaxPages, MaxHttpResponseBytes: -1, MaxVarBytes: -1}
	}
	d.plugin, err = extism.NewPlugin(ctx, manifest, extism.PluginConfig{
		EnableWasi:    true,
		RuntimeConfig: wazero.NewRuntimeConfig().WithCompilationCache(d.cache),
		ModuleConfig:  d.moduleConfig(s.Clock),
	}, nil)
	return err
}

// moduleConfig gives the plugin a clock: without a ModuleConfig that says so,
// wazero shows it the year 2022, and DingTalk refuses every signature.
func (d *driver) moduleConfig(clock protocol.Clock) wazero.ModuleConfig {
	config := wazero.NewModuleConfig()
	switch clock {
	case protocol.RealClock:
		return config.WithSysWalltime()
	case protocol.RequestClock:
		return config.WithWalltime(func() (int64, int32) { return d.now / 1e9, int32(d.now % 1e9) }, 1)
	}
	return config
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
