package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxKernelCalls is how many host functions one send may call, other than those
// that move a word of eight bytes: extism/go-sdk allocates about 10 KiB for each.
const maxKernelCalls = 8

// A counter counts the calls of Extism's host functions.
type counter map[string]int

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (c counter) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	if f.ModuleName() != "extism:host/env" {
		return nil
	}
	return experimental.FunctionListenerFunc(func(_ context.Context, _ api.Module, f api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
		c[f.Name()]++
	})
}

func TestKernelCalls(t *testing.T) {
	for build := range builds {
		calls := counter{}
		ctx := experimental.WithFunctionListenerFactory(t.Context(), calls)
		recorder := record(t, dingtalktest.New(nil))
		plugin, err := host.Load(ctx, module(t, build), &host.Options{
			Config:       map[string]string{config.Webhook: recorder.URL, config.Token: dingtalktest.DefaultToken},
			AllowedHosts: []string{"127.0.0.1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Close(ctx)
		for _, text := range []string{"hello", "hello", string(make([]byte, 2000))} {
			clear(calls)
			arguments, _ := json.Marshal(map[string]string{"text": text})
			if result, err := plugin.Call(ctx, "send_text_message", arguments); err != nil || result.IsError {
				t.Fatalf("%v %+v", err, result)
			}
		}
		for _, cheap := range []string{"load_u64", "store_u64", "input_load_u64"} {
			delete(calls, cheap)
		}
		total := 0
		for name := range maps.Values(calls) {
			total += name
		}
		t.Logf("%s: %d kernel calls: %v", builds[build].name, total, slices.Sorted(maps.Keys(calls)))
		if total > maxKernelCalls || total == 0 {
			t.Errorf("%s: %d kernel calls, want at most %d: %v", builds[build].name, total, maxKernelCalls, calls)
		}
	}
}
