package doctor

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var zh = NewLanguage("zh")

// typeCheck type-checks this package without its tests.
func typeCheck(t *testing.T) ([]*ast.File, *types.Info) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	set := gotoken.NewFileSet()
	var files []*ast.File
	names, _ := filepath.Glob("*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if _, err := (&types.Config{Importer: importer.ForCompiler(set, "gc", open)}).Check("doctor", set, files, info); err != nil {
		t.Fatal(err)
	}
	return files, info
}

// verb matches the verbs of fmt, with the index that a translation may need.
var verb = regexp.MustCompile(`%(?:\[\d\])?-?\d*([a-z])`)

// verbs returns the verbs of a text in alphabetical order.
func verbs(text string) (all []string) {
	for _, m := range verb.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

// Each constant of the type format has a translation with the same verbs, each call
// fills them in, and there is no other translation.
func TestTranslations(t *testing.T) {
	files, info := typeCheck(t)
	used := Language{}
	find := func(node ast.Node) bool {
		if call, isCall := node.(*ast.CallExpr); isCall && len(call.Args) > 0 {
			if f := info.Types[call.Args[0]]; f.Value != nil && f.Type.String() == "doctor.format" {
				text := constant.StringVal(f.Value)
				if n := len(verbs(text)); n != len(call.Args)-1 {
					t.Errorf("%d values for %q", len(call.Args)-1, text)
				}
			}
		}
		expression, isExpression := node.(ast.Expr)
		if !isExpression {
			return true
		}
		found := info.Types[expression]
		if found.Value == nil || found.Type.String() != "doctor.format" {
			return true
		}
		used[format(constant.StringVal(found.Value))] = ""
		return false
	}
	for _, file := range files {
		ast.Inspect(file, find)
	}
	delete(used, "")
	delete(used, "%s")
	for text := range used {
		switch translated, ok := zh[text]; {
		case !ok:
			t.Errorf("no Chinese text for %q", text)
		case !slices.Equal(verbs(string(text)), verbs(translated)):
			t.Errorf("%q: verbs of %q", text, translated)
		}
	}
	for text := range zh {
		if _, ok := used[text]; !ok {
			t.Errorf("the doctor never says %q", text)
		}
	}
}
