package release

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	cyclonedxGomod = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

	// guestEnv selects the source files that TinyGo compiles. TinyGo always compiles
	// C, which the go command would omit for a foreign target.
	guestEnv = "GOOS=wasip1 GOARCH=wasm CGO_ENABLED=1 'GOFLAGS=-tags=tinygo,gc.precise -buildvcs=false'"
)

// The licenses of what is linked without being a module of go.mod: TinyGo's
// releases and Debian's Go lack these texts.
var (
	//go:embed licenses/go.txt
	goLicense string
	//go:embed licenses/tinygo.txt
	tinygoLicense string
)

// accepted are the licenses under which a dependency may be released with this
// plugin. A dependency that changes its license is noticed.
var accepted = []string{"MIT", "BSD-3-Clause", "Apache-2.0"}

// misread are modules, and prefixes of modules, whose license cyclonedx-gomod
// names wrongly. The go-sdk's file has two of them, and says which part has which.
var misread = map[string]string{"golang.org/x/": "BSD-3-Clause", "github.com/modelcontextprotocol/go-sdk": "Apache-2.0"}

// ReadSBOM lists the modules that the guest of the repository at root links, with
// the texts of their licenses, which have to be distributed with the plugin.
func ReadSBOM(ctx context.Context, root string) (*cdx.BOM, error) {
	return listLinked(ctx, root, "plugin", guestEnv)
}

// listLinked runs cyclonedx-gomod, which the go command downloads, on a main
// package. The environment is that of its compiler, in the shell's form.
func listLinked(ctx context.Context, root, main, environment string) (*cdx.BOM, error) {
	folder, err := os.MkdirTemp("", "sbom")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := stageSource(folder, root); err != nil {
		return nil, err
	}
	// -exec keeps that environment from what compiles cyclonedx-gomod.
	out, err := run(exec.CommandContext(ctx, "go", "run", "-exec", "env "+environment, cyclonedxGomod, "app", "-json",
		"-licenses", "-assert-licenses", "-short-purls", "-noserial", "-notimestamp", "-main", main, folder), root)
	if err != nil {
		return nil, err
	}
	bom := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(strings.NewReader(out), cdx.BOMFileFormatJSON).Decode(bom); err != nil {
		return nil, fmt.Errorf("the output of %s: %w", cyclonedxGomod, err)
	}
	// Both depend on the machine: the hashes of the executable, and its version of Go.
	for i := range *bom.Metadata.Tools.Tools {
		(*bom.Metadata.Tools.Tools)[i].Hashes = nil
	}
	bom.Metadata.Component.Properties = nil
	return bom, addLicenses(ctx, root, bom)
}

// stageSource links the source into the folder, and adds a git repository
// with one empty commit. cyclonedx-gomod fails without a repository, and in a
// linked work tree; its version of the main module is replaced later.
func stageSource(folder, root string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE", "plugin", "schema", "host-test"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	const who = "- <-> 0 +0000"
	const commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor " + who + "\ncommitter " + who + "\n\n"
	object := fmt.Appendf(nil, "commit %d\x00%s", len(commit), commit)
	sum := fmt.Sprintf("%x", sha1.Sum(object))
	var compressed bytes.Buffer
	w := zlib.NewWriter(&compressed)
	w.Write(object) // a bytes.Buffer returns no error
	w.Close()
	objects := filepath.Join(folder, ".git/objects", sum[:2])
	if err := os.MkdirAll(objects, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(objects, sum[2:]), compressed.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, ".git/HEAD"), []byte(sum+"\n"), 0o644)
}

