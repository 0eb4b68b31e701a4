package release

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validate checks a document against a schema in testdata.
func validate(t *testing.T, schema string, document []byte) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile("testdata/" + schema)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Error(err)
	}
}

// unzipped returns one file of an archive.
func unzipped(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, file)
}

// A bundle's manifest matches the format's schema, names the program of its
// system, and asks for two secrets that may stay empty.
func TestBundleManifest(t *testing.T) {
	r := example(t)
	for platform, want := range map[Platform][2]string{
		{"linux", "amd64"}: {"linux", "server/dingtalk-mcp"}, {"darwin", "arm64"}: {"darwin", "server/dingtalk-mcp"}, {"windows", "amd64"}: {"win32", "server/dingtalk-mcp.exe"},
	} {
		r.Commands[0].Platform = platform
		bundle := files(t, r)[platform.file(".mcpb")]
		data := unzipped(t, bundle, "manifest.json")
		validate(t, "mcpb-manifest-v0.3.schema.json", data)
		manifest := decode[struct {
			ManifestVersion string `json:"manifest_version"`
			Version         string
			Server          struct{ Type, EntryPoint string }
			Tools           []struct{ Name, Description string }
			Compatibility   struct{ Platforms []string }
			UserConfig      map[string]struct {
				Sensitive, Required bool
				Default             *string
			} `json:"user_config"`
		}](t, data)
		if manifest.ManifestVersion != "0.3" || manifest.Version != "0.1.0" || manifest.Server.Type != "binary" || !slices.Equal(manifest.Compatibility.Platforms, want[:1]) {
			t.Errorf("%s: %+v", platform, manifest)
		}
		if got := unzipped(t, bundle, want[1]); string(got) != "program" {
			t.Errorf("%s: the program is %q", platform, got)
		}
		if len(manifest.Tools) != 2 || manifest.Tools[0].Name != "send_text_message" || manifest.Tools[0].Description == "" {
			t.Errorf("%s: tools %+v", platform, manifest.Tools)
		}
		if names := slices.Sorted(maps.Keys(manifest.UserConfig)); !slices.Equal(names, []string{"access_token", "secret"}) {
			t.Errorf("%s: settings %v", platform, names)
		}
		for name, setting := range manifest.UserConfig {
			if !setting.Sensitive || setting.Required || setting.Default == nil || *setting.Default != "" {
				t.Errorf("%s: %s is %+v", platform, name, setting)
			}
		}
	}
}

// server.json matches the registry's schema, and has the checksums of the bundles.
func TestServerJSON(t *testing.T) {
	r := example(t)
	r.Repository = "github.com/Some-One/dingtalk-mcp"
	files := files(t, r)
	validate(t, "server.schema.json", files["server.json"])
	server := decode[struct {
		Name, Version string
		Packages      []struct{ RegistryType, Identifier, Version, FileSha256 string }
	}](t, files["server.json"])
	if server.Name != "io.github.Some-One/dingtalk-mcp" || server.Version != "0.1.0" || len(server.Packages) != 2 {
		t.Fatalf("%+v", server)
	}
	bundle, image := server.Packages[0], server.Packages[1]
	if bundle.RegistryType != "mcpb" || bundle.Identifier != "https://github.com/Some-One/dingtalk-mcp/releases/download/v0.1.0/dingtalk-mcp_linux_amd64.mcpb" ||
		bundle.FileSha256 != fmt.Sprintf("%x", sha256.Sum256(files["dingtalk-mcp_linux_amd64.mcpb"])) {
		t.Errorf("%+v", bundle)
	}
	if image.RegistryType != "oci" || image.Identifier != "ghcr.io/some-one/dingtalk-mcp/server:v0.1.0" || image.Version != "" || image.FileSha256 != "" {
		t.Errorf("%+v", image)
	}
}

func TestSemver(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "1.2.3", "v0.1.0-3-g0123456789ab-dirty": "0.1.0-3-g0123456789ab-dirty", "0123456789ab": "0.0.0-g0123456789ab", Unknown: "0.0.0-gunknown",
	} {
		if got := (&Release{Source: Source{Version: version}}).semver(); got != want {
			t.Errorf("%s becomes %s, want %s", version, got, want)
		}
	}
}

// The server's image has an index with one image for each Linux, which runs serve
// as an ordinary user and trusts the usual certificates.
func TestServerImage(t *testing.T) {
	r := example(t)
	arm := *r.Commands[0]
	arm.Platform.Arch = "arm64"
	mac := arm
	mac.Platform.OS = "darwin"
	r.Commands = append(r.Commands, &arm, &mac)
	server := Files{}
	for name, data := range files(t, r) { // under the name that blob reads
		if name, ok := strings.CutPrefix(name, serverFolder); ok {
			server["oci/"+name] = data
		}
	}
	top := decode[spec.Index](t, server["oci/index.json"])
	if len(top.Manifests) != 1 || top.Manifests[0].MediaType != spec.MediaTypeImageIndex || top.Manifests[0].Annotations[spec.AnnotationRefName] != "v0.1.0" {
		t.Fatalf("index.json has %+v", top.Manifests)
	}
	index := decode[spec.Index](t, blob(t, server, top.Manifests[0]))
	if len(index.Manifests) != 2 {
		t.Fatalf("the index has %+v", index.Manifests)
	}
	for i, arch := range []string{"amd64", "arm64"} {
		d := index.Manifests[i]
		if d.Platform == nil || d.Platform.OS != "linux" || d.Platform.Architecture != arch {
			t.Errorf("image %d is for %+v", i, d.Platform)
		}
		checkServerManifest(t, server, decode[spec.Manifest](t, blob(t, server, d)), arch)
	}
}

func checkServerManifest(t *testing.T, server Files, manifest spec.Manifest, arch string) {
	t.Helper()
	config := decode[spec.Image](t, blob(t, server, manifest.Config))
	if !slices.Equal(config.Config.Entrypoint, []string{"/dingtalk-mcp"}) || !slices.Equal(config.Config.Cmd, []string{"serve"}) || config.Config.User != "65532:65532" || config.Architecture != arch {
		t.Errorf("%s: config %+v", arch, config)
	}
	if name := config.Config.Labels["io.modelcontextprotocol.server.name"]; name != "io.github."+placeholder {
		t.Errorf("%s: the label is %q", arch, name)
	}
	if len(manifest.Layers) != 1 || len(config.RootFS.DiffIDs) != 1 {
		t.Fatalf("%s: %d layers", arch, len(manifest.Layers))
	}
	layer := blob(t, server, manifest.Layers[0])
	found := untar(t, layer)
	if program := found["dingtalk-mcp"]; string(program.data) != "program" || program.mode.Perm() != 0o755 {
		t.Errorf("%s: the program is %v", arch, program.mode)
	}
	pool, count := x509.NewCertPool(), 0
	for rest := found["etc/ssl/certs/ca-certificates.crt"].data; ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if !pool.AppendCertsFromPEM(pem.EncodeToMemory(block)) {
			t.Errorf("%s: certificate %d is damaged", arch, count)
		}
	}
	if count < 100 {
		t.Errorf("%s: %d certificates", arch, count)
	}
	if got := digest.FromBytes(gunzip(t, layer)); got != config.RootFS.DiffIDs[0] {
		t.Errorf("%s: the layer has the id %s, want %s", arch, got, config.RootFS.DiffIDs[0])
	}
}
