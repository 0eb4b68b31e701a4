package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type callCommand struct {
	Tool      string `arg:"" optional:"" help:"The tool's name."`
	Arguments string `arg:"" optional:"" help:"Its arguments, a JSON object; - reads it from standard input, and @FILE from a file." default:"{}"`
	List      bool   `help:"List the tools instead of calling one."`
	Fake      bool   `help:"Post to a fake robot, which is started for this call."`
	Page      bool   `help:"With --fake: show the group on a page, until interrupted."`
	JSON      bool   `name:"json" help:"Print the raw CallToolResult, even if the host fails."`
}

// Run exits with status 1 when the call fails, in the tool or before it.
func (c *callCommand) Run(ctx context.Context, cli *cli) error {
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
	if err != nil && c.JSON && !c.List {
		return c.print(mcpserver.NotSentResult(redactedError{err}))
	}
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	if c.List {
		return printTools(ctx, plugin)
	}
	result, err := plugin.Call(ctx, c.Tool, json.RawMessage(c.Arguments))
	if err != nil && c.JSON {
		return c.print(mcpserver.ErrorResult(err, json.RawMessage(c.Arguments)))
	}
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
	case c.List:
		return nil
	case c.Tool == "":
		return fmt.Errorf("name a tool, or list them with --list")
	}
	var err error
	if c.Arguments, err = readArguments(c.Arguments, os.Stdin); err != nil {
		return err
	}
	if !json.Valid([]byte(c.Arguments)) {
		return fmt.Errorf("the arguments are not JSON: write them like '{\"text\":\"hello\"}', or give - for standard input or @FILE")
	}
	return nil
}

// readArguments reads what - and @FILE stand for: a command line is limited in
// length, and cmd.exe has its own quotes. Its errors do not quote the file's name,
// into which anything may have been pasted.
func readArguments(arguments string, stdin io.Reader) (string, error) {
	name, isFile := strings.CutPrefix(arguments, "@")
	switch {
	case isFile:
		file, err := os.Open(name)
		if err != nil {
			return "", errors.New("the file given as @FILE cannot be opened: check its name")
		}
		defer file.Close()
		stdin = file
	case arguments != "-":
		return arguments, nil
	}
	const limit = 1 << 20
	text, err := io.ReadAll(io.LimitReader(stdin, limit+1))
	switch {
	case err != nil:
		return "", errors.New("the arguments cannot be read: give a file with a JSON object, or standard input")
	case len(text) > limit:
		return "", errors.New("the arguments are longer than 1 MiB, and the plugin accepts 524288 bytes: shorten them")
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil // which Windows begins files with
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
		return exitError(exitFailed)
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

func printTools(ctx context.Context, plugin *host.Plugin) error {
	list, err := plugin.Describe(ctx)
	if err != nil {
		return err
	}
	for _, tool := range list.Tools {
		fmt.Printf("%-23s %s\n", tool.Name, tool.Title)
	}
	return nil
}
