package release

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

func decode[T any](t *testing.T, data []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// blob returns what a descriptor in the layout refers to, after checking it.
func blob(t *testing.T, files Files, d spec.Descriptor) []byte {
	t.Helper()
	data := files["oci/blobs/sha256/"+d.Digest.Encoded()]
	if int64(len(data)) != d.Size || digest.FromBytes(data) != d.Digest {
		t.Fatalf("%s has %d bytes of digest %s", d.Digest, len(data), digest.FromBytes(data))
	}
	return data
}

func manifestOf(t *testing.T, files Files) spec.Manifest {
	t.Helper()
	index := decode[spec.Index](t, files["oci/index.json"])
	if len(index.Manifests) != 1 {
		t.Fatalf("the index has %d manifests", len(index.Manifests))
	}
	return decode[spec.Manifest](t, blob(t, files, index.Manifests[0]))
}

// The image is what hyper-mcp loads: no index of platforms, and one layer that is
// the module.
func TestImage(t *testing.T) {
	r := example(t)
	files := files(t, r)
	index := decode[spec.Index](t, files["oci/index.json"])
	manifest := manifestOf(t, files)
	if d := index.Manifests[0]; d.Platform != nil || d.MediaType != spec.MediaTypeImageManifest || d.Annotations[spec.AnnotationRefName] != "v0.1.0" {
		t.Errorf("the index refers to %+v", d)
	}
	if manifest.MediaType != spec.MediaTypeImageManifest || manifest.ArtifactType != artifactType || string(blob(t, files, manifest.Config)) != "{}" {
		t.Errorf("manifest %+v", manifest)
	}
	if len(manifest.Layers) != 1 || manifest.Layers[0].MediaType != "application/wasm" || string(blob(t, files, manifest.Layers[0])) != string(r.Module) {
		t.Fatalf("layers %+v", manifest.Layers)
	}
	if got := manifest.Layers[0].Annotations[spec.AnnotationTitle]; got != "plugin.wasm" {
		t.Errorf("the layer is called %q", got)
	}
	for key, want := range map[string]string{
		"title":    "DingTalk plugin for MCP",
		"version":  "v0.1.0",
		"revision": "0123456789abcdef0123456789abcdef01234567",
		"source":   "https://example.org/dingtalk-plugin",
		"licenses": "MIT",
		"created":  "2026-11-21T12:00:00Z",
	} {
		if got := manifest.Annotations["org.opencontainers.image."+key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// A registryServer is the part of the OCI distribution specification that a push
// needs. It checks digests, and that a manifest comes after its blobs. It requires
// the password, if there is one.
type registryServer struct {
	password     string
	stored       map[string][]byte // by digest and by tag
	unauthorized int               // requests without the password
}

// serve starts the registry and returns its host and port.
func (s *registryServer) serve(t *testing.T) string {
	t.Helper()
	s.stored = map[string][]byte{}
	mux := http.NewServeMux()
	mux.HandleFunc("HEAD /v2/owner/plugin/{kind}/{ref}", http.NotFound)
	mux.HandleFunc("POST /v2/owner/plugin/blobs/uploads/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/v2/owner/plugin/blobs/upload")
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("PUT /v2/owner/plugin/blobs/upload", s.put)
	mux.HandleFunc("PUT /v2/owner/plugin/manifests/{tag}", s.put)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != s.password {
			s.unauthorized++
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func (s *registryServer) put(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	sum := digest.FromBytes(data).String()
	good := err == nil && r.URL.Query().Get("digest") == sum
	if tag := r.PathValue("tag"); tag != "" {
		var manifest spec.Manifest
		good = json.Unmarshal(data, &manifest) == nil && r.Header.Get("Content-Type") == manifest.MediaType
		for _, d := range append(manifest.Layers, manifest.Config) {
			good = good && int64(len(s.stored[d.Digest.String()])) == d.Size
		}
		s.stored[tag] = data
	}
	if !good {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	s.stored[sum] = data
	w.WriteHeader(http.StatusCreated)
}

// dockerConfig writes a Docker configuration with the password for the host.
func dockerConfig(t *testing.T, host, password string) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("DOCKER_CONFIG", folder)
	if password != "" {
		secret := base64.StdEncoding.EncodeToString([]byte("someone:" + password))
		write(t, folder, "config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, secret))
	}
}

// The password comes from Docker's configuration. What is in the registry under
// the digest that Push returns is what was built.
func TestPush(t *testing.T) {
	r, folder := example(t), t.TempDir()
	if err := files(t, r).Write(folder); err != nil {
		t.Fatal(err)
	}
	module := digest.FromBytes(r.Module)
	layout := filepath.Join(folder, "oci")
	server := registryServer{password: "correct"}
	host := server.serve(t)
	for _, password := range []string{"wrong", "", "correct"} {
		dockerConfig(t, host, password)
		pushed, err := Push(t.Context(), layout, host+"/owner/plugin:v0.1.0")
		if password != "correct" {
			if err == nil || !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "wrong") || len(server.stored) != 0 {
				t.Errorf("with password %q: %v", password, err)
			}
			continue
		}
		sum, found := strings.CutPrefix(pushed, host+"/owner/plugin@")
		if err != nil || !found || string(server.stored[sum]) != string(server.stored["v0.1.0"]) {
			t.Errorf("pushed as %s, %v", pushed, err)
		}
		if string(server.stored[module.String()]) != string(r.Module) || decode[spec.Manifest](t, server.stored[sum]).Layers[0].Digest != module {
			t.Errorf("the registry has not the module")
		}
		again, err := Push(t.Context(), layout, host+"/owner/plugin:latest")
		if err != nil || again != pushed {
			t.Errorf("pushed again as %s, %v, want %s", again, err, pushed)
		}
	}
	if server.unauthorized == 0 {
		t.Error("the registry required no password")
	}
	write(t, layout, "blobs/sha256/"+module.Encoded(), strings.Repeat("x", len(r.Module)))
	clear(server.stored)
	if _, err := Push(t.Context(), layout, host+"/owner/plugin:v0.1.0"); err == nil || server.stored["v0.1.0"] != nil {
		t.Errorf("a damaged layout was pushed: %v", err)
	}
}

// The server's index is pushed with the images in it.
func TestPushServer(t *testing.T) {
	r, folder := example(t), t.TempDir()
	if err := files(t, r).Write(folder); err != nil {
		t.Fatal(err)
	}
	server := registryServer{}
	host := server.serve(t)
	dockerConfig(t, host, "")
	pushed, err := Push(t.Context(), filepath.Join(folder, serverFolder), host+"/owner/plugin:v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	_, sum, _ := strings.Cut(pushed, "@")
	index := decode[spec.Index](t, server.stored[sum])
	if len(index.Manifests) != 1 || string(server.stored["v0.1.0"]) != string(server.stored[sum]) {
		t.Fatalf("pushed %s: %+v", pushed, index)
	}
	image := decode[spec.Manifest](t, server.stored[index.Manifests[0].Digest.String()])
	if len(image.Layers) != 1 || len(server.stored[image.Layers[0].Digest.String()]) == 0 {
		t.Errorf("the image is %+v", image)
	}
}

func TestPushRequiresTag(t *testing.T) {
	for _, ref := range []string{
		"", "plugin", "ghcr.io/owner/plugin", "ghcr.io/owner/Plugin:v1", "https://ghcr.io/owner/plugin:v1",
		"ghcr.io/owner/plugin@sha256:" + strings.Repeat("0", 64),
	} {
		if to, err := parseTagged(ref); err == nil {
			t.Errorf("%q is parsed as %v", ref, to)
		}
	}
}

// A password in the reference, as in an address for git, is refused and redacted.
func TestPushRedacts(t *testing.T) {
	for _, ref := range []string{
		"someone:CANARY@ghcr.io/owner/plugin:v1", "CANARY@ghcr.io/owner/plugin:v1", "someone:CAN/CANARY@ghcr.io/owner/plugin:v1",
		"someone:CAN@CANARY@ghcr.io/owner/plugin:v1", "https://someone:CANARY@ghcr.io/owner/plugin:v1", "someone:CANARY@ghcr.io/owner/plugin",
	} {
		_, err := Push(t.Context(), t.TempDir(), ref)
		if err == nil || strings.Contains(err.Error(), "CAN") || strings.Contains(err.Error(), "someone") || !strings.Contains(err.Error(), "***@ghcr.io/owner/plugin") {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// Only this machine is talked to without TLS.
func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "127.3.2.1": true, "[::1]:5000": true,
		"ghcr.io": false, "localhost.example.org:5000": false, "127.0.0.1.example.org": false, "192.168.1.2:5000": false, "0.0.0.0:5000": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("isLoopback(%q) = %v", host, got)
		}
	}
}
