package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// copySource copies what git knows of the repository, with changes that are not
// committed.
func copySource(t *testing.T) string {
	t.Helper()
	list, err := run(exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard"), root)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name := range strings.Lines(list) {
		name = strings.TrimSpace(name)
		info, err := os.Lstat(filepath.Join(root, name))
		if err != nil || !info.Mode().IsRegular() {
			continue // removed since
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, name, string(data))
	}
	return folder
}

// The same source gives the same command in any folder, and it names none.
func TestCommandIsReproducible(t *testing.T) {
	platform, other := Platform{"linux", "amd64"}, copySource(t)
	here, err := BuildCommand(t.Context(), root, platform, []byte("module"))
	if err != nil {
		t.Fatal(err)
	}
	there, err := BuildCommand(t.Context(), other, platform, []byte("module"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(here.Program, there.Program) {
		t.Error("two builds differ")
	}
	if bytes.Contains(there.Program, []byte(other)) || bytes.Contains(there.Program, []byte(os.TempDir()+"/command")) {
		t.Error("the command contains the path of its source")
	}
}

// An archive has the command, executable, and what must come with it.
func TestArchives(t *testing.T) {
	r := example(t)
	windows := *r.Commands[0]
	windows.Platform = Platform{"windows", "arm64"}
	r.Commands = append(r.Commands, &windows)
	files := files(t, r)
	for name, program := range map[string]string{"dingtalk-mcp_linux_amd64.tar.gz": "dingtalk-mcp", "dingtalk-mcp_windows_arm64.zip": "dingtalk-mcp.exe"} {
		got := readArchive(t, name, files[name])
		want := []string{"-rw-r--r-- LICENSE", "-rw-r--r-- README.md", "-rw-r--r-- README.zh-CN.md", "-rw-r--r-- dingtalk-mcp.cdx.json", "-rwxr-xr-x " + program}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	sums := string(files["SHA256SUMS"])
	for _, name := range []string{
		"dingtalk-mcp_linux_amd64.cdx.json", "dingtalk-mcp_linux_amd64.mcpb", "dingtalk-mcp_linux_amd64.tar.gz", "dingtalk-mcp_windows_arm64.cdx.json",
		"dingtalk-mcp_windows_arm64.mcpb", "dingtalk-mcp_windows_arm64.zip", "plugin.cdx.json", "plugin.wasm", "server.json",
	} {
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
		if !strings.HasPrefix(sums, line) {
			t.Fatalf("the checksums go on %q, want %q", sums, line)
		}
		sums = sums[len(line):]
	}
	if sums != "" {
		t.Errorf("the checksums end with %q", sums)
	}
}

// readArchive lists modes and names, sorted.
func readArchive(t *testing.T, name string, data []byte) (list []string) {
	t.Helper()
	if strings.HasSuffix(name, ".zip") {
		found, err := unzip(data)
		if err != nil {
			t.Fatal(err)
		}
		for name, mode := range found {
			list = append(list, strings.Fields(mode)[0]+" "+name)
		}
	} else {
		for name, e := range untar(t, data) {
			list = append(list, e.mode.String()+" "+name)
		}
	}
	slices.Sort(list)
	return list
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, reader)
}

func readAll(t *testing.T, reader io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// untar returns the files of a compressed archive.
func untar(t *testing.T, data []byte) map[string]entry {
	t.Helper()
	found := map[string]entry{}
	for archive := tar.NewReader(bytes.NewReader(gunzip(t, data))); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			found[header.Name] = entry{header.Name, header.FileInfo().Mode(), readAll(t, archive)}
		}
	}
}

// Rename leaves a module that resolves, is formatted, and has a repository.
func TestRename(t *testing.T) {
	folder := copySource(t)
	if before, err := ReadRepository(folder); err != nil || before == "" {
		t.Fatalf("the repository is %q, %v", before, err)
	}
	const path = "github.com/Some-One/dingtalk.mcp"
	for _, wrong := range []string{"", "someone/dingtalk-mcp", "https://github.com/someone/dingtalk-mcp", "github.com/someone/dingtalk-mcp/x", "gitlab.com/a/b"} {
		if err := Rename(folder, wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if err := Rename(folder, path); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadRepository(folder); got != path || err != nil {
		t.Errorf("the repository is %q, %v", got, err)
	}
	for _, command := range [][]string{{"go", "list", "-deps", "-test", "./..."}, {"gofmt", "-l", "host-test", "plugin", "schema"}} {
		out, err := run(exec.CommandContext(t.Context(), command[0], command[1:]...), folder)
		if err != nil || command[0] == "gofmt" && out != "" {
			t.Errorf("%v: %v\n%s", command, err, out)
		}
		if command[0] == "go" && !strings.Contains(out, path+"/host-test/internal/mcpserver\n") {
			t.Errorf("the packages are not renamed: %s", out)
		}
	}
	left, err := run(exec.CommandContext(t.Context(), "grep", "-rlE", placeholder+"|dingtalk-plugin/(host-test|plugin|schema)", "."), folder)
	if err == nil {
		t.Errorf("not everything is renamed: %s", left)
	}
}
