package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/pluginversion"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type callCommand struct {
	Tool      string `arg:"" optional:"" help:"The tool's name."`
	Arguments string `arg:"" optional:"" help:"Its arguments, a JSON object." default:"{}"`
	List      bool   `help:"Print the tools instead."`
	Version   bool   `help:"Print what the plugin was made of instead."`
	Fake      bool   `help:"Post to a fake robot, which is started for this call."`
	Page      bool   `help:"With --fake: keep a page up that shows the group."`
	JSON      bool   `name:"json" help:"Print the raw CallToolResult."`
}

// Run exits with status 1 when the tool reports an error.
func (c *callCommand) Run(ctx context.Context, cli *cli) error {
	if c.Version {
		return printVersion(cli)
	}
	values := config.FromEnvironment()
	if c.Fake {
		fake := startFakeServer(values)
		defer fake.Close()
		values = fake.config
		if c.Page {
			defer fake.waitForInterrupt(ctx)
		}
		defer fake.print(os.Stdout)
	}
	plugin, err := cli.load(ctx, values)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	if c.List {
		return printTools(ctx, plugin)
	}
	result, err := plugin.Call(ctx, c.Tool, json.RawMessage(c.Arguments))
	if err != nil {
		return err
	}
	return c.print(result)
}

// Validate is called by kong.
func (c *callCommand) Validate() error {
	switch {
	case c.Page && !c.Fake:
		return errPageWithoutFake
	case c.List || c.Version:
		return nil
	case c.Tool == "":
		return fmt.Errorf("name a tool, or list them with --list")
	case !json.Valid([]byte(c.Arguments)):
		return fmt.Errorf("the arguments are not JSON; write them like '{\"text\":\"hello\"}'")
	}
	return nil
}

// load loads the plugin and allows only the configured hosts.
func (c *cli) load(ctx context.Context, values map[string]string) (*host.Plugin, error) {
	module, err := c.wasm()
	if err != nil {
		return nil, err
	}
	return host.Load(ctx, module, &host.Options{Config: values, AllowedHosts: config.AllowedHosts(values)})
}

func (c *callCommand) print(result *mcp.CallToolResult) error {
	if !c.JSON {
		fmt.Println(resultText(result))
	} else {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
	if result.IsError {
		return exitError(1)
	}
	return nil
}

// resultText returns the text of a result.
func resultText(result *mcp.CallToolResult) string {
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			return text.Text
		}
	}
	return ""
}

// printVersion prints the version that make dist wrote into the module.
func printVersion(cli *cli) error {
	module, err := cli.wasm()
	if err != nil {
		return err
	}
	version, stamped := pluginversion.Read(module)
	if !stamped {
		return errors.New("the plugin was compiled, but not made with `make dist`: it has no version")
	}
	fmt.Println(version)
	return nil
}

func printTools(ctx context.Context, plugin *host.Plugin) error {
	list, err := plugin.Describe(ctx)
	if err != nil {
		return err
	}
	for _, tool := range list.Tools {
		fmt.Printf("%-24s%s\n", tool.Name, tool.Title)
	}
	return nil
}
