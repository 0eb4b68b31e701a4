package release

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func sbomOf(t *testing.T, r *Release) *cdx.BOM {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(files(t, r)["plugin.cdx.json"]), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	return &bom
}

// goList runs go list in the repository.
func goList(t *testing.T, environment []string, args ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	command.Env = append(command.Environ(), environment...)
	out, err := run(command, root)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(out, "\n")
}

// The SBOM matches the schema of CycloneDX 1.6, which is in the module of the
// library that writes it.
func TestSBOMSchema(t *testing.T) {
	folder := filepath.Join(goList(t, nil, "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")[0], "schema")
	parse := func(data []byte, err error) any {
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	const base = "http://cyclonedx.org/schema/"
	for url, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json",
		"jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		if err := compiler.AddResource(base+url, parse(os.ReadFile(filepath.Join(folder, file)))); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile(base + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files := files(t, example(t))
	for _, name := range []string{"plugin.cdx.json", "dingtalk-mcp_linux_amd64.cdx.json"} {
		if err := schema.Validate(parse(files[name], nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The SBOM lists exactly what is linked, under its license.
func TestSBOMComponents(t *testing.T) {
	r := example(t)
	want := map[string]string{
		"std go" + r.Compiler.Go:                             "BSD-3-Clause Copyright 2009 The Go Authors.",
		"github.com/tinygo-org/tinygo v" + r.Compiler.TinyGo: "BSD-3-Clause Copyright (c) 2018-2026 The TinyGo Authors.",
		"wasi-libc ": "MIT ",
	}
	licenses := map[string]string{
		"github.com/extism/go-pdk":  "BSD-3-Clause Copyright 2022 Dylibso",
		"github.com/tidwall/gjson":  "MIT The MIT License (MIT)\n\nCopyright (c) 2016 Josh Baker",
		"github.com/tidwall/match":  "MIT The MIT License (MIT)\n\nCopyright (c) 2016 Josh Baker",
		"github.com/tidwall/pretty": "MIT The MIT License (MIT)\n\nCopyright (c) 2017 Josh Baker",
	}
	for _, line := range goList(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./plugin") {
		if path, _, ok := strings.Cut(line, " "); ok {
			want[line] = licenses[path]
		}
	}
	components := *sbomOf(t, r).Components
	if len(components) != len(want) || len(want) < 7 {
		t.Errorf("the SBOM lists %d components, want %d", len(components), len(want))
	}
	for _, part := range components {
		license := (*part.Licenses)[0].License
		got := license.ID + " "
		if license.Text != nil {
			got += license.Text.Content
		}
		if start := want[part.Name+" "+part.Version]; start == "" || !strings.HasPrefix(got, start) {
			t.Errorf("%s %s has the license %.80q, want %q", part.Name, part.Version, got, start)
		}
		if part.Name == "std" && !strings.Contains(part.Description, "replaces internal/godebug") {
			t.Errorf("std is described as %q", part.Description)
		}
	}
}

// The SBOM identifies the module by its hash, and every component is reached from
// it.
func TestSBOMOfModule(t *testing.T) {
	r := example(t)
	bom := sbomOf(t, r)
	root := bom.Metadata.Component
	if got, want := (*root.Hashes)[0].Value, fmt.Sprintf("%x", sha256.Sum256(r.Module)); got != want || root.Version != "v0.1.0" {
		t.Errorf("version %s with hash %s, want %s", root.Version, got, want)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(bom.SerialNumber) {
		t.Errorf("serial number %s is not a UUID of version 8", bom.SerialNumber)
	}
	uses := map[string][]string{}
	for _, d := range *bom.Dependencies {
		uses[d.Ref] = *d.Dependencies
	}
	reached := []string{root.BOMRef}
	for i := 0; i < len(reached); i++ {
		for _, ref := range uses[reached[i]] {
			if !slices.Contains(reached, ref) {
				reached = append(reached, ref)
			}
		}
	}
	for _, part := range *bom.Components {
		if !slices.Contains(reached, part.BOMRef) {
			t.Errorf("nothing depends on %s", part.Name)
		}
		if part.Name == "github.com/tidwall/gjson" && len(uses[part.BOMRef]) != 3 {
			t.Errorf("gjson depends on %v, want std, match and pretty", uses[part.BOMRef])
		}
	}
}

func TestUnknownLicense(t *testing.T) {
	for _, licenses := range []*cdx.Licenses{nil, {}, license("GPL-3.0-only", ""), license("BSD-2-Clause", "")} {
		if id, err := licenseID(&cdx.Component{Licenses: licenses}); err == nil {
			t.Errorf("%v is accepted as %s", licenses, id)
		}
	}
}