// addLicenses adds the texts of the licenses that cyclonedx-gomod identified.
func addLicenses(ctx context.Context, root string, bom *cdx.BOM) error {
	parts, names := []*cdx.Component{bom.Metadata.Component}, []string{bom.Metadata.Component.Name}
	for i := range *bom.Components {
		parts = append(parts, &(*bom.Components)[i])
		names = append(names, (*bom.Components)[i].Name)
	}
	folders, err := run(exec.CommandContext(ctx, "go", append([]string{"list", "-m", "-f", "{{.Dir}}"}, names...)...), root)
	if err != nil {
		return err
	}
	for i, folder := range strings.Split(folders, "\n") {
		id, err := licenseID(parts[i])
		if err != nil {
			return err
		}
		text, err := licenseText(folder)
		if err != nil {
			return fmt.Errorf("the license of %s: %w", parts[i].Name, err)
		}
		parts[i].Licenses = license(id, text)
	}
	return nil
}

func licenseID(part *cdx.Component) (string, error) {
	for prefix, id := range misread {
		if strings.HasPrefix(part.Name, prefix) {
			return id, nil
		}
	}
	if part.Licenses == nil || len(*part.Licenses) != 1 || !slices.Contains(accepted, (*part.Licenses)[0].License.ID) {
		return "", fmt.Errorf("%s: the license is unknown: read it, and if it allows the release, add it to sbom.go", part.Name)
	}
	return (*part.Licenses)[0].License.ID, nil
}

// licenseText returns a module's license with its NOTICE, which the Apache
// license requires to be passed on.
func licenseText(folder string) (string, error) {
	var text []byte
	for _, name := range []string{"LICENSE", "LICENSE.md", "COPYING"} {
		var err error
		if text, err = os.ReadFile(filepath.Join(folder, name)); err == nil {
			break
		}
	}
	if text == nil {
		return "", errors.New("no file has it")
	}
	notice, err := os.ReadFile(filepath.Join(folder, "NOTICE"))
	if errors.Is(err, fs.ErrNotExist) {
		return string(text), nil
	}
	return string(text) + "\nNOTICE\n\n" + string(notice), err
}

func license(id, text string) *cdx.Licenses {
	return &cdx.Licenses{{License: &cdx.License{ID: id, Text: &cdx.AttachedText{Content: text, ContentType: "text/plain"}}}}
}

// sbom lists what is in the module.
func (r *Release) sbom() ([]byte, error) {
	std, tinygo, libc := r.linkedByCompiler()
	return r.encodeSBOM(r.SBOM, subject{file: r.Module, description: description, mediaType: layerType}, std,
		part{tinygo, []cdx.Dependency{{Ref: std.BOMRef, Dependencies: &[]string{tinygo.BOMRef}}, {Ref: tinygo.BOMRef, Dependencies: &[]string{libc.BOMRef}}}},
		part{component: libc})
}

// commandSBOM lists what is in the command, the plugin with its parts included.
func (r *Release) commandSBOM(c *Command) ([]byte, error) {
	data, err := r.sbom()
	if err != nil {
		return nil, err
	}
	plugin := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(bytes.NewReader(data), cdx.BOMFileFormatJSON).Decode(plugin); err != nil {
		return nil, err
	}
	std := library("std", c.Go, "pkg:golang/std@"+strings.TrimPrefix(c.Go, "go"), "The standard library of Go.")
	std.Licenses = license("BSD-3-Clause", goLicense)
	inside := embeddedPlugin(plugin)
	inside.dependencies = append(inside.dependencies, cdx.Dependency{Ref: std.BOMRef})
	about := subject{file: c.Program, description: commandDescription, mediaType: "application/octet-stream", embeds: inside.component.BOMRef}
	return r.encodeSBOM(c.SBOM, about, std, inside)
}

// embeddedPlugin turns the plugin's SBOM into a component of another. Some of its
// modules are also linked into the command, so its references get a prefix.
func embeddedPlugin(bom *cdx.BOM) part {
	const prefix = moduleFile + "/"
	component, nested := *bom.Metadata.Component, slices.Clone(*bom.Components)
	component.BOMRef, component.Name = prefix+component.BOMRef, moduleFile
	component.Type = cdx.ComponentTypeLibrary
	for i := range nested {
		nested[i].BOMRef = prefix + nested[i].BOMRef
	}
	component.Components = &nested
	var dependencies []cdx.Dependency
	for _, d := range *bom.Dependencies {
		var uses []string
		if d.Dependencies != nil {
			for _, ref := range *d.Dependencies {
				uses = append(uses, prefix+ref)
			}
		}
		dependencies = append(dependencies, cdx.Dependency{Ref: prefix + d.Ref, Dependencies: &uses})
	}
	return part{component, dependencies}
}

