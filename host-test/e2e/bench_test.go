package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	"github.com/tetratelabs/wazero"
)

var (
	benchRounds = flag.Int("bench.rounds", 1, "how often TestBenchTable measures two operations in turns")
	benchTime   = flag.Duration("bench.time", 0, "how long TestBenchTable repeats an operation in each round")
)

// An operation is what is measured, once.
type operation func() error

const benchSecret = "SECfake0000000000000000000000000000000000000000000000000000000000"

var (
	shortText = `{"text":"` + mixed(0) + `"}`
	longText  = `{"text":"` + mixed(19<<10) + `"}`
	splitText = `{"text":"` + mixed(55<<10) + `"}` // in three parts
	badText   = `{"tex":"x"}`
)

// mixed returns a text as users write it, of at most so many bytes and at least one
// sentence.
func mixed(size int) string {
	const sentence = "构建 42 失败：main 分支的 deploy 超时，请值班同学看一下 CI log。"
	return strings.Repeat(sentence, max(1, size/len(sentence)))
}

// A bench measures calls against a minimal robot that checks every signature.
type bench struct {
	ctx     context.Context
	url     string
	plugin  *host.Plugin
	refused atomic.Int64

	verified atomic.Int64 // messages with a right signature
	lastPost atomic.Int64 // when the last of them was verified, in Unix nanoseconds
}

func newBench(t testing.TB) *bench {
	b := &bench{ctx: t.Context()}
	b.url = serve(t, "127.0.0.1:0", b)
	b.plugin = load(t, 0, b.options())
	t.Cleanup(func() {
		if n := b.refused.Load(); n > 0 {
			t.Errorf("%d signatures were wrong", n)
		}
	})
	return b
}

func (b *bench) options() host.Options {
	return host.Options{AllowedHosts: []string{"127.0.0.1"}, Config: map[string]string{
		schema.KeyWebhookURL: b.url, schema.KeyAccessToken: dingtalktest.DefaultToken, schema.KeySecret: benchSecret, schema.KeyMessagesPerMinute: "0",
	}}
}

// ServeHTTP responds as fast as a robot can that still checks the signature.
func (b *bench) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	query := req.URL.Query()
	if req.Method == http.MethodPost {
		if query.Get("sign") != sign(query.Get("timestamp")) || len(body) == 0 {
			b.refused.Add(1)
			io.WriteString(w, `{"errcode":310000,"errmsg":"sign not match"}`)
			return
		}
		b.verified.Add(1)
		b.lastPost.Store(time.Now().UnixNano())
	}
	io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
}

