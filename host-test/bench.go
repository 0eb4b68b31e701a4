package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"

	"github.com/tetratelabs/wazero"
)

type benchCommand struct {
	Peers []string `arg:"" optional:"" help:"Other modules that export describe, to compare with." type:"existingfile"`
}

// A bencher measures calls against one robot, which checks every signature.
type bencher struct {
	*httptest.Server
	refused int
	shorts  json.RawMessage
	long    json.RawMessage
	split   json.RawMessage
}

func newBencher() *bencher {
	b := &bencher{
		shorts: json.RawMessage(`{"text":"build 42 is broken"}`),
		long:   json.RawMessage(`{"text":"` + strings.Repeat("word ", 3800) + `"}`),
		split:  json.RawMessage(`{"text":"` + strings.Repeat("word ", 11000) + `"}`),
	}
	b.Server = httptest.NewServer(b)
	return b
}

// ServeHTTP answers as fast as a robot can that still checks the signature.
func (b *bencher) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	query := req.URL.Query()
	if req.Method == http.MethodPost && (query.Get("sign") != sign(query.Get("timestamp")) || len(body) == 0) {
		b.refused++
		io.WriteString(w, `{"errcode":310000,"errmsg":"sign not match"}`)
		return
	}
	io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
}

func sign(timestamp string) string {
	mac := hmac.New(sha256.New, []byte(fakeSecret))
	io.WriteString(mac, timestamp+"\n"+fakeSecret)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// load loads a module as an embedder of extism/go-sdk does.
func (b *bencher) load(ctx context.Context, module []byte, cache wazero.CompilationCache) (*host.Plugin, error) {
	return host.Load(ctx, module, &host.Options{
		AllowedHosts: []string{"127.0.0.1"}, Cache: cache,
		Config: map[string]string{
			config.Webhook: b.URL, config.Token: "token", config.Secret: fakeSecret,
			"DINGTALK_BOT_MESSAGES_PER_MINUTE": "0",
		},
	})
}

// call measures one tool call; wantError is for calls that must be refused.
func (b *bencher) call(plugin *host.Plugin, arguments json.RawMessage, wantError bool) func(*testing.B) {
	input := []byte(`{"params":{"name":"send_text_message","arguments":` + string(arguments) + `}}`)
	return func(tb *testing.B) {
		for tb.Loop() {
			output, err := plugin.CallExport(tb.Context(), "call", input)
			if err != nil || bytes.Contains(output, []byte(`"isError":true`)) != wantError {
				tb.Fatalf("%v: %s", err, output)
			}
		}
	}
}

// native measures the same signed POST without any plugin.
func (b *bencher) native(arguments json.RawMessage) func(*testing.B) {
	return func(tb *testing.B) {
		for tb.Loop() {
			if err := b.post(arguments); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

func (b *bencher) post(arguments json.RawMessage) error {
	var message struct{ Text string }
	if err := json.Unmarshal(arguments, &message); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"msgtype": "text", "text": map[string]string{"content": message.Text},
		"at": map[string]any{"atMobiles": []string{}, "isAtAll": false},
	})
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	address := b.URL + "?access_token=token&timestamp=" + timestamp + "&sign=" + url.QueryEscape(sign(timestamp))
	response, err := http.Post(address, "application/json; charset=utf-8", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var reply struct{ Errcode *int }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || reply.Errcode == nil || *reply.Errcode != 0 {
		return fmt.Errorf("refused: %v", err)
	}
	return nil
}

// describe measures describe alone.
func (b *bencher) describe(plugin *host.Plugin) func(*testing.B) {
	return func(tb *testing.B) {
		for tb.Loop() {
			if output, err := plugin.CallExport(tb.Context(), "describe", nil); err != nil || !json.Valid(output) {
				tb.Fatal(err)
			}
		}
	}
}

// cold measures a first start: compile, instantiate, describe.
func (b *bencher) cold(module []byte, cache wazero.CompilationCache) func(*testing.B) {
	return func(tb *testing.B) {
		for tb.Loop() {
			plugin, err := b.load(tb.Context(), module, cache)
			if err != nil {
				tb.Fatal(err)
			}
			if output, err := plugin.CallExport(tb.Context(), "describe", nil); err != nil || !json.Valid(output) {
				tb.Fatal(err)
			}
			plugin.Close(tb.Context())
		}
	}
}

// Run prints one table, of which the ratios are worth reading.
func (c *benchCommand) Run(ctx context.Context, cli *cli) error {
	module, err := cli.wasm()
	if err != nil {
		return err
	}
	standard, err := os.ReadFile("dist/plugin-go.wasm")
	if err != nil {
		return fmt.Errorf("%w: make it with `make build-go`", err)
	}
	testing.Init()
	if err := flag.Set("test.benchtime", "200ms"); err != nil {
		return err
	}
	b := newBencher()
	defer b.Close()
	plugin, err := b.load(ctx, module, nil)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	t := newTable()
	b.calls(t, plugin)
	t.row("describe", b.describe(plugin))
	fmt.Fprintf(t, "guest memory\t%d KiB\n", plugin.Memory()>>10)
	if err := b.starts(t, module, standard, c.Peers); err != nil {
		return err
	}
	fmt.Fprintf(t, "size\t%d bytes\t\nsize, standard Go build\t%d bytes\t\n", len(module), len(standard))
	switch {
	case b.refused > 0:
		return errors.New("a signature was wrong")
	case t.failed:
		return errors.New("a call failed while it was measured")
	}
	return t.Flush()
}

func (b *bencher) calls(t *table, plugin *host.Plugin) {
	t.beside("short text, native Go", b.native(b.shorts), "short text", b.call(plugin, b.shorts, false))
	t.beside("19 KB text, native Go", b.native(b.long), "19 KB text", b.call(plugin, b.long, false))
	t.row("55 KB text in three parts", b.call(plugin, b.split, false))
	t.row("refused arguments", b.call(plugin, json.RawMessage(`{"tex":"x"}`), true))
}

func (b *bencher) starts(t *table, module, standard []byte, peers []string) error {
	own := b.cold(module, nil)
	t.beside("cold start, standard Go build", b.cold(standard, nil), "cold start", own)
	t.beside("cold start", own, "cold start, compiled before", b.cold(module, wazero.NewCompilationCache()))
	for _, peer := range peers {
		data, err := os.ReadFile(peer)
		if err != nil {
			return err
		}
		t.beside("cold start, "+peer, b.cold(data, nil), "cold start", own)
	}
	return nil
}
