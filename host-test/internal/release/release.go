// Package artifact makes of a compiled module what a release holds, and pushes
// it to a registry. The module gets to know its own version, and beside it stand
// its checksum, a bill of what is linked into it, an OCI image layout, and the
// schemas.
//
// The same source at the same commit gives the same bytes, wherever it lies and
// whenever it is built.
package release

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Names and texts that the bill of materials and the manifest share.
const (
	title       = "DingTalk plugin for MCP"
	description = "Lets an AI agent post to a DingTalk group chat: an Extism plugin with the exports describe and call."
	moduleFile  = "plugin.wasm"
)

// A Release is everything that the files of a release are made of.
type Release struct {
	Module   []byte // stamped; see Stamp
	Source   Source
	Compiler Compiler
	Modules  []Module // linked into the module, the repository itself first
	Describe []byte   // the output of describe
	Schemas  fs.FS    // files of JSON, of each tool and of what they answer
}

// Version returns what the module is to be stamped with.
func (r *Release) Version() Version {
	return Version{Version: r.Source.Version, Commit: r.Source.Commit, Compiler: r.Compiler.String()}
}

// Files returns the files of the release.
func (r *Release) Files() (Files, error) {
	if stamped, _ := ReadVersion(r.Module); stamped != r.Version() {
		return nil, errors.New("the module is not stamped with the version of this release")
	}
	files := Files{
		moduleFile:             r.Module,
		moduleFile + ".sha256": fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(r.Module), moduleFile),
		"schema/describe.json": slices.Concat(r.Describe, []byte("\n")),
	}
	bill, err := r.bill()
	if err != nil {
		return nil, fmt.Errorf("the bill of materials: %w", err)
	}
	files["plugin.cdx.json"] = bill
	if err := r.addLayout(files); err != nil {
		return nil, fmt.Errorf("the image layout: %w", err)
	}
	return files, r.addSchemas(files)
}

func (r *Release) addSchemas(files Files) error {
	names, err := fs.Glob(r.Schemas, "*.json")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no schemas were found")
	}
	for _, name := range names {
		if files["schema/"+name], err = fs.ReadFile(r.Schemas, name); err != nil {
			return err
		}
	}
	return nil
}

// when returns the source's date, or "" where there is none.
func (r *Release) when() string {
	if r.Source.Date.IsZero() {
		return ""
	}
	return r.Source.Date.UTC().Format(time.RFC3339)
}
