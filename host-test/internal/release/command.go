package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	commandName        = "dingtalk-mcp"
	commandDescription = "An MCP server that posts to DingTalk group chats, with the tools to set it up: one file that contains the plugin."
	commandFolder      = "host-test" // its source
)

// A Platform is what the command is compiled for, in Go's terms.
type Platform struct{ OS, Arch string }

// Platforms are those of a release.
var Platforms = []Platform{
	{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// String returns the platform as in "linux/amd64".
func (p Platform) String() string { return p.OS + "/" + p.Arch }

// UnmarshalText reads what String returns, for one of Platforms.
func (p *Platform) UnmarshalText(text []byte) error {
	p.OS, p.Arch, _ = strings.Cut(string(text), "/")
	if !slices.Contains(Platforms, *p) {
		return fmt.Errorf("the command is not made for %s, only for %v", text, Platforms)
	}
	return nil
}

// program returns the name of the command's file.
func (p Platform) program() string {
	if p.OS == "windows" {
		return commandName + ".exe"
	}
	return commandName
}

// file returns the name of a file with the command for the platform. It is the
// same in every release, so that the address of the newest one is known.
func (p Platform) file(suffix string) string {
	return commandName + "_" + p.OS + "_" + p.Arch + suffix
}

// A Command is the command for one platform.
type Command struct {
	Platform Platform
	Program  []byte
	Go       string   // the Go that compiled it, such as "go1.26.8"
	SBOM     *cdx.BOM // what is linked
}

// BuildCommand compiles the command of the repository at root, with the module in
// it.
func BuildCommand(ctx context.Context, root string, p Platform, module []byte) (*Command, error) {
	folder, err := os.MkdirTemp("", "command")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	overlay, err := writeOverlay(folder, root, module)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(folder, p.program())
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-overlay", overlay, "-o", program, "./"+commandFolder)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Arch, "GOAMD64=v1", "GOARM64=v8.0")
	if _, err := run(build, root); err != nil {
		return nil, err
	}
	c := &Command{Platform: p}
	if c.Program, err = os.ReadFile(program); err != nil {
		return nil, err
	}
	if c.Go, err = run(exec.CommandContext(ctx, "go", "env", "GOVERSION"), root); err != nil {
		return nil, err
	}
	c.SBOM, err = listLinked(ctx, root, commandFolder, "GOOS="+p.OS+" GOARCH="+p.Arch+" CGO_ENABLED=0 GOFLAGS=-buildvcs=false")
	return c, err
}

// writeOverlay makes the compiler see the module in the folder that the command
// embeds, where it never is: a file that a build leaves there would be embedded
// by the next, and could be committed.
func writeOverlay(folder, root string, module []byte) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, moduleFile)
	if err := os.WriteFile(file, module, 0o644); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(root, commandFolder, "embedded", moduleFile): file},
	})
	if err != nil {
		return "", err
	}
	name := filepath.Join(folder, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o644)
}

// addArchive adds an archive with the command and what has to come with it, and
// its SBOM once more beside it.
func (r *Release) addArchive(c *Command, files Files) error {
	entries, err := r.entries(c)
	if err != nil {
		return err
	}
	files[c.Platform.file(".cdx.json")] = entries[len(entries)-1].data
	if c.Platform.OS == "windows" {
		files[c.Platform.file(".zip")], err = zipArchive(entries, r.Source.Date)
		return err
	}
	archive, err := tarArchive(entries, r.Source.Date)
	if err != nil {
		return err
	}
	files[c.Platform.file(".tar.gz")] = compress(archive)
	return nil
}

// entries returns the command, the documents and, at the end, the SBOM, which has
// the licenses of what is linked.
func (r *Release) entries(c *Command) ([]entry, error) {
	entries := []entry{{c.Platform.program(), 0o755, c.Program}}
	for _, name := range []string{"LICENSE", "README.md", "README.zh-CN.md"} {
		text, err := fs.ReadFile(r.Documents, name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name, 0o644, text})
	}
	sbom, err := r.commandSBOM(c)
	return append(entries, entry{commandName + ".cdx.json", 0o644, sbom}), err
}

// An entry is a file in an archive, or a folder if its mode says so.
type entry struct {
	name string
	mode fs.FileMode
	data []byte
}

// tarArchive gives all entries the same date and the same owner.
func tarArchive(entries []entry, date time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), Size: int64(len(e.data)), ModTime: archiveDate(date), Typeflag: tar.TypeReg}
		if e.mode.IsDir() {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func compress(data []byte) []byte {
	var out bytes.Buffer // which returns no error
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

// zipArchive gives all entries the same date.
func zipArchive(entries []entry, date time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: archiveDate(date)}
		header.SetMode(e.mode)
		file, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(e.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// archiveDate returns the source's date, or the first that a zip can have.
func archiveDate(date time.Time) time.Time {
	if date.IsZero() {
		return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return date.UTC()
}
