// Package release makes the files of a release from a compiled module, and
// pushes its images to a registry: the module with its SBOM, image and schemas,
// and the command dingtalk-mcp, which contains the module, as archives, desktop
// bundles and an image, with what the MCP registry wants to know of them.
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
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"dingtalk-plugin/host-test/internal/pluginversion"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	description = "Lets an AI agent post to a DingTalk group chat: an Extism plugin with the exports describe and call."
	moduleFile  = "plugin.wasm"
)

// A Release is everything that the files of a release are made of.
type Release struct {
	Module     []byte // with its version; see pluginversion.Set
	Source     Source
	Repository string // such as "github.com/owner/name"; see ReadRepository
	Compiler   Compiler
	SBOM       *cdx.BOM // see ReadSBOM
	Describe   []byte   // the output of describe
	Schemas    fs.FS    // JSON files
	Documents  fs.FS    // README and LICENSE
	Commands   []*Command
}

// Read returns what the repository at root tells without the module: everything
// but Module, Describe and Commands.
func Read(ctx context.Context, root string) (r *Release, err error) {
	r = &Release{Schemas: os.DirFS(filepath.Join(root, "schema")), Documents: os.DirFS(root)}
	if r.Source, err = ReadSource(ctx, root); err != nil {
		return nil, err
	}
	if r.Repository, err = ReadRepository(root); err != nil {
		return nil, err
	}
	if r.Compiler, err = ReadCompiler(ctx, root); err != nil {
		return nil, err
	}
	r.SBOM, err = ReadSBOM(ctx, root)
	return r, err
}

// Version returns the version that the module must have.
func (r *Release) Version() pluginversion.Version {
	return pluginversion.Version{Version: r.Source.Version, Commit: r.Source.Commit, Compiler: r.Compiler.String()}
}

// Files returns the files of the release.
func (r *Release) Files(ctx context.Context) (Files, error) {
	if built, _ := pluginversion.Read(r.Module); built != r.Version() {
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
	r.addImage(files)
	if err := r.addSchemas(files); err != nil {
		return nil, err
	}
	if err := r.addCommands(ctx, files); err != nil {
		return nil, err
	}
	files[sumsFile] = files.sums()
	return files, nil
}

func (r *Release) addSchemas(files Files) error {
	names, err := fs.Glob(r.Schemas, "*.json")
	if err == nil && len(names) == 0 {
		err = errors.New("no schemas were found")
	}
	for _, name := range names {
		if err == nil {
			files["schema/"+name], err = fs.ReadFile(r.Schemas, name)
		}
	}
	return err
}

// addCommands adds the command in every form.
func (r *Release) addCommands(ctx context.Context, files Files) error {
	if len(r.Commands) == 0 {
		return nil
	}
	for _, command := range r.Commands {
		if err := r.addArchive(command, files); err != nil {
			return fmt.Errorf("the archive for %s: %w", command.Platform, err)
		}
		if err := r.addBundle(command, files); err != nil {
			return fmt.Errorf("the bundle for %s: %w", command.Platform, err)
		}
	}
	if err := r.addServerImage(ctx, files); err != nil {
		return fmt.Errorf("the server's image: %w", err)
	}
	return r.addServerJSON(files)
}

// A Compiler is what turns the source into the module.
type Compiler struct {
	TinyGo string // such as "0.41.1"
	LLVM   string // its major version
	Go     string // the Go whose standard library is compiled in, such as "1.26.8"
}

// String omits where the compiler came from: the same version builds the same
// module, whether it was bootstrapped or found on PATH.
func (c Compiler) String() string {
	return fmt.Sprintf("tinygo %s (LLVM %s, go%s)", c.TinyGo, c.LLVM, c.Go)
}

var compilerForm = regexp.MustCompile(`^tinygo (\S+) \((?:.*, )?LLVM (\d+), go(\S+)\)\s*$`)

// ParseCompiler reads what `plugin/build/build.sh --version` prints, or what
// String returns.
func ParseCompiler(line string) (Compiler, error) {
	found := compilerForm.FindStringSubmatch(line)
	if found == nil {
		return Compiler{}, fmt.Errorf("cannot read the compiler's version from %q", line)
	}
	return Compiler{found[1], found[2], found[3]}, nil
}

// ReadCompiler asks the build script of the repository at root which compiler it
// uses.
func ReadCompiler(ctx context.Context, root string) (Compiler, error) {
	out, err := run(exec.CommandContext(ctx, "plugin/build/build.sh", "--version"), root)
	if err != nil {
		return Compiler{}, err
	}
	return ParseCompiler(out)
}
