package release

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

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
func (r *Release) addImage(ctx context.Context, files Files) error {
	folder, err := os.MkdirTemp("", "oci")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	layout, err := oci.NewWithContext(ctx, folder)
	if err != nil {
		return err
	}
	layer, err := oras.PushBytes(ctx, layout, layerType, r.Module)
	if err != nil {
		return err
	}
	layer.Annotations = map[string]string{spec.AnnotationTitle: moduleFile} // the file name for `oras pull`
	manifest, err := oras.PackManifest(ctx, layout, oras.PackManifestVersion1_1, artifactType, oras.PackManifestOptions{
		Layers:              []spec.Descriptor{layer},
		ManifestAnnotations: r.annotations(),
	})
	if err != nil {
		return err
	}
	if err := layout.Tag(ctx, manifest, r.Source.Version); err != nil {
		return err
	}
	return files.add("oci/", os.DirFS(folder))
}

func (r *Release) annotations() map[string]string {
	annotations := map[string]string{
		spec.AnnotationTitle:       "DingTalk plugin for MCP",
		spec.AnnotationDescription: description,
		spec.AnnotationVersion:     r.Source.Version,
		spec.AnnotationLicenses:    (*r.SBOM.Metadata.Component.Licenses)[0].License.ID,
		spec.AnnotationCreated:     r.timestamp(),
	}
	for key, value := range map[string]string{spec.AnnotationRevision: r.Source.Commit, spec.AnnotationSource: r.Source.URL} {
		if value != "" {
			annotations[key] = value
		}
	}
	return annotations
}

// timestamp returns the source's date, or 1970 if it is unknown: a manifest must
// have a date, and oras would take the current one.
func (r *Release) timestamp() string {
	if r.Source.Date.IsZero() {
		return time.Unix(0, 0).UTC().Format(time.RFC3339)
	}
	return r.Source.Date.UTC().Format(time.RFC3339)
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
