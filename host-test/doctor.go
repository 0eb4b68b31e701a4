package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	"github.com/tetratelabs/wazero"
)

type doctorCommand struct {
	Config     string        `help:"A JSON configuration file of hyper-mcp; without one the environment is examined." type:"path"`
	PluginName string        `help:"The plugin's name in that file; optional if only one plugin has keys of this one."`
	Timeout    time.Duration `help:"Timeout of one request." default:"10s"`
}

// Validate is called by kong. Its error does not quote the path, into which a
// credential may have been pasted.
func (c *doctorCommand) Validate() error {
	if _, err := os.Stat(c.Config); c.Config != "" && errors.Is(err, fs.ErrNotExist) {
		return errors.New("--config: there is no such file")
	}
	return nil
}

// Run exits with the report's exit code.
func (c *doctorCommand) Run(ctx context.Context, cli *cli) error {
	target := &doctor.Target{Source: "the environment", Values: config.FromEnvironment()}
	if c.Config != "" {
		var err error
		if target, err = doctor.ReadHyperMCP(c.Config, c.PluginName); err != nil {
			return err
		}
	}
	report := doctor.Examine(ctx, target, &doctor.Options{Timeout: c.Timeout, AskPlugin: cli.askPlugin})
	report.Print(os.Stdout)
	if code := report.ExitCode(); code != 0 {
		return exitError(code)
	}
	return nil
}

func (c *cli) askPlugin(ctx context.Context, values map[string]string) (doctor.PluginVerdict, error) {
	module, err := c.wasm()
	if err != nil {
		return doctor.PluginVerdict{}, err
	}
	return askPlugin(ctx, module, wazero.NewCompilationCache(), values)
}

// askPlugin returns the plugin's verdict on its configuration.
func askPlugin(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.PluginVerdict, error) {
	verdict, err := askPluginOnce(ctx, module, cache, values)
	if err == nil && verdict.Reason == "unknown_tool" {
		// The list of tools is valid and lacks the one that was called.
		values = maps.Clone(values)
		values[schema.KeyTools] = "all"
		verdict, err = askPluginOnce(ctx, module, cache, values)
	}
	if verdict.Reason == "invalid_arguments" {
		return doctor.PluginVerdict{}, err // a robot's name is required, so the robots are valid
	}
	return verdict, err
}

// askPluginOnce calls a tool with no host allowed: the plugin checks its
// configuration before it makes a request, and a request makes the host trap.
func askPluginOnce(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.PluginVerdict, error) {
	plugin, err := host.Load(ctx, module, &host.Options{Config: values, Cache: cache})
	if err != nil {
		return doctor.PluginVerdict{}, err
	}
	defer plugin.Close(ctx)
	result, err := plugin.Call(ctx, "send_text_message", json.RawMessage(`{"text":"doctor"}`))
	var trap *host.TrapError
	switch {
	case errors.As(err, &trap):
		return doctor.PluginVerdict{}, nil
	case err != nil:
		return doctor.PluginVerdict{}, err
	}
	structured, _ := result.StructuredContent.(map[string]any)
	reason, _ := structured["reason"].(string)
	key, _ := structured["configKey"].(string)
	return doctor.PluginVerdict{Reason: reason, Key: key, Text: resultText(result)}, nil
}
