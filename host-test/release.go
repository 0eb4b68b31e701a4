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

// Run releases the repository in the current folder. It assumes that the module
// was built from this source by this compiler, which make dist ensures.
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
	if r.Module, err = release.SetVersion(module, schema.Meta, version); err != nil {
		return err
	}
	if r.Describe, err = describe(ctx, r.Module); err != nil {
		return err
	}
	files, err := r.Files(ctx)
	if err != nil {
		return err
	}
	fmt.Println(version)
	return files.Write(c.Out)
}

// readRelease reads what the repository tells without the module.
func readRelease(ctx context.Context, root string) (r release.Release, err error) {
	if r.Source, err = release.ReadSource(ctx, root); err != nil {
		return r, err
	}
	if r.Compiler, err = release.ReadCompiler(ctx, root); err != nil {
		return r, err
	}
	r.SBOM, err = release.ReadSBOM(ctx, root)
	r.Schemas = os.DirFS(root + "/schema")
	return r, err
}

// describe calls the module that is released, without a configuration, as
// runners do.
func describe(ctx context.Context, module []byte) ([]byte, error) {
	plugin, err := host.Load(ctx, module, nil)
	if err != nil {
		return nil, err
	}
	defer plugin.Close(ctx)
	return plugin.CallExport(ctx, "describe", nil)
}

type pushCommand struct {
	Layout string `help:"The OCI image layout that dist made." default:"dist/oci" type:"existingdir"`
	Ref    string `arg:"" help:"Where to: registry/name:tag."`
}

// Run does not sign: signing needs the identity of the person who runs it.
func (c *pushCommand) Run(ctx context.Context, _ *cli) error {
	pushed, err := release.Push(ctx, c.Layout, c.Ref)
	if err != nil {
		return err
	}
	fmt.Println("pushed", pushed)
	fmt.Println("sign it: cosign sign", pushed)
	return nil
}
