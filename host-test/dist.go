package main

import (
	"context"
	"fmt"
	"os"

	"dingtalk-plugin/host-test/internal/artifact"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"
)

type distCommand struct {
	Out string `help:"The folder to fill." default:"dist" type:"path"`
}

// Run works in the repository, which is the current folder. It takes it on trust
// that the module was made of this source by this compiler: make dist sees to it.
func (c *distCommand) Run(ctx context.Context, line *commands) error {
	module, err := line.wasm()
	if err != nil {
		return err
	}
	release, err := readRelease(ctx, ".")
	if err != nil {
		return err
	}
	version := release.Version()
	if module, err = artifact.Inscribe(module, schema.Meta, version); err != nil {
		return err
	}
	if release.Module, err = artifact.Stamp(module, version); err != nil {
		return err
	}
	if release.Describe, err = describe(ctx, release.Module); err != nil {
		return err
	}
	files, err := release.Files()
	if err != nil {
		return err
	}
	fmt.Println(version)
	return files.Write(c.Out)
}

// readRelease asks the repository for all that can be known without the module.
func readRelease(ctx context.Context, root string) (r artifact.Release, err error) {
	if r.Source, err = artifact.ReadSource(ctx, root); err != nil {
		return r, err
	}
	if r.Compiler, err = artifact.ReadCompiler(ctx, root); err != nil {
		return r, err
	}
	r.Modules, err = artifact.ReadModules(ctx, root)
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
	return plugin.Raw(ctx, "describe", nil)
}
