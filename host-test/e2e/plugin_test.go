// Package e2e tests the behavior of the compiled plugin: the scenarios of testdata
// on both builds, and what a scenario cannot express.
package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tetratelabs/wazero"
)

// root is the root of the repository.
const root = "../../"

// builds are the two modules made of the same source, which must answer alike.
// Go's own needs 3 MiB before it starts, so only TinyGo's can be limited to less.
var builds = []struct {
	name, file, target string
	capabilities       []scenario.Capability
}{
	{"tinygo", root + "dist/plugin.wasm", "make build", append(capabilities, scenario.MemoryLimit)},
	{"go", root + "dist/plugin-go.wasm", "make build-go", capabilities},
}

var capabilities = []scenario.Capability{scenario.SettableClock, scenario.RawInput, scenario.CutTraps, scenario.StopsRedirects, scenario.SurvivesTraps}

// cache saves compiling a module more than once.
var cache = wazero.NewCompilationCache()

// module reads a build; if it is missing, the test fails and names the make target.
func module(t testing.TB, build int) []byte {
	t.Helper()
	data, err := os.ReadFile(builds[build].file)
	if err != nil {
		t.Fatalf("%v: run `%s`", err, builds[build].target)
	}
	return data
}

// load loads a build until the end of the test. By default it may reach 127.0.0.1.
func load(t testing.TB, build int, o host.Options) *host.Plugin {
	t.Helper()
	o.Cache = cache
	if o.AllowedHosts == nil {
		o.AllowedHosts = []string{"127.0.0.1"}
	}
	plugin, err := host.Load(t.Context(), module(t, build), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plugin.Close(context.WithoutCancel(t.Context())) })
	return plugin
}

// newFake starts a fake server, and returns it with the configuration with which
// the plugin posts to it, and any more values.
func newFake(t testing.TB, o *dingtalktest.Options, more map[string]string) (*dingtalktest.Server, map[string]string) {
	t.Helper()
	fake := dingtalktest.New(o)
	values := map[string]string{
		schema.KeyWebhookURL: serve(t, "127.0.0.1:0", fake), schema.KeySecret: fake.Options().Secret,
		schema.KeyAccessToken: cmp.Or(fake.Options().Token, dingtalktest.DefaultToken),
	}
	maps.Copy(values, more)
	return fake, values
}

// newUnlimitedFake starts a fake server that requires signatures, and takes any number
// of messages, as the plugin does.
func newUnlimitedFake(t testing.TB) (*dingtalktest.Server, map[string]string) {
	t.Helper()
	return newFake(t, &dingtalktest.Options{Secret: benchSecret, PerMinute: -1}, map[string]string{schema.KeyMessagesPerMinute: "0"})
}

// serve listens at the address until the end of the test, and returns the URL.
func serve(t testing.TB, address string, handler http.Handler) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

// sendText calls send_text_message, whose result must not be an error.
func sendText(t testing.TB, plugin *host.Plugin, text string) *mcp.CallToolResult {
	t.Helper()
	result, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(toJSON(t, map[string]string{"text": text})))
	if err != nil || result.IsError {
		t.Fatalf("%v %+v", err, result)
	}
	return result
}

func toJSON(t testing.TB, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// writeFile writes a file, and creates its folder.
func writeFile(t testing.TB, file, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), mode)); err != nil {
		t.Fatal(err)
	}
}

// runCommand runs a program in the root, and returns what it prints.
func runCommand(t testing.TB, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = root
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, stderr.String())
	}
	return string(output)
}

// buildCommand builds the command, and returns its file.
func buildCommand(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dingtalk-mcp")
	runCommand(t, "go", "build", "-o", file, "./host-test")
	return file
}
