package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/release"

	extism "github.com/extism/go-sdk"
)

// Runners load what make dist made: over HTTP, and the layer of the image.
func TestDistLoads(t *testing.T) {
	module(t)
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "run", "./host-test", "dist", "--out", folder)
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer server.Close()
	blob := layer(t, filepath.Join(folder, "oci"))
	for name, wasm := range map[string]extism.Wasm{
		"http": extism.WasmUrl{Url: server.URL + "/plugin.wasm"},
		"blob": extism.WasmFile{Path: blob},
	} {
		plugin, err := extism.NewPlugin(t.Context(), extism.Manifest{Wasm: []extism.Wasm{wasm}}, extism.PluginConfig{EnableWasi: true}, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer plugin.Close(t.Context())
		_, output, err := plugin.Call("describe", nil)
		if err != nil || !strings.Contains(string(output), `"dingtalk-plugin/version":{"version":"`) || strings.Contains(string(output), `"version":"unknown"`) {
			t.Errorf("%s: %v, and describe answers without the version: %s", name, err, output)
		}
	}
	stamped, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	if version, ok := release.ReadVersion(stamped); !ok || version.Compiler == "" {
		t.Errorf("the image's module has the version %v", version)
	}
}

// layer returns the file of the image's one layer.
func layer(t *testing.T, layout string) string {
	t.Helper()
	var index struct{ Manifests []struct{ Digest string } }
	readJSON(t, filepath.Join(layout, "index.json"), &index)
	var manifest struct {
		Layers []struct{ MediaType, Digest string }
	}
	readJSON(t, blobFile(layout, index.Manifests[0].Digest), &manifest)
	if len(manifest.Layers) != 1 || manifest.Layers[0].MediaType != "application/wasm" {
		t.Fatalf("layers %+v", manifest.Layers)
	}
	return blobFile(layout, manifest.Layers[0].Digest)
}

func blobFile(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