// A subject is the file that an SBOM describes.
type subject struct {
	file                   []byte
	description, mediaType string
	embeds                 string // the reference of a component that nothing imports
}

// A part is a component that cyclonedx-gomod does not know, with what depends on
// what in it.
type part struct {
	component    cdx.Component
	dependencies []cdx.Dependency
}

// encodeSBOM completes a list of linked modules: the file's hash and version, the
// standard library, which all Go code uses, and other parts.
func (r *Release) encodeSBOM(list *cdx.BOM, s subject, std cdx.Component, parts ...part) ([]byte, error) {
	bom, metadata, root := *list, *list.Metadata, *list.Metadata.Component
	unversioned := root.Version
	root.Description, root.MIMEType = s.description, s.mediaType
	root.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(s.file))}}
	if r.Source.URL != "" {
		root.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeVCS, URL: r.Source.URL}}
	}
	if !r.Source.Date.IsZero() {
		metadata.Timestamp = r.timestamp()
	}
	metadata.Component, bom.Metadata = &root, &metadata
	bom.SerialNumber = serialNumber(s.file)

	components := append(slices.Clone(*bom.Components), std)
	var dependencies []cdx.Dependency
	for _, p := range parts {
		components = append(components, p.component)
		dependencies = append(dependencies, p.dependencies...)
	}
	for _, d := range *bom.Dependencies {
		uses := []string{std.BOMRef}
		if d.Ref == root.BOMRef && s.embeds != "" {
			uses = append(uses, s.embeds)
		}
		if d.Dependencies != nil {
			uses = append(uses, *d.Dependencies...)
		}
		dependencies = append(dependencies, cdx.Dependency{Ref: d.Ref, Dependencies: &uses})
	}
	bom.Components, bom.Dependencies = &components, &dependencies

	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(&bom, cdx.SpecVersion1_6)
	return bytes.ReplaceAll(out.Bytes(), []byte(unversioned), []byte(r.Source.Version)), err
}

// linkedByCompiler returns the components that no go.mod names.
func (r *Release) linkedByCompiler() (std, tinygo, libc cdx.Component) {
	std = library("std", "go"+r.Compiler.Go, "pkg:golang/std@"+r.Compiler.Go,
		"The standard library of Go. TinyGo replaces parts of it, and this repository replaces internal/godebug.")
	std.Licenses = license("BSD-3-Clause", goLicense)

	const path = "github.com/tinygo-org/tinygo"
	tinygo = library(path, "v"+r.Compiler.TinyGo, "pkg:golang/"+path+"@v"+r.Compiler.TinyGo,
		"The runtime that TinyGo compiles into every program.")
	tinygo.Licenses = license("BSD-3-Clause", tinygoLicense)

	// No build tells its version. `wasm-ld --why-extract` names no other function.
	libc = library("wasi-libc", "", "", "The function strlen, which is musl's.")
	libc.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}}
	libc.Copyright = "2005-2020 Rich Felker, et al."
	return std, tinygo, libc
}

func library(name, version, purl, description string) cdx.Component {
	return cdx.Component{BOMRef: name, Type: cdx.ComponentTypeLibrary, Name: name, Version: version, PackageURL: purl, Description: description}
}

// serialNumber derives the UUID of the SBOM from the module, because a random one
// would differ in each build. Version 8 is for such UUIDs (RFC 9562).
func serialNumber(module []byte) string {
	sum := sha256.Sum256(append([]byte("bill of materials of "), module...))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