func sign(timestamp string) string {
	mac := hmac.New(sha256.New, []byte(benchSecret))
	io.WriteString(mac, timestamp+"\n"+benchSecret)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// call is one tool call, which must succeed or be refused.
func (b *bench) call(arguments string, refused bool) operation {
	input := []byte(`{"params":{"name":"send_text_message","arguments":` + arguments + `}}`)
	return func() error {
		output, err := b.plugin.CallExport(b.ctx, "call", input)
		if err == nil && bytes.Contains(output, []byte(`"isError":true`)) != refused {
			err = fmt.Errorf("%s", output)
		}
		return err
	}
}

// native is the same signed POST without any plugin.
func (b *bench) native(arguments string) operation {
	return func() error {
		var message struct{ Text string }
		if err := json.Unmarshal([]byte(arguments), &message); err != nil {
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
		address := b.url + "?access_token=token&timestamp=" + timestamp + "&sign=" + url.QueryEscape(sign(timestamp))
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
}

func (b *bench) describe() error { return checkDescribe(b.ctx, b.plugin) }

func checkDescribe(ctx context.Context, plugin *host.Plugin) error {
	output, err := plugin.CallExport(ctx, "describe", nil)
	if err == nil && !json.Valid(output) {
		err = fmt.Errorf("describe prints %q", output)
	}
	return err
}

// cold is a first start: compile, instantiate, describe.
func (b *bench) cold(module []byte, cache wazero.CompilationCache) operation {
	return func() error {
		options := b.options()
		options.Cache = cache
		plugin, err := host.Load(b.ctx, module, &options)
		if err != nil {
			return err
		}
		defer plugin.Close(b.ctx)
		return checkDescribe(b.ctx, plugin)
	}
}

// coldFromDisk is a start with a module that an earlier one compiled.
func (b *bench) coldFromDisk(module []byte, dir string) operation {
	return func() error { return b.cold(module, host.OpenCache(b.ctx, dir, module))() }
}

// Single operations, for benchstat and profiles.
func BenchmarkPlugin(b *testing.B) {
	bench := newBench(b)
	for _, bb := range []struct {
		name string
		run  operation
	}{
		{"native/short", bench.native(shortText)}, {"native/19KB", bench.native(longText)},
		{"call/short", bench.call(shortText, false)}, {"call/19KB", bench.call(longText, false)},
		{"call/split", bench.call(splitText, false)}, {"call/refused", bench.call(badText, true)},
		{"describe", bench.describe},
		{"cold", bench.cold(module(b, 0), nil)}, {"cold/disk", bench.coldFromDisk(module(b, 0), b.TempDir())}, {"cold/memory", bench.cold(module(b, 0), cache)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if err := bb.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The table of `make bench`, which sets the flags; without them every operation runs
// once. PEERS are other modules that export describe, to compare with.
func TestBenchTable(t *testing.T) {
	b := newBench(t)
	var out io.Writer = io.Discard
	if *benchTime > 0 {
		out = os.Stdout
	}
	table := &benchTable{t: t, Writer: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(table, "what\ttime\tratio")
	table.compare("short text, native Go", b.native(shortText), "short text", b.call(shortText, false))
	table.compare("19 KB text, native Go", b.native(longText), "19 KB text", b.call(longText, false))
	table.row("55 KB text in three parts", b.call(splitText, false))
	table.row("refused arguments", b.call(badText, true))
	table.row("describe", b.describe)
	fmt.Fprintf(table, "guest memory\t%d KiB\n", b.plugin.Memory()>>10)

	own, goBuild := module(t, 0), module(t, 1)
	cold := b.cold(own, nil)
	table.compare("cold start, standard Go build", b.cold(goBuild, nil), "cold start", cold)
	table.compare("cold start", cold, "cold start, compiled before, on disk", b.coldFromDisk(own, t.TempDir()))
	for _, peer := range strings.Fields(os.Getenv("PEERS")) {
		file := peer
		if !filepath.IsAbs(file) {
			file = root + file
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table.compare("cold start, "+peer, b.cold(data, nil), "cold start", cold)
	}
	fmt.Fprintf(table, "size\t%d bytes\t\nsize, standard Go build\t%d bytes\t\n", len(own), len(goBuild))
	table.Flush()
}

// A benchTable prints times. Only its ratios can be compared between machines.
type benchTable struct {
	*tabwriter.Writer
	t *testing.T
}

// compare measures two operations in turns, so that other load on the machine
// affects both, and prints the median times and the median ratio.
func (b *benchTable) compare(baseName string, base operation, name string, run operation) {
	var times, bases, ratios []float64
	for range *benchRounds {
		bases = append(bases, b.measure(base))
		times = append(times, b.measure(run))
		ratios = append(ratios, times[len(times)-1]/bases[len(bases)-1])
	}
	b.print(baseName, median(bases), "")
	ratio := median(ratios)
	text := fmt.Sprintf("%.2fx", ratio)
	if ratio < 1 {
		text = fmt.Sprintf("1/%.1f", 1/ratio)
	}
	b.print(name, median(times), text)
}

func (b *benchTable) row(name string, run operation) { b.print(name, b.measure(run), "") }

func (b *benchTable) print(name string, ns float64, ratio string) {
	fmt.Fprintf(b, "%s\t%v\t%s\n", name, time.Duration(ns).Round(time.Microsecond), ratio)
}

// measure returns the mean time of an operation, after one that warms up.
func (b *benchTable) measure(run operation) (ns float64) {
	if *benchTime > 0 {
		if err := run(); err != nil {
			b.t.Fatal(err)
		}
	}
	start, n := time.Now(), 0
	for n == 0 || time.Since(start) < *benchTime {
		if err := run(); err != nil {
			b.t.Fatal(err)
		}
		n++
	}
	return float64(time.Since(start)) / float64(n)
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
