package main

import (
	"encoding/json"
	"net"
	"net/http"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
)

// Promise 9: a call that the host ends leaves nothing behind. Ten thousand of
// them are followed by a good one, in the same instance.
func TestTraps(t *testing.T) {
	for build := range builds {
		t.Run(builds[build].name, func(t *testing.T) {
			address := freeAddress(t)
			plugin, err := host.Load(t.Context(), module(t, build), &host.Options{
				Config:       map[string]string{config.Webhook: "http://" + address, config.Token: dingtalktest.DefaultToken},
				AllowedHosts: []string{"127.0.0.1"}, Cache: cache,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer plugin.Close(t.Context())
			const want = "the host ended the call: the connection was refused"
			for i := range 10000 {
				if _, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"hi"}`)); err == nil || err.Error() != want {
					t.Fatalf("call %d: %v, want %s", i, err, want)
				}
			}
			serve(t, address, dingtalktest.New(nil))
			result, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"hi"}`))
			if err != nil || result.IsError {
				t.Fatalf("the good call: %v %+v", err, result)
			}
		})
	}
}

// freeAddress is an address at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func serve(t *testing.T, address string, handler http.Handler) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}
