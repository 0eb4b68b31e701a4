package artifact

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A Module is a Go module of which the guest has code.
type Module struct {
	Path      string
	Version   string // "" for this repository and its folders
	Sum       string // as in go.sum
	InsteadOf string // which module a folder of this repository stands in for
	Licence   Licence
	Imports   []string // paths of the modules that its packages import
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
		name, _ := p.Module.linked(main)
		known := slices.IndexFunc(list, func(m *Module) bool { return m.Path == name })
		if known < 0 {
			m, err := p.Module.read(main)
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
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-tags=tinygo", "-json=ImportPath,Imports,Module", "./plugin")
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

// linked returns the path of the module whose code is linked, and its licence's
// folder. go.mod may name another module, or a folder of this repository.
func (m *listedModule) linked(main *listedModule) (name, folder string) {
	switch {
	case m.Replace == nil:
		return m.Path, m.Dir
	case m.Replace.Version != "":
		return m.Replace.Path, m.Replace.Dir
	}
	return path.Join(main.Path, filepath.ToSlash(m.Replace.Path)), main.Dir
}

func (m *listedModule) read(main *listedModule) (*Module, error) {
	name, folder := m.linked(main)
	module := &Module{Path: name, Version: m.Version, Sum: m.Sum}
	if m.Replace != nil {
		module.Version, module.Sum = m.Replace.Version, m.Replace.Sum
		module.InsteadOf = m.Path + " " + m.Version
	}
	text, err := os.ReadFile(filepath.Join(folder, "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("the licence of %s: %w", name, err)
	}
	if module.Licence, err = recognise(string(text)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return module, nil
}
