package release

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A registryServer is the part of the OCI distribution specification that a push and a
// pull take, with its checks: no blob under a wrong digest, no manifest before
// what it names. With a user, it wants basic authentication.
type registryServer struct {
	user, password string

	mu        sync.Mutex
	blobs     map[string][]byte // by digest
	manifests map[string][]byte // by digest and by tag
	turned    int               // requests that were turned away
}

// serve starts the registry and returns its host and port.
func (s *registryServer) serve(t *testing.T) string {
	t.Helper()
	s.blobs, s.manifests = map[string][]byte{}, map[string][]byte{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /v2/owner/plugin/blobs/{ref}", func(w http.ResponseWriter, r *http.Request) { send(w, r, s.blobs) })
	mux.HandleFunc("POST /v2/owner/plugin/blobs/uploads/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/v2/owner/plugin/blobs/uploads/1")
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("PUT /v2/owner/plugin/blobs/uploads/1", s.putBlob)
	mux.HandleFunc("GET /v2/owner/plugin/manifests/{ref}", func(w http.ResponseWriter, r *http.Request) { send(w, r, s.manifests) })
	mux.HandleFunc("PUT /v2/owner/plugin/manifests/{ref}", s.putManifest)
	server := httptest.NewServer(s.guarded(mux))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func (s *registryServer) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if user, password, _ := r.BasicAuth(); user != s.user || password != s.password {
			s.turned++
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func send(w http.ResponseWriter, r *http.Request, from map[string][]byte) {
	data, ok := from[r.PathValue("ref")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	mediaType := "application/octet-stream"
	if strings.Contains(r.URL.Path, "/manifests/") {
		mediaType = spec.MediaTypeImageManifest
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(data).String())
	w.Write(data)
}

func (s *registryServer) putBlob(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	sum := r.URL.Query().Get("digest")
	if err != nil || digest.FromBytes(data).String() != sum {
		http.Error(w, "DIGEST_INVALID", http.StatusBadRequest)
		return
	}
	s.blobs[sum] = data
	w.WriteHeader(http.StatusCreated)
}

func (s *registryServer) putManifest(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	var manifest spec.Manifest
	if err != nil || json.Unmarshal(data, &manifest) != nil || r.Header.Get("Content-Type") != manifest.MediaType {
		http.Error(w, "MANIFEST_INVALID", http.StatusBadRequest)
		return
	}
	for _, d := range append(manifest.Layers, manifest.Config) {
		if int64(len(s.blobs[d.Digest.String()])) != d.Size {
			http.Error(w, "MANIFEST_BLOB_UNKNOWN", http.StatusBadRequest)
			return
		}
	}
	s.manifests[r.PathValue("ref")] = data
	s.manifests[digest.FromBytes(data).String()] = data
	w.WriteHeader(http.StatusCreated)
}
