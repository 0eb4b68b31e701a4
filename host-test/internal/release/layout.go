package release

import (
	"encoding/json"
	"path"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// artifactType says what the manifest is about. hyper-mcp documents
	// application/vnd.hyper-mcp.plugin.v2 for plugins of its second interface and
	// nothing for those of the first, and looks at neither. This module has the
	// first interface (describe and call), so it takes the name that the series
	// implies; the documented one would promise exports that it has not got.
	artifactType = "application/vnd.hyper-mcp.plugin.v1"

	// layerType is what hyper-mcp documents, and what registries show. The layer is
	// the module as it is: a gzipped layer that is no tar makes hyper-mcp give up.
	layerType = "application/wasm"

	layoutFolder = "oci"
)

// addLayout adds an OCI image layout with one manifest, which has the module for
// its only layer.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func (r *Release) addLayout(files Files) error {
	manifest, err := json.Marshal(r.manifest())
	if err != nil {
		return err
	}
	described := descriptor(spec.MediaTypeImageManifest, manifest)
	described.ArtifactType = artifactType
	described.Annotations = map[string]string{spec.AnnotationRefName: r.Source.Version}
	index, err := json.Marshal(spec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: spec.MediaTypeImageIndex,
		Manifests: []spec.Descriptor{described},
	})
	if err != nil {
		return err
	}
	files[path.Join(layoutFolder, spec.ImageIndexFile)] = index
	files[path.Join(layoutFolder, spec.ImageLayoutFile)] = []byte(`{"imageLayoutVersion":"` + spec.ImageLayoutVersion + `"}`)
	for _, blob := range [][]byte{r.Module, manifest, spec.DescriptorEmptyJSON.Data} {
		sum := digest.FromBytes(blob)
		files[path.Join(layoutFolder, spec.ImageBlobsDir, sum.Algorithm().String(), sum.Encoded())] = blob
	}
	return nil
}

// manifest is what `oras push --artifact-type` makes, with annotations: a plain
// manifest, because hyper-mcp would look for linux/amd64 in an index of
// platforms.
func (r *Release) manifest() spec.Manifest {
	layer := descriptor(layerType, r.Module)
	layer.Annotations = map[string]string{spec.AnnotationTitle: moduleFile} // the name that `oras pull` gives the file
	return spec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    spec.MediaTypeImageManifest,
		ArtifactType: artifactType,
		Config:       spec.DescriptorEmptyJSON,
		Layers:       []spec.Descriptor{layer},
		Annotations:  r.annotations(),
	}
}

func (r *Release) annotations() map[string]string {
	annotations := map[string]string{
		spec.AnnotationTitle:       title,
		spec.AnnotationDescription: description,
		spec.AnnotationVersion:     r.Source.Version,
		spec.AnnotationLicenses:    r.Modules[0].Licence.ID,
	}
	for key, value := range map[string]string{
		spec.AnnotationRevision: r.Source.Commit,
		spec.AnnotationSource:   r.Source.URL,
		spec.AnnotationCreated:  r.when(),
	} {
		if value != "" {
			annotations[key] = value
		}
	}
	return annotations
}

func descriptor(mediaType string, blob []byte) spec.Descriptor {
	return spec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(blob), Size: int64(len(blob))}
}
