package release

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	spec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry"
)

// docker configures a folder as Docker's, with a password for the host or none.
func docker(t *testing.T, host, user, password string) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("DOCKER_CONFIG", folder)
	if user != "" {
		secret := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		write(t, folder, "config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, secret))
	}
}

// layout writes the layout of the example and returns its folder.
func layout(t *testing.T) (r *Release, folder string) {
	t.Helper()
	r, folder = example(t), t.TempDir()
	if err := made(t, r).Write(folder); err != nil {
		t.Fatal(err)
	}
	return r, filepath.Join(folder, "oci")
}

// What is pulled by the digest that push returns is what was built.
func TestPush(t *testing.T) {
	var server registryServer
	host := server.serve(t)
	docker(t, host, "", "")
	r, folder := layout(t)
	pushed, err := Push(t.Context(), folder, host+"/owner/plugin:v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	sum, found := strings.CutPrefix(pushed, host+"/owner/plugin@")
	if !found || !bytes.Equal(server.manifests[sum], server.manifests["v0.1.0"]) {
		t.Errorf("pushed as %s", pushed)
	}
	if got := pull(t, pushed); !bytes.Equal(got, r.Module) {
		t.Errorf("%d bytes come back, want the %d of the module", len(got), len(r.Module))
	}
	again, err := Push(t.Context(), folder, host+"/owner/plugin:latest")
	if err != nil || again != pushed {
		t.Errorf("pushed again as %s, %v, want %s", again, err, pushed)
	}
}

// pull does what hyper-mcp does: the manifest, then its layer.
func pull(t *testing.T, ref string) []byte {
	t.Helper()
	from, err := registry.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	repository, err := dial(from)
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := oras.FetchBytes(t.Context(), repository, from.Reference, oras.DefaultFetchBytesOptions)
	if err != nil {
		t.Fatal(err)
	}
	module, err := content.FetchAll(t.Context(), repository, decode[spec.Manifest](t, data).Layers[0])
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// The password comes from Docker's configuration; without it, or with a wrong
// one, the push fails and says where.
func TestPushLogsIn(t *testing.T) {
	server := registryServer{user: "someone", password: "correct"}
	host := server.serve(t)
	_, folder := layout(t)
	for _, attempt := range []struct {
		user, password string
		good           bool
	}{
		{"someone", "correct", true},
		{"someone", "wrong", false},
		{"", "", false},
	} {
		docker(t, host, attempt.user, attempt.password)
		_, err := Push(t.Context(), folder, host+"/owner/plugin:v0.1.0")
		if (err == nil) != attempt.good {
			t.Errorf("as %q with %q: %v", attempt.user, attempt.password, err)
		}
		if err != nil && (!strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "wrong")) {
			t.Errorf("the error is %v", err)
		}
	}
	if server.turned == 0 {
		t.Error("the registry asked for no password")
	}
}

func TestPushWantsATag(t *testing.T) {
	for _, ref := range []string{
		"", "plugin", "ghcr.io/owner/plugin", "ghcr.io/owner/Plugin:v1", "https://ghcr.io/owner/plugin:v1",
		"ghcr.io/owner/plugin@sha256:" + strings.Repeat("0", 64),
	} {
		if to, err := parseTagged(ref); err == nil {
			t.Errorf("%q is taken for %v", ref, to)
		}
	}
}

// A password that was written into the reference, as for git, is not shown.
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

// Another host than this machine is only talked to over TLS.
func TestPlainHTTP(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "127.3.2.1": true, "[::1]:5000": true,
		"ghcr.io": false, "localhost.example.org:5000": false, "127.0.0.1.example.org": false, "192.168.1.2:5000": false, "0.0.0.0:5000": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("%s is loopback: %v", host, got)
		}
	}
}

// A layout with a changed module does not get out.
func TestPushRefusesDamage(t *testing.T) {
	var server registryServer
	host := server.serve(t)
	docker(t, host, "", "")
	r, folder := layout(t)
	module := manifestOf(t, made(t, r)).Layers[0].Digest.Encoded()
	write(t, folder, "blobs/sha256/"+module, strings.Repeat("x", len(r.Module)))
	if _, err := Push(t.Context(), folder, host+"/owner/plugin:v0.1.0"); err == nil || len(server.manifests) != 0 {
		t.Errorf("a damaged layout was pushed: %v", err)
	}
}
