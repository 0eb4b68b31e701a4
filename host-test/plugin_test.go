package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tetratelabs/wazero"
)

// builds are the modules that the command is tested with; e2e tests both builds.
var builds = []struct{ file string }{{"../dist/plugin.wasm"}}

// cache saves compiling the module more than once.
var cache = wazero.NewCompilationCache()

func module(t testing.TB, build int) []byte {
	t.Helper()
	data, err := os.ReadFile(builds[build].file)
	if err != nil {
		t.Fatalf("%v: run `make build`", err)
	}
	return data
}

// rawDescribe returns what describe prints with this configuration.
func rawDescribe(t *testing.T, build int, values map[string]string) []byte {
	t.Helper()
	plugin, err := host.Load(t.Context(), module(t, build), &host.Options{Config: values, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	output, err := plugin.CallExport(t.Context(), "describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func compile(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return compiler.MustCompile("schema.json")
}

// Credentials that occur in no text by chance.
const (
	canaryToken  = "CANARYtokenCANARYtoken0123456789"
	canarySecret = "SECcanaryCANARYcanary/+=0123456789"
)

func assertNoCredential(t *testing.T, text string) {
	t.Helper()
	for _, credential := range []string{canaryToken, canarySecret, url.QueryEscape(canarySecret), "&sign="} {
		if strings.Contains(strings.ReplaceAll(text, "sign=***", ""), credential) {
			t.Errorf("%q leaked in: %s", credential, text)
		}
	}
}

// listenOn serves at an address of its own and returns its URL.
func listenOn(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
