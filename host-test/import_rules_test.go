package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// heavy packages make the guest too large.
var heavy = []string{"fmt", "encoding/json", "reflect", "net/url", "net/http", "regexp", "log"}

// Packages import what testdata/imports.txt allows them to.
func TestImportRules(t *testing.T) {
	module := goList(t, "host-test", "-m")[0] + "/"
	text, err := os.ReadFile("testdata/imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	pkg, allowed := "", map[string][]string{}
	for line := range strings.Lines(string(text)) {
		switch name := strings.TrimSpace(line); {
		case strings.HasPrefix(name, "#"):
		case strings.HasPrefix(line, " "):
			allowed[pkg] = append(allowed[pkg], name)
		default:
			pkg = strings.TrimSuffix(name, ":")
			allowed[pkg] = nil
		}
	}
	if len(allowed) != 19 {
		t.Fatalf("%d packages have rules, want 19", len(allowed))
	}
	for pkg, allowed := range allowed {
		for _, imported := range imports(t, module+pkg) {
			own := strings.TrimPrefix(imported, module)
			switch {
			case own != imported || strings.Contains(strings.Split(imported, "/")[0], "."):
				if !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s", pkg, own)
				}
			case strings.HasPrefix(pkg, "plugin") && slices.Contains(heavy, imported):
				t.Errorf("%s imports %s, which is too heavy for the guest", pkg, imported)
			}
		}
	}
}

// The command that people download has no code of tests, of a browser's driver or
// of releases, on any system.
func TestCommandLinks(t *testing.T) {
	module := goList(t, "host-test", "-m")[0]
	for _, system := range []string{"linux", "darwin", "windows"} {
		t.Setenv("GOOS", system)
		t.Setenv("CGO_ENABLED", "0")
		linked := goList(t, "host-test", "-deps", ".")
		if !slices.Contains(linked, module+"/host-test/internal/mcpserver") {
			t.Fatalf("%s: go list names no package of the command", system)
		}
		for _, pkg := range linked {
			for _, barred := range []string{
				"testing", "net/http/httptest", "github.com/chromedp/", "github.com/CycloneDX/", "oras.land/", "github.com/google/go-cmp/", "golang.org/x/tools/",
				"github.com/santhosh-tekuri/", module + "/host-test/internal/release", module + "/host-test/internal/scenario", module + "/host-test/internal/recorder",
				module + "/host-test/internal/readme", module + "/host-test/conformance",
			} {
				if strings.HasPrefix(pkg+"/", strings.TrimSuffix(barred, "/")+"/") {
					t.Errorf("%s: the command links %s", system, pkg)
				}
			}
		}
	}
}

// imports lists a package's direct imports.
func imports(t *testing.T, pkg string) []string {
	t.Helper()
	return goList(t, pkg, "-f", `{{join .Imports "\n"}}`, pkg)
}

// goList runs go list, for the guest's target unless the package is host-test's.
func goList(t *testing.T, pkg string, arguments ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...)
	if !strings.Contains(pkg, "host-test") {
		command.Env = append(command.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	}
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}
