package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// embedded holds plugin.wasm in a command that make dist built, and otherwise
// nothing of use.
//
//go:embed embedded
var embedded embed.FS

// wasm reads the plugin: the file that --plugin names, else the one in this
// command, else the one that `make build` made in the repository around the
// current folder.
func (c *cli) wasm() ([]byte, error) {
	if c.Plugin != "" {
		return readNamed(c.Plugin)
	}
	if module, ok := embeddedModule(); ok {
		return module, nil
	}
	root, found := repository()
	if !found {
		return nil, errors.New("this command was built without the plugin: take dingtalk-mcp from a release, which contains it, or name a plugin.wasm with --plugin")
	}
	module, err := os.ReadFile(filepath.Join(root, "dist", "plugin.wasm"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the plugin is not compiled: run `make build` in %s", root)
	}
	return module, err
}

func readNamed(file string) ([]byte, error) {
	module, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return module, err
	}
	if _, ok := embeddedModule(); ok {
		return nil, fmt.Errorf("%s is missing: leave out --plugin and DINGTALK_PLUGIN to use the plugin in this command", file)
	}
	return nil, fmt.Errorf("%s is missing: name the plugin.wasm of a release, or the one that `make build` makes", file)
}

// embeddedModule returns the plugin in this command, if there is one. ReadFile copies it.
var embeddedModule = sync.OnceValues(func() (module []byte, ok bool) {
	module, err := embedded.ReadFile("embedded/plugin.wasm")
	return module, err == nil
})

// repository returns the folder of the plugin's source that holds the current
// folder.
func repository() (root string, found bool) {
	folder, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "plugin", "build", "build.sh")); err == nil {
			return folder, true
		}
		if filepath.Dir(folder) == folder {
			return "", false
		}
		folder = filepath.Dir(folder)
	}
}
