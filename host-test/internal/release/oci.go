package release

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

const (
	// artifactType follows application/vnd.hyper-mcp.plugin.v2, which hyper-mcp
	// documents for plugins of its second interface; that name would promise exports
	// that this plugin, with the first one (describe and call), does not have.
	artifactType = "application/vnd.hyper-mcp.plugin.v1"

	// layerType is what hyper-mcp documents. The layer is the module itself:
	// hyper-mcp rejects a gzipped layer that is not a tar.
	layerType = "application/wasm"
)

// addImage adds an OCI image layout with one manifest, whose only layer is the
// module. It is no index of platforms, in which hyper-mcp would look for
// linux/amd64.
func (r *Release) addImage(files Files) {
	layout := layout{files, pluginFolder}
	layer := layout.addBlob(layerType, r.Module)
	layer.Annotations = map[string]string{spec.AnnotationTitle: moduleFile} // the file name for `oras pull`
	layout.addBlob(spec.MediaTypeEmptyJSON, spec.DescriptorEmptyJSON.Data)
	manifest := layout.addJSON(spec.MediaTypeImageManifest, spec.Manifest{
		Versioned: schema2, MediaType: spec.MediaTypeImageManifest, ArtifactType: artifactType,
		Config: spec.DescriptorEmptyJSON, Layers: []spec.Descriptor{layer}, Annotations: r.annotations(),
	})
	manifest.ArtifactType, manifest.Annotations = artifactType, r.annotations()
	manifest.Annotations[spec.AnnotationRefName] = r.Source.Version
	layout.finish(spec.Index{Versioned: schema2, MediaType: spec.MediaTypeImageIndex, Manifests: []spec.Descriptor{manifest}})
}

// serverNameLabel is where the MCP registry looks for the server's name, which
// proves that the image belongs to it.
const serverNameLabel = "io.modelcontextprotocol.server.name"

// addServerImage adds an OCI image layout with an index of the platforms that
// containers have, whose images run the command.
func (r *Release) addServerImage(ctx context.Context, files Files) error {
	certificates, err := rootCertificates(ctx)
	if err != nil {
		return err
	}
	layout := layout{files, serverFolder}
	index := spec.Index{Versioned: schema2, MediaType: spec.MediaTypeImageIndex, Annotations: r.serverLabels()}
	for _, c := range r.Commands {
		if c.Platform.OS != "linux" {
			continue
		}
		layer, err := r.serverLayer(c, certificates)
		if err != nil {
			return err
		}
		index.Manifests = append(index.Manifests, r.addServerManifest(layout, c.Platform, layer))
	}
	if len(index.Manifests) > 0 {
		tagged := layout.addJSON(spec.MediaTypeImageIndex, index)
		tagged.Annotations = map[string]string{spec.AnnotationRefName: r.Source.Version}
		layout.finish(spec.Index{Versioned: schema2, Manifests: []spec.Descriptor{tagged}})
	}
	return nil
}

// serverLayer returns an archive of the command, what it needs of a system, which
// are certificates, and the licenses.
func (r *Release) serverLayer(c *Command, certificates []byte) ([]byte, error) {
	entries, err := r.entries(c)
	if err != nil {
		return nil, err
	}
	const documents = "usr/share/doc/" + commandName + "/"
	files := []entry{entries[0]}
	for _, folder := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/", "usr/", "usr/share/", "usr/share/doc/", documents} {
		files = append(files, entry{folder, fs.ModeDir | 0o755, nil})
	}
	files = append(files, entry{"etc/ssl/certs/ca-certificates.crt", 0o644, certificates})
	for _, e := range entries[1:] {
		files = append(files, entry{documents + e.name, e.mode, e.data})
	}
	return tarArchive(files, r.Source.Date)
}

// addServerManifest adds the image for one platform.
func (r *Release) addServerManifest(layout layout, p Platform, layer []byte) spec.Descriptor {
	platform, created := spec.Platform{OS: p.OS, Architecture: p.Arch}, archiveDate(r.Source.Date)
	config := layout.addJSON(spec.MediaTypeImageConfig, spec.Image{
		Created: &created, Platform: platform,
		Config: spec.ImageConfig{User: "65532:65532", Entrypoint: []string{"/" + p.program()}, Cmd: []string{"serve"}, Labels: r.serverLabels()},
		RootFS: spec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(layer)}},
	})
	manifest := layout.addJSON(spec.MediaTypeImageManifest, spec.Manifest{
		Versioned: schema2, MediaType: spec.MediaTypeImageManifest, Config: config,
		Layers: []spec.Descriptor{layout.addBlob(spec.MediaTypeImageLayerGzip, compress(layer))}, Annotations: r.serverLabels(),
	})
	manifest.Platform = &platform
	return manifest
}

func (r *Release) serverLabels() map[string]string {
	labels := r.annotations()
	labels[spec.AnnotationTitle], labels[spec.AnnotationDescription] = commandName, commandDescription
	labels[serverNameLabel] = r.serverName()
	return labels
}

// The folders of the image layouts.
const (
	pluginFolder = "oci/"
	serverFolder = "oci-server/"
)

var schema2 = specs.Versioned{SchemaVersion: 2}

// A layout adds blobs to an image layout. The store of oras would list each
// platform's image in index.json beside the index of all.
type layout struct {
	files  Files
	folder string
}

