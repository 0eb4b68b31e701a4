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

func billOf(t *testing.T, files Files) *cdx.BOM {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(files["plugin.cdx.json"]), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	return &bom
}

// The bill fits the schema of CycloneDX 1.6, which the library that writes it
// brings along for its own tests.
func TestBillIsValid(t *testing.T) {
	files := made(t, example(t))
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	folder := filepath.Join(goList(t, nil, "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")[0], "schema")
	const base = "http://cyclonedx.org/schema/"
	for url, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json",
		"jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		if err := compiler.AddResource(base+url, decoded(t, filepath.Join(folder, file))); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile(base + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	bill, err := jsonschema.UnmarshalJSON(bytes.NewReader(files["plugin.cdx.json"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(bill); err != nil {
		t.Error(err)
	}
}

func decoded(t *testing.T, file string) any {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The bill lists the modules of the guest's build, no other, and what is linked
// beside them.
func TestBillListsWhatIsLinked(t *testing.T) {
	want := []string{"std v", "github.com/tinygo-org/tinygo v"}
	list := goList(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./plugin")
	for _, line := range list {
		if line != "" && !slices.Contains(want, line) {
			want = append(want, line)
		}
	}
	if len(want) < 6 {
		t.Fatalf("go list names only %v", want)
	}
	r := example(t)
	want[0], want[1] = "std go"+r.Compiler.Go, want[1]+r.Compiler.TinyGo
	var got []string
	for _, part := range *billOf(t, made(t, r)).Components {
		got = append(got, part.Name+" "+part.Version)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the bill lists\n%q, want\n%q", got, want)
	}
}

// goList runs go list in the repository.
func goList(t *testing.T, environment []string, args ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	command.Dir = root
	command.Env = append(command.Environ(), environment...)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestBillLicences(t *testing.T) {
	want := map[string]string{
		"github.com/extism/go-pdk":     "BSD-3-Clause Copyright 2022 Dylibso",
		"github.com/tidwall/gjson":     "MIT The MIT License (MIT)\n\nCopyright (c) 2016 Josh Baker",
		"github.com/tidwall/match":     "MIT The MIT License (MIT)\n\nCopyright (c) 2016 Josh Baker",
		"github.com/tidwall/pretty":    "MIT The MIT License (MIT)\n\nCopyright (c) 2017 Josh Baker",
		"std":                          "BSD-3-Clause Copyright 2009 The Go Authors.",
		"github.com/tinygo-org/tinygo": "BSD-3-Clause Copyright (c) 2018-2026 The TinyGo Authors.",
	}
	for _, part := range *billOf(t, made(t, example(t))).Components {
		licence := (*part.Licenses)[0].License
		if got := licence.ID + " " + licence.Text.Content; want[part.Name] == "" || !strings.HasPrefix(got, want[part.Name]) {
			t.Errorf("%s is under %.80q, want %q", part.Name, got, want[part.Name])
		}
	}
}

// The module is named by its bytes, and everything in the bill hangs on it.
func TestBillIsOfTheModule(t *testing.T) {
	r := example(t)
	bom := billOf(t, made(t, r))
	root := bom.Metadata.Component
	if got, want := (*root.Hashes)[0].Value, fmt.Sprintf("%x", sha256.Sum256(r.Module)); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(bom.SerialNumber) {
		t.Errorf("serial number %s is no UUID of version 8", bom.SerialNumber)
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
			t.Errorf("nothing uses %s", part.Name)
		}
	}
	if gjson := uses["pkg:golang/github.com/tidwall/gjson@v1.18.0"]; len(gjson) != 3 {
		t.Errorf("gjson uses %v, want std, match and pretty", gjson)
	}
}

func TestRecogniseRefusesTheUnknown(t *testing.T) {
	withoutThirdClause, _, _ := strings.Cut(tinygoLicence, "   * Neither the name")
	for _, text := range []string{"", "GNU GENERAL PUBLIC LICENSE", "All rights reserved.", withoutThirdClause} {
		if l, err := recognise(text); err == nil {
			t.Errorf("%q is taken for %s", text, l.ID)
		}
	}
}
