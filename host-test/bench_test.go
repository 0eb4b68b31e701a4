package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/robot"
)

func BenchmarkZ(b *testing.B) {
	for name, args := range map[string]any{
		"short": map[string]any{"text": "hello"},
		"19k":   map[string]any{"text": strings.Repeat("word \n", 2700)},
		"50k":   map[string]any{"text": strings.Repeat("m12345 ", 50000/7)},
		"bad":   map[string]any{"tex": "hello"},
	} {
		b.Run(name, func(b *testing.B) {
			fake := robot.New(&robot.Options{PerMinute: -1, Secret: "SEC"})
			server := httptest.NewServer(fake)
			defer server.Close()
			plugin, err := host.Load(b.Context(), module(b, 0), &host.Options{Cache: cache, AllowedHosts: []string{"127.0.0.1"}, Config: map[string]string{config.Webhook: server.URL, config.Token: robot.DefaultToken, config.Secret: "SEC", "DINGTALK_BOT_MESSAGES_PER_MINUTE": "0"}})
			if err != nil {
				b.Fatal(err)
			}
			raw, _ := json.Marshal(args)
			for i := 0; b.Loop(); i++ {
				if _, err := plugin.Call(b.Context(), "send_text_message", raw); err != nil {
					b.Fatal(err)
				}
				if i%1000 == 0 {
					fake.Clear()
				}
			}
			b.ReportMetric(float64(plugin.Memory()), "mem")
			_ = time.Now
			_ = bytes.NewReader
			_ = io.Discard
			_ = http.MethodGet
		})
	}
}
