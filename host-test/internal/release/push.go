package release

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Push copies the layout that Release made in the folder to ref, which is
// "registry/name:tag", and returns the reference by digest: what to sign, and
// what nobody can move. It logs in with what Docker's configuration holds.
func Push(ctx context.Context, folder, ref string) (string, error) {
	to, err := parseTagged(ref)
	if err != nil {
		return "", err
	}
	layout, err := oci.NewFromFS(ctx, os.DirFS(folder))
	if err != nil {
		return "", err
	}
	manifest, err := only(ctx, layout)
	if err != nil {
		return "", fmt.Errorf("%s: %w", folder, err)
	}
	repository, err := dial(to)
	if err != nil {
		return "", err
	}
	pushed, err := oras.Copy(ctx, layout, manifest, repository, to.Reference, oras.DefaultCopyOptions)
	if err != nil {
		return "", fmt.Errorf("push to %s: %w", ref, err)
	}
	return to.Registry + "/" + to.Repository + "@" + pushed.Digest.String(), nil
}

// parseTagged refuses an @ before anything else: it stands after a password, and
// before a digest, which is no tag. Errors of others would quote the whole.
func parseTagged(ref string) (registry.Reference, error) {
	if at := strings.LastIndex(ref, "@"); at >= 0 {
		return registry.Reference{}, fmt.Errorf("***@%s has an @: write registry/name:tag, and give a password to `docker login`", ref[at+1:])
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

// only returns the tag of the one manifest in the layout.
func only(ctx context.Context, layout *oci.ReadOnlyStore) (tag string, err error) {
	tags, err := registry.Tags(ctx, layout)
	if err == nil && len(tags) != 1 {
		err = fmt.Errorf("want one manifest, have %d", len(tags))
	}
	if err != nil {
		return "", err
	}
	return tags[0], nil
}

func dial(to registry.Reference) (*remote.Repository, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("docker's configuration: %w", err)
	}
	return &remote.Repository{
		Reference: to,
		PlainHTTP: loopback(to.Host()),
		Client: &auth.Client{
			Client:     retry.DefaultClient,
			Cache:      auth.NewCache(),
			Credential: credentials.Credential(store),
		},
	}, nil
}

// loopback reports whether the host, which may have a port, is this machine. Only
// there may a password go out in the clear, as Docker has it.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
