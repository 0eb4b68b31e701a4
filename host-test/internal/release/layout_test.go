package release

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

// blob returns what a descriptor in the layout points to, having compared size
// and digest.
func blob(t *testing.T, files Files, d spec.Descriptor) []byte {
	t.Helper()
	data, ok := files["oci/blobs/sha256/"+d.Digest.Encoded()]
	if !ok {
		t.Fatalf("the layout misses %s", d.Digest)
	}
	if int64(len(data)) != d.Size || digest.FromBytes(data) != d.Digest {
		t.Errorf("%s has %d bytes of digest %s", d.Digest, len(data), digest.FromBytes(data))
	}
	return data
}

func decode[T any](t *testing.T, data []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func manifestOf(t *testing.T, files Files) spec.Manifest {
	t.Helper()
	index := decode[spec.Index](t, files["oci/index.json"])
	if len(index.Manifests) != 1 {
		t.Fatalf("the index has %d manifests", len(index.Manifests))
	}
	return decode[spec.Manifest](t, blob(t, files, index.Manifests[0]))
}

// All that the layout has is reached from its index, and is what it is called.
func TestLayout(t *testing.T) {
	files := made(t, example(t))
	if got := decode[spec.ImageLayout](t, files["oci/oci-layout"]).Version; got != "1.0.0" {
		t.Errorf("layout version %s", got)
	}
	index := decode[spec.Index](t, files["oci/index.json"])
	if index.SchemaVersion != 2 || index.MediaType != spec.MediaTypeImageIndex || index.Manifests[0].Platform != nil {
		t.Errorf("index %+v", index)
	}
	manifest := manifestOf(t, files)
	if manifest.SchemaVersion != 2 || manifest.MediaType != index.Manifests[0].MediaType || manifest.ArtifactType != index.Manifests[0].ArtifactType {
		t.Errorf("manifest %+v", manifest)
	}
	if got := string(blob(t, files, manifest.Config)); got != "{}" {
		t.Errorf("config %s", got)
	}
	blobs := 0
	for name := range files {
		if strings.HasPrefix(name, "oci/blobs/") {
			blobs++
		}
	}
	if blobs != 3 {
		t.Errorf("%d blobs, want module, manifest and config", blobs)
	}
}

// hyper-mcp takes the first layer that begins like a module, and gives up on what
// is neither that nor an archive.
func TestLayoutSuitsHyperMCP(t *testing.T) {
	r := example(t)
	files := made(t, r)
	layers := manifestOf(t, files).Layers
	if len(layers) != 1 || layers[0].MediaType != "application/wasm" {
		t.Fatalf("layers %+v", layers)
	}
	module := blob(t, files, layers[0])
	if string(module[:4]) != "\x00asm" || string(module) != string(r.Module) {
		t.Errorf("the layer begins with %q", module[:4])
	}
}

func TestLayoutAnnotations(t *testing.T) {
	files := made(t, example(t))
	manifest := manifestOf(t, files)
	for key, want := range map[string]string{
		"org.opencontainers.image.title":    "DingTalk plugin for MCP",
		"org.opencontainers.image.version":  "v0.1.0",
		"org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
		"org.opencontainers.image.source":   "https://example.org/dingtalk-plugin",
		"org.opencontainers.image.licenses": "MIT",
		"org.opencontainers.image.created":  "2026-11-21T12:00:00Z",
	} {
		if got := manifest.Annotations[key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := manifest.Layers[0].Annotations["org.opencontainers.image.title"]; got != "plugin.wasm" {
		t.Errorf("the layer is called %q", got)
	}
	if got := decode[spec.Index](t, files["oci/index.json"]).Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != "v0.1.0" {
		t.Errorf("the manifest is tagged %q", got)
	}
}
