package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// The names of what is linked without being a module of go.mod.
const (
	standardLibrary = "std"
	compiler        = "github.com/tinygo-org/tinygo"
)

// bill is the software bill of materials in CycloneDX 1.6, which tools read more
// widely than what came after: what is linked into the module, and nothing that
// only builds or tests it.
func (r *Release) bill() ([]byte, error) {
	root := r.root()
	parts := []cdx.Component{r.standardLibrary(), r.runtime()}
	for _, m := range r.Modules[1:] {
		part, err := m.component()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = serialNumber(r.Module)
	bom.Metadata = &cdx.Metadata{
		Timestamp:  r.when(),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Component:  &root,
	}
	bom.Components = &parts
	bom.Dependencies = r.dependencies(root, parts)
	bom.Compositions = &[]cdx.Composition{{
		Aggregate:    cdx.CompositionAggregateComplete,
		Dependencies: &[]cdx.BOMReference{cdx.BOMReference(root.BOMRef)},
	}}
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

// root is the module itself.
func (r *Release) root() cdx.Component {
	sum := sha256.Sum256(r.Module)
	root := cdx.Component{
		BOMRef:      r.Modules[0].Path,
		Type:        cdx.ComponentTypeApplication,
		Name:        r.Modules[0].Path,
		Version:     r.Source.Version,
		Description: description,
		MIMEType:    layerType,
		Hashes:      sha256Hash(sum[:]),
		Licenses:    r.Modules[0].Licence.listed(),
	}
	if r.Source.URL != "" {
		root.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeVCS, URL: r.Source.URL}}
	}
	return root
}

func (r *Release) standardLibrary() cdx.Component {
	return cdx.Component{
		BOMRef:      standardLibrary,
		Type:        cdx.ComponentTypeLibrary,
		Name:        standardLibrary,
		Version:     "go" + r.Compiler.Go,
		Description: "The standard library of Go; TinyGo replaces a part of it with its own, and this repository internal/godebug.",
		Licenses:    Licence{"BSD-3-Clause", goLicence}.listed(),
		PackageURL:  "pkg:golang/std@" + r.Compiler.Go,
	}
}

func (r *Release) runtime() cdx.Component {
	url := "pkg:golang/" + compiler + "@v" + r.Compiler.TinyGo
	return cdx.Component{
		BOMRef:      url,
		Type:        cdx.ComponentTypeLibrary,
		Name:        compiler,
		Version:     "v" + r.Compiler.TinyGo,
		Description: "The runtime that TinyGo compiles into every program.",
		Licenses:    Licence{"BSD-3-Clause", tinygoLicence}.listed(),
		PackageURL:  url,
		Components:  &[]cdx.Component{cLibrary()},
	}
}

// cLibrary is what the linker takes for TinyGo's runtime out of wasi-libc, whose
// version no build tells: `wasm-ld --why-extract` names strlen and nothing else
// that survives.
func cLibrary() cdx.Component {
	return cdx.Component{
		BOMRef:      "wasi-libc",
		Type:        cdx.ComponentTypeLibrary,
		Name:        "wasi-libc",
		Description: "The function strlen, which is musl's.",
		Licenses:    &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}},
		Copyright:   "2005-2020 Rich Felker, et al.",
	}
}

func (m Module) component() (cdx.Component, error) {
	part := cdx.Component{
		BOMRef:   m.Path,
		Type:     cdx.ComponentTypeLibrary,
		Name:     m.Path,
		Version:  m.Version,
		Licenses: m.Licence.listed(),
	}
	part.PackageURL = "pkg:golang/" + m.Path + "@" + m.Version
	part.BOMRef = part.PackageURL
	// The checksum of go.sum is SHA-256 over the module's files and their names.
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
	if err != nil || len(sum) != sha256.Size {
		return part, fmt.Errorf("%s has no checksum in go.sum", m.Path)
	}
	part.Hashes = sha256Hash(sum)
	return part, nil
}

// dependencies says what uses what. All Go code uses the standard library, and
// that uses TinyGo's runtime.
func (r *Release) dependencies(root cdx.Component, parts []cdx.Component) *[]cdx.Dependency {
	refs := map[string]string{root.Name: root.BOMRef}
	for _, p := range parts {
		refs[p.Name] = p.BOMRef
	}
	var list []cdx.Dependency
	for _, m := range r.Modules {
		uses := []string{standardLibrary}
		for _, imported := range m.Imports {
			uses = append(uses, refs[imported])
		}
		list = append(list, cdx.Dependency{Ref: refs[m.Path], Dependencies: &uses})
	}
	list = append(list,
		cdx.Dependency{Ref: standardLibrary, Dependencies: &[]string{refs[compiler]}},
		cdx.Dependency{Ref: refs[compiler], Dependencies: &[]string{cLibrary().BOMRef}})
	return &list
}

func (l Licence) listed() *cdx.Licenses {
	return &cdx.Licenses{{License: &cdx.License{ID: l.ID, Text: &cdx.AttachedText{Content: l.Text, ContentType: "text/plain"}}}}
}

func sha256Hash(sum []byte) *[]cdx.Hash {
	return &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
}

// serialNumber makes the UUID that a bill must have out of the module, for chance
// would make each build another one. Version 8 is for such numbers (RFC 9562).
func serialNumber(module []byte) string {
	sum := sha256.Sum256(append([]byte("bill of materials of "), module...))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
