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

	"github.com/tetratelabs/wazero"
)

type doctorCommand struct {
	Config     string        `help:"A configuration file of hyper-mcp, in JSON; without one the environment is looked at." type:"path"`
	PluginName string        `help:"The plugin's name in that file; not needed where one plugin alone has keys of this one."`
	Timeout    time.Duration `help:"How long one request may take." default:"10s"`
}

// Validate is called by kong. It does not repeat the path: a credential may have
// been pasted there.
func (c *doctorCommand) Validate() error {
	if _, err := os.Stat(c.Config); c.Config != "" && errors.Is(err, fs.ErrNotExist) {
		return errors.New("--config: there is no such file")
	}
	return nil
}

// Run exits with status 1 when something is wrong, and with 2 when nothing is but
// a robot gave no answer that tells anything.
func (c *doctorCommand) Run(ctx context.Context, line *commands) error {
	subject := &doctor.Target{Source: "the environment", Values: config.FromEnvironment()}
	if c.Config != "" {
		var err error
		if subject, err = doctor.ReadHyperMCP(c.Config, c.PluginName); err != nil {
			return err
		}
	}
	report := doctor.Examine(ctx, subject, &doctor.Options{Timeout: c.Timeout, AskPlugin: line.askPlugin})
	report.Print(os.Stdout)
	if status := report.ExitCode(); status != 0 {
		return exitError(status)
	}
	return nil
}

// askPlugin has the plugin judge its configuration.
func (c *commands) askPlugin(ctx context.Context, values map[string]string) (doctor.PluginVerdict, error) {
	module, err := c.wasm()
	if err != nil {
		return doctor.PluginVerdict{}, err
	}
	return askPlugin(ctx, module, wazero.NewCompilationCache(), values)
}

func askPlugin(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.PluginVerdict, error) {
	opinion, err := askPluginOnce(ctx, module, cache, values)
	if err == nil && opinion.Reason == "unknown_tool" {
		// The tools are well configured, and this one is not among them.
		values = maps.Clone(values)
		values[config.Prefix+"TOOLS"] = "all"
		opinion, err = askPluginOnce(ctx, module, cache, values)
	}
	if opinion.Reason == "invalid_arguments" {
		return doctor.PluginVerdict{}, err // the tool wants a robot's name, so the robots were read
	}
	return opinion, err
}

// askPluginOnce calls a tool in a sandbox that reaches nothing: what the plugin says
// before it asks for the network is about the configuration.
func askPluginOnce(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.PluginVerdict, error) {
	plugin, err := host.Load(ctx, module, &host.Options{Config: values, Cache: cache})
	if err != nil {
		return doctor.PluginVerdict{}, err
	}
	defer plugin.Close(ctx)
	result, err := plugin.Call(ctx, "send_text_message", json.RawMessage(`{"text":"doctor"}`))
	var reached *host.TrapError
	switch {
	case errors.As(err, &reached):
		return doctor.PluginVerdict{}, nil
	case err != nil:
		return doctor.PluginVerdict{}, err
	}
	structured, _ := result.StructuredContent.(map[string]any)
	reason, _ := structured["reason"].(string)
	return doctor.PluginVerdict{Reason: reason, Text: textOf(result)}, nil
}
