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
	Config     string        `help:"A configuration file of hyper-mcp, in JSON; the environment is examined without one." type:"path"`
	PluginName string        `help:"The plugin's name in that file; not needed if only one plugin has keys of this one."`
	Timeout    time.Duration `help:"How long one request may take." default:"10s"`
}

// Validate is called by kong. It does not quote the path, in case somebody pasted a
// credential there.
func (c *doctorCommand) Validate() error {
	if _, err := os.Stat(c.Config); c.Config != "" && errors.Is(err, fs.ErrNotExist) {
		return errors.New("--config: there is no such file")
	}
	return nil
}

// Run exits with status 1 if something is wrong, and with 2 if nothing is known to
// be wrong but the result is inconclusive.
func (c *doctorCommand) Run(ctx context.Context, line *commands) error {
	subject := &doctor.Case{Source: "the environment", Values: config.FromEnvironment()}
	if c.Config != "" {
		var err error
		if subject, err = doctor.ReadFile(c.Config, c.PluginName); err != nil {
			return err
		}
	}
	report := doctor.Examine(ctx, subject, &doctor.Options{Timeout: c.Timeout, Ask: line.ask})
	report.Print(os.Stdout)
	if status := report.Status(); status != 0 {
		return exitError(status)
	}
	return nil
}

// ask returns what the plugin reports about its configuration.
func (c *commands) ask(ctx context.Context, values map[string]string) (doctor.Opinion, error) {
	module, err := c.wasm()
	if err != nil {
		return doctor.Opinion{}, err
	}
	return ask(ctx, module, wazero.NewCompilationCache(), values)
}

func ask(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.Opinion, error) {
	opinion, err := askOnce(ctx, module, cache, values)
	if err == nil && opinion.Reason == "unknown_tool" {
		// The list of tools is valid, and lacks this one.
		values = maps.Clone(values)
		values[config.Prefix+"TOOLS"] = "all"
		opinion, err = askOnce(ctx, module, cache, values)
	}
	if opinion.Reason == "invalid_arguments" {
		return doctor.Opinion{}, err // a robot's name is required, so the robots are valid
	}
	return opinion, err
}

// askOnce calls a tool in a sandbox without network: whatever the plugin reports
// before its first request is about the configuration.
func askOnce(ctx context.Context, module []byte, cache wazero.CompilationCache, values map[string]string) (doctor.Opinion, error) {
	plugin, err := host.Load(ctx, module, &host.Options{Config: values, Cache: cache})
	if err != nil {
		return doctor.Opinion{}, err
	}
	defer plugin.Close(ctx)
	result, err := plugin.Call(ctx, "send_text_message", json.RawMessage(`{"text":"doctor"}`))
	var reached *host.TrapError
	switch {
	case errors.As(err, &reached):
		return doctor.Opinion{}, nil
	case err != nil:
		return doctor.Opinion{}, err
	}
	structured, _ := result.StructuredContent.(map[string]any)
	reason, _ := structured["reason"].(string)
	return doctor.Opinion{Reason: reason, Text: textOf(result)}, nil
}
