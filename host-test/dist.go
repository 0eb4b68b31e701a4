package main

import (
	"context"
	"fmt"
	"os"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/release"
	"dingtalk-plugin/schema"
)

type distCommand struct {
	Out string `help:"The folder to fill." default:"dist" type:"path"`
}

// Run works in the repository, which is the current folder. It takes it on trust
// that the module was made of this source by this compiler: make dist sees to it.
func (c *distCommand) Run(ctx context.Context, cli *cli) error {
	module, err := cli.wasm()
	if err != nil {
		return err
	}
	r, err := readRelease(ctx, ".")
	if err != nil {
		return err
	}
	version := r.Version()
	if module, err = release.Inscribe(module, schema.Meta, version); err != nil {
		return err
	}
	if r.Module, err = release.Stamp(module, version); err != nil {
		return err
	}
	if r.Describe, err = describe(ctx, r.Module); err != nil {
		return err
	}
	files, err := r.Files()
	if err != nil {
		return err
	}
	fmt.Println(version)
	return files.Write(c.Out)
}

// readRelease asks the repository for all that can be known without the module.
func readRelease(ctx context.Context, root string) (r release.Release, err error) {
	if r.Source, err = release.ReadSource(ctx, root); err != nil {
		return r, err
	}
	if r.Compiler, err = release.ReadCompiler(ctx, root); err != nil {
		return r, err
	}
	r.Modules, err = release.ReadModules(ctx, root)
	r.Schemas = os.DirFS(root + "/schema")
	return r, err
}

// describe asks the very module that goes out, unconfigured, as runners do.
func describe(ctx context.Context, module []byte) ([]byte, error) {
	plugin, err := host.Load(ctx, module, nil)
	if err != nil {
		return nil, err
	}
	defer plugin.Close(ctx)
	return plugin.CallExport(ctx, "describe", nil)
}
