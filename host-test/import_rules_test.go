package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// importRules lists what each package may import from this module and others. The
// standard library is allowed unless barred.
var importRules = map[string]struct {
	allowed []string
	barred  []string // of the standard library
}{
	"schema":                           {},
	"plugin":                           {allowed: []string{"plugin/internal/dingtalk", "plugin/internal/extism", "plugin/internal/mcp"}},
	"plugin/internal/extism":           {allowed: []string{"plugin/internal/strictjson", "github.com/extism/go-pdk"}},
	"plugin/internal/mcp":              {allowed: []string{"plugin/internal/dingtalk", "plugin/internal/strictjson", "plugin/internal/jsonschema", "schema", "github.com/tidwall/gjson"}},
	"plugin/internal/jsonschema":       {allowed: []string{"plugin/internal/strictjson", "github.com/tidwall/gjson"}},
	"plugin/internal/dingtalk":         {allowed: []string{"plugin/internal/strictjson", "schema", "github.com/tidwall/gjson"}},
	"plugin/internal/strictjson":       {allowed: []string{"github.com/tidwall/gjson"}},
	"host-test/internal/host":          {allowed: []string{"github.com/extism/go-sdk", "github.com/modelcontextprotocol/go-sdk/mcp", "github.com/tetratelabs/wazero", "github.com/tetratelabs/wazero/experimental"}},
	"host-test/dingtalktest":           {},
	"host-test/internal/recorder":      {allowed: []string{"host-test/dingtalktest"}},
	"host-test/internal/scenario":      {allowed: []string{"schema", "host-test/internal/recorder", "host-test/dingtalktest", "github.com/tidwall/gjson", "golang.org/x/tools/txtar"}},
	"host-test/internal/config":        {allowed: []string{"schema"}},
	"host-test/internal/mcpserver":     {allowed: []string{"host-test/internal/host", "schema", "github.com/modelcontextprotocol/go-sdk/auth", "github.com/modelcontextprotocol/go-sdk/mcp", "github.com/modelcontextprotocol/go-sdk/jsonrpc", "github.com/tidwall/gjson"}},
	"host-test/internal/doctor":        {allowed: []string{"host-test/internal/config", "schema", "github.com/tidwall/jsonc"}},
	"host-test/internal/readme":        {allowed: []string{"schema"}},
	"host-test/internal/pluginversion": {},
	"host-test/release":                {allowed: []string{"host-test/internal/host", "host-test/internal/pluginversion", "host-test/internal/release", "schema", "github.com/alecthomas/kong"}},
	"host-test/internal/release": {allowed: []string{
		"host-test/internal/pluginversion", "schema",
		"github.com/CycloneDX/cyclonedx-go", "github.com/opencontainers/go-digest", "github.com/opencontainers/image-spec/specs-go", "github.com/opencontainers/image-spec/specs-go/v1", "oras.land/oras-go/v2", "oras.land/oras-go/v2/content/oci", "oras.land/oras-go/v2/registry",
		"oras.land/oras-go/v2/registry/remote", "oras.land/oras-go/v2/registry/remote/auth", "oras.land/oras-go/v2/registry/remote/credentials",
		"oras.land/oras-go/v2/registry/remote/retry",
	}},
	"host-test/internal/webui": {allowed: []string{"host-test/dingtalktest", "github.com/microcosm-cc/bluemonday", "github.com/yuin/goldmark", "github.com/yuin/goldmark/ast", "github.com/yuin/goldmark/extension", "github.com/yuin/goldmark/parser", "github.com/yuin/goldmark/renderer", "github.com/yuin/goldmark/renderer/html", "github.com/yuin/goldmark/text", "github.com/yuin/goldmark/util", "golang.org/x/text/language"}},
}

// heavy packages make the guest too large.
var heavy = []string{"fmt", "encoding/json", "reflect", "net/url", "net/http", "regexp", "log"}

// Packages import what RATIONALE.md allows them to.
func TestImportRules(t *testing.T) {
	module := goList(t, "host-test", "-m")[0] + "/"
	for pkg, rule := range importRules {
		if strings.HasPrefix(pkg, "plugin") {
			rule.barred = heavy
		}
		for _, imported := range imports(t, module+pkg) {
			own := strings.TrimPrefix(imported, module)
			switch {
			case own != imported || strings.Contains(strings.Split(imported, "/")[0], "."):
				if !slices.Contains(rule.allowed, own) {
					t.Errorf("%s imports %s", pkg, own)
				}
			case slices.Contains(rule.barred, imported):
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
