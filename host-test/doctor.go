package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"time"

	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	"github.com/tetratelabs/wazero"
)

type doctorCommand struct {
	Config  string        `help:"A JSON configuration file of Claude Desktop, Claude Code, Cursor, VS Code or hyper-mcp. Without one, doctor checks the environment if that has a key of the plugin, and otherwise the usual files of these programs." type:"path"`
	Name    string        `help:"The name of the server or plugin in the file; without it, doctor checks all that have a key of this plugin." aliases:"plugin-name"`
	Timeout time.Duration `help:"Timeout of one request." default:"10s"`
	Lang    string        `help:"The language of the report: ${enum}. The default follows the locale." enum:"en,zh" default:"${language}"`
}

// chineseLocale matches the names of locales that print Chinese as UTF-8.
var chineseLocale = regexp.MustCompile(`(?i)^zh[^.]*(\.utf-?8.*)?$`)

// localeLanguage returns "zh" if the first variable of the locale that is set asks
// for Chinese, and otherwise "en".
func localeLanguage(getenv func(string) string) string {
	if chineseLocale.MatchString(cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))) {
		return "zh"
	}
	return "en"
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
	language := doctor.NewLanguage(c.Lang)
	targets, err := doctor.Targets(c.Config, c.Name)
	if err != nil {
		var unreadable *doctor.Error
		if errors.As(err, &unreadable) {
			err = errors.New(unreadable.In(language))
		}
		return err
	}
	report := doctor.Examine(ctx, &doctor.Options{Timeout: c.Timeout, AskPlugin: cli.askPlugin}, targets...)
	report.Print(os.Stdout, language, styleStatus)
	if code := report.ExitCode(); code != 0 {
		return exitError(code)
	}
	return nil
}

// styleStatus gives each status its color.
func styleStatus(status doctor.Status, text string) string {
	switch status {
	case doctor.OK:
		return green.apply(text)
	case doctor.Fail:
		return red.apply(text)
	case doctor.Unknown:
		return yellow.apply(text)
	}
	return text
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
