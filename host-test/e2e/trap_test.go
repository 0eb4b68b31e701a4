package e2e

import (
	"encoding/json"
	"net"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"
)

// A trap leaves nothing behind: after ten thousand of them, the next good call in
// the same instance works.
func TestRecoversAfterTraps(t *testing.T) {
	for build := range builds {
		t.Run(builds[build].name, func(t *testing.T) {
			address := freeAddress(t)
			plugin := load(t, build, host.Options{Config: map[string]string{schema.KeyWebhookURL: "http://" + address, schema.KeyAccessToken: dingtalktest.DefaultToken}})
			const want = "the host ended the call: the connection was refused"
			for i := range 10000 {
				if _, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"hi"}`)); err == nil || err.Error() != want {
					t.Fatalf("call %d: %v, want %s", i, err, want)
				}
			}
			serve(t, address, dingtalktest.New(nil))
			sendText(t, plugin, "hi")
		})
	}
}

// freeAddress returns an address that refuses connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
