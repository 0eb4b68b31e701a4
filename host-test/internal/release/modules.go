package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Module is a Go module of which the guest has code.
type Module struct {
	Path    string
	Version string // "" for this repository
	Sum     string // as in go.sum
	Licence Licence
	Imports []string // paths of the modules that its packages import
}

// ReadModules lists the modules in the guest's build: first the repository at
// root itself, then the others by their paths.
func ReadModules(ctx context.Context, root string) ([]Module, error) {
	packages, err := guestPackages(ctx, root)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(packages, func(p listedPackage) bool { return p.Module != nil && p.Module.Main })
	if at < 0 {
		return nil, errors.New("the guest is in no module")
	}
	main := packages[at].Module
	homes := map[string]*Module{} // of the packages
	var list []*Module
	for _, p := range packages {
		if p.Module == nil {
			continue
		}
		linked := p.Module.linked()
		known := slices.IndexFunc(list, func(m *Module) bool { return m.Path == linked.Path })
		if known < 0 {
			m, err := linked.read()
			if err != nil {
				return nil, err
			}
			known, list = len(list), append(list, m)
		}
		homes[p.ImportPath] = list[known]
	}
	noteImports(packages, homes)
	return sorted(list, main.Path), nil
}

// noteImports notes for each module the others that its packages import.
func noteImports(packages []listedPackage, homes map[string]*Module) {
	for _, p := range packages {
		from := homes[p.ImportPath]
		for _, imported := range p.Imports {
			to := homes[imported]
			if from != nil && to != nil && from != to && !slices.Contains(from.Imports, to.Path) {
				from.Imports = append(from.Imports, to.Path)
			}
		}
	}
}

func sorted(list []*Module, main string) []Module {
	out := make([]Module, len(list))
	for i, m := range list {
		slices.Sort(m.Imports)
		out[i] = *m
	}
	slices.SortFunc(out, func(a, b Module) int {
		switch main {
		case a.Path:
			return -1
		case b.Path:
			return 1
		}
		return cmp.Compare(a.Path, b.Path)
	})
	return out
}

// listedPackage and listedModule are what `go list -json` prints, in part.
type listedPackage struct {
	ImportPath string
	Imports    []string
	Module     *listedModule // nil in the standard library
}

type listedModule struct {
	Path, Version, Sum, Dir string
	Main                    bool
	Replace                 *listedModule
}

// guestPackages asks the go command for the packages that TinyGo compiles.
func guestPackages(ctx context.Context, root string) ([]listedPackage, error) {
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-tags=tinygo,gc.none", "-json=ImportPath,Imports,Module", "./plugin")
	command.Dir = root
	// TinyGo always compiles C, which the go command leaves out of a foreign target.
	command.Env = append(command.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=1")
	out, err := output(command)
	if err != nil {
		return nil, err
	}
	var list []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(out)); ; {
		var p listedPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		list = append(list, p)
	}
}

// linked returns the module whose code is linked: go.mod may put another in its
// place.
func (m *listedModule) linked() *listedModule {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

func (m *listedModule) read() (*Module, error) {
	module := &Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
	text, err := os.ReadFile(filepath.Join(m.Dir, "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("the licence of %s: %w", m.Path, err)
	}
	if module.Licence, err = recognise(string(text)); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	return module, nil
}
