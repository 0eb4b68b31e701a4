// Package release makes the files of a release from a compiled module, and
// pushes its image to a registry. It sets the module's version and adds a
// checksum, an SBOM, an OCI image layout, and the schemas.
//
// The same source at the same commit gives the same bytes, in any folder and at
// any time.
package release

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	description = "Lets an AI agent post to a DingTalk group chat: an Extism plugin with the exports describe and call."
	moduleFile  = "plugin.wasm"
)

// A Release is everything that the files of a release are made of.
type Release struct {
	Module   []byte // with its version; see SetVersion
	Source   Source
	Compiler Compiler
	SBOM     *cdx.BOM // see ReadSBOM
	Describe []byte   // the output of describe
	Schemas  fs.FS    // JSON files
}

// Version returns the version that the module must have.
func (r *Release) Version() Version {
	return Version{Version: r.Source.Version, Commit: r.Source.Commit, Compiler: r.Compiler.String()}
}

// Files returns the files of the release.
func (r *Release) Files(ctx context.Context) (Files, error) {
	if version, _ := ReadVersion(r.Module); version != r.Version() {
		return nil, errors.New("the module does not have the version of this release")
	}
	files := Files{
		moduleFile:             r.Module,
		moduleFile + ".sha256": fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(r.Module), moduleFile),
		"schema/describe.json": slices.Concat(r.Describe, []byte("\n")),
	}
	var err error
	if files["plugin.cdx.json"], err = r.sbom(); err != nil {
		return nil, fmt.Errorf("the SBOM: %w", err)
	}
	if err := r.addImage(ctx, files); err != nil {
		return nil, fmt.Errorf("the image layout: %w", err)
	}
	names, err := fs.Glob(r.Schemas, "*.json")
	if err == nil && len(names) == 0 {
		err = errors.New("no schemas were found")
	}
	for _, name := range names {
		if err == nil {
			files["schema/"+name], err = fs.ReadFile(r.Schemas, name)
		}
	}
	return files, err
}