func (l layout) addBlob(mediaType string, data []byte) spec.Descriptor {
	sum := digest.FromBytes(data)
	l.files[l.folder+"blobs/sha256/"+sum.Encoded()] = data
	return spec.Descriptor{MediaType: mediaType, Digest: sum, Size: int64(len(data))}
}

func (l layout) addJSON(mediaType string, value any) spec.Descriptor {
	return l.addBlob(mediaType, mustMarshal(value))
}

// finish adds the files by which the layout is read.
func (l layout) finish(index spec.Index) {
	l.files[l.folder+spec.ImageIndexFile] = mustMarshal(index)
	l.files[l.folder+spec.ImageLayoutFile] = mustMarshal(spec.ImageLayout{Version: spec.ImageLayoutVersion})
}

func mustMarshal(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // impossible: the types of the specification have only texts and numbers
	}
	return data
}

// The roots are Mozilla's, as the Go project publishes them. Their module needs a
// newer Go than this one, and only its data is wanted; so it is no requirement of
// go.mod, and its checksum is here.
const (
	rootsModule = "golang.org/x/crypto/x509roots/fallback@v0.0.0-20261030153154-30a33513ff6d"
	rootsSum    = "h1:5NBkmd8MXirajj6AAEpi4HFVJnVkBNPTL1ggYAKqaws="
)

// rootCertificates returns the certificates that the server's image trusts, which
// has no system that would bring them. Like Debian's, they omit until when Mozilla
// trusts one.
func rootCertificates(ctx context.Context) ([]byte, error) {
	out, err := run(exec.CommandContext(ctx, "go", "mod", "download", "-json", rootsModule), os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("the root certificates: %w\n%s", err, out)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return nil, fmt.Errorf("the root certificates: %w", err)
	}
	if module.Sum != rootsSum {
		return nil, fmt.Errorf("the root certificates: %s has the checksum %s, want %s", rootsModule, module.Sum, rootsSum)
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, "bundle", "bundle.der"))
	if err != nil {
		return nil, err
	}
	certificates, err := x509.ParseCertificates(data)
	var text bytes.Buffer
	for _, c := range certificates {
		fmt.Fprintf(&text, "# %s\n", c.Subject)
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), err
}

func (r *Release) annotations() map[string]string {
	annotations := map[string]string{
		spec.AnnotationTitle:       "DingTalk plugin for MCP",
		spec.AnnotationDescription: description,
		spec.AnnotationVersion:     r.Source.Version,
		spec.AnnotationLicenses:    r.license(),
		spec.AnnotationCreated:     r.timestamp(),
	}
	for key, value := range map[string]string{spec.AnnotationRevision: r.Source.Commit, spec.AnnotationSource: r.Source.URL} {
		if value != "" {
			annotations[key] = value
		}
	}
	return annotations
}

// license returns the identifier of this repository's license.
func (r *Release) license() string { return (*r.SBOM.Metadata.Component.Licenses)[0].License.ID }

// timestamp returns the source's date, or 1970 if it is unknown, so that the same
// source always gives the same manifest.
func (r *Release) timestamp() string {
	date := r.Source.Date
	if date.IsZero() {
		date = time.Unix(0, 0)
	}
	return date.UTC().Format(time.RFC3339)
}

// Push copies the image layout in the folder to ref, which is
// "registry/name:tag". It returns the reference by digest, which is what to sign:
// unlike a tag, it cannot be moved. Credentials come from Docker's configuration.
func Push(ctx context.Context, folder, ref string) (string, error) {
	to, err := parseTagged(ref)
	if err != nil {
		return "", err
	}
	layout, err := oci.NewFromFS(ctx, os.DirFS(folder))
	if err != nil {
		return "", err
	}
	tags, err := registry.Tags(ctx, layout)
	if err == nil && len(tags) != 1 {
		err = fmt.Errorf("has %d tags, want 1", len(tags))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", folder, err)
	}
	repository, err := openRepository(to)
	if err != nil {
		return "", err
	}
	pushed, err := oras.Copy(ctx, layout, tags[0], repository, to.Reference, oras.DefaultCopyOptions)
	if err != nil {
		return "", fmt.Errorf("push to %s: %w", ref, err)
	}
	return to.Registry + "/" + to.Repository + "@" + pushed.Digest.String(), nil
}

// parseTagged refuses an @ before oras parses the reference, because oras quotes
// it in errors: what precedes an @ may be a password. A digest is no tag either.
func parseTagged(ref string) (registry.Reference, error) {
	if at := strings.LastIndex(ref, "@"); at >= 0 {
		return registry.Reference{}, fmt.Errorf("***@%s has an @: write registry/name:tag, and log in with `docker login`", ref[at+1:])
	}
	to, err := registry.ParseReference(ref)
	if err != nil {
		return to, err
	}
	if to.ValidateReferenceAsTag() != nil {
		return to, fmt.Errorf("%s has no tag: write registry/name:tag", ref)
	}
	return to, nil
}

func openRepository(to registry.Reference) (*remote.Repository, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Docker's configuration: %w", err)
	}
	client := &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache(), Credential: credentials.Credential(store)}
	return &remote.Repository{Reference: to, PlainHTTP: isLoopback(to.Host()), Client: client}, nil
}

// isLoopback reports whether the host, which may have a port, is this machine.
// Like Docker, Push sends credentials without TLS to no other.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
