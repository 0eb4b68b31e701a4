// Command release makes everything that a release holds, and publishes its images.
//
//	go run ./host-test/release dist      makes the files
//	go run ./host-test/release push      pushes an image
//	go run ./host-test/release rename    gives the module the path of its repository
package main

import (
	"context"
	"fmt"
	"os"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/pluginversion"
	"dingtalk-plugin/host-test/internal/release"
	"dingtalk-plugin/schema"

	"github.com/alecthomas/kong"
)

type cli struct {
	Dist   distCommand   `cmd:"" help:"Make everything that a release holds of the compiled plugin."`
	Push   pushCommand   `cmd:"" help:"Push an image that dist made to a registry, and say how to sign it."`
	Rename renameCommand `cmd:"" help:"Give the Go module the path of its repository, and write its name everywhere."`
}

func main() {
	parsed := kong.Parse(new(cli), kong.Name("release"), kong.Description("Makes and publishes a release of the DingTalk plugin."))
	parsed.BindTo(context.Background(), (*context.Context)(nil))
	parsed.FatalIfErrorf(parsed.Run())
}

type distCommand struct {
	Plugin   string             `help:"The compiled plugin." default:"dist/plugin.wasm" type:"existingfile"`
	Out      string             `help:"The folder to fill." default:"dist" type:"path"`
	Platform []release.Platform `help:"A system and processor to make the command for, such as linux/amd64; by default all."`
	MCPB     string             `name:"mcpb" help:"The program mcpb of @anthropic-ai/mcpb, with which to check the desktop bundles." type:"existingfile"`
}

// Run releases the repository in the current folder. It assumes that the module
// was built from this source by this compiler, which make dist ensures.
func (c *distCommand) Run(ctx context.Context) error {
	r, err := c.release(ctx, ".")
	if err != nil {
		return err
	}
	files, err := r.Files(ctx)
	if err != nil {
		return err
	}
	if c.MCPB != "" {
		if err := release.CheckBundles(ctx, c.MCPB, files); err != nil {
			return err
		}
	}
	if err := files.Write(c.Out); err != nil {
		return err
	}
	fmt.Println(r.Source.Version)
	for _, name := range files.Downloads() {
		fmt.Printf("%9d  %s\n", len(files[name]), name)
	}
	return nil
}

// release reads the repository and compiles the command, with the plugin of the
// same commit in it, for each platform.
func (c *distCommand) release(ctx context.Context, root string) (*release.Release, error) {
	module, err := os.ReadFile(c.Plugin)
	if err != nil {
		return nil, err
	}
	r, err := release.Read(ctx, root)
	if err != nil {
		return nil, err
	}
	if r.Module, err = pluginversion.Set(module, schema.Meta, r.Version()); err != nil {
		return nil, err
	}
	if r.Describe, err = describe(ctx, r.Module); err != nil {
		return nil, err
	}
	platforms := c.Platform
	if len(platforms) == 0 {
		platforms = release.Platforms
	}
	for _, platform := range platforms {
		fmt.Fprintln(os.Stderr, "compiling dingtalk-mcp for", platform)
		command, err := release.BuildCommand(ctx, root, platform, r.Module)
		if err != nil {
			return nil, err
		}
		r.Commands = append(r.Commands, command)
	}
	return r, nil
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
	Layout string `help:"The OCI image layout that dist made: dist/oci is the plugin, dist/oci-server the server." default:"dist/oci" type:"existingdir"`
	Ref    string `arg:"" help:"Where to: registry/name:tag."`
}

// Run does not sign: signing needs the identity of the person who runs it.
func (c *pushCommand) Run(ctx context.Context) error {
	pushed, err := release.Push(ctx, c.Layout, c.Ref)
	if err != nil {
		return err
	}
	fmt.Println("pushed", pushed)
	fmt.Println("sign it: cosign sign --recursive", pushed)
	return nil
}

type renameCommand struct {
	Path string `arg:"" help:"The repository: github.com/owner/name."`
}

// Run renames the repository in the current folder.
func (c *renameCommand) Run() error { return release.Rename(".", c.Path) }
