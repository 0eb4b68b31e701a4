package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/readme"
	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A snippet is what README tells the users of a runtime to write. Running it posts
// one message, "hello".
type snippet struct {
	heading, language string
	run               func(context.Context, *snippetRun) (output string, err error)
}

// A snippetRun is a snippet and its environment.
type snippetRun struct {
	text           string   // of the snippet, with the robot's address
	before, after  []string // the driver's command
	folder, plugin string   // an empty folder, and the plugin's file
	environment    []string
}

// runSnippet runs the snippet with a fake robot, whose group must get the message.
func (suite *suiteRun) runSnippet(ctx context.Context, s *snippet, before, after []string) error {
	text, err := readme.Find(suite.readme, s.heading, s.language)
	if err != nil {
		return err
	}
	secret := ""
	if strings.Contains(text, schema.KeySecret) {
		secret = canarySecret
	}
	fake := dingtalktest.New(&dingtalktest.Options{Token: canaryToken, Secret: secret})
	recorder, err := recorder.New(fake)
	if err != nil {
		return err
	}
	defer recorder.Close()
	if text, err = readme.Redirect(text, recorder.URL+"/robot/send"); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "snippet")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	output, err := s.run(ctx, &snippetRun{
		text: text, before: before, after: after, folder: folder, plugin: suite.plugin,
		environment: append(environment(), schema.KeyAccessToken+"="+canaryToken, schema.KeySecret+"="+secret),
	})
	if err != nil {
		return fmt.Errorf("%w: %s\n%s", err, output, text)
	}
	return checkPosted(fake.Messages(), output)
}

// checkPosted checks that the group got the message, and the snippet printed the result.
func checkPosted(messages []dingtalktest.Message, output string) error {
	if len(messages) != 1 || messages[0].Text != "hello" {
		return fmt.Errorf("the group got %d messages, want one hello: %s", len(messages), output)
	}
	if !strings.Contains(output, "Message sent successfully") {
		return errors.New("it does not print the result: " + output)
	}
	return nil
}

// nodeSnippet runs with one of the versions that are installed beside each other.
func nodeSnippet(alias string) *snippet {
	return &snippet{"Node.js", "js", runScript("readme-"+alias+".mjs", strings.NewReplacer(`from "@extism/extism"`, `from "`+alias+`"`))}
}

var pythonSnippet = &snippet{"Python", "python", runScript("readme.py", strings.NewReplacer())}

// runScript runs the program from a file beside the driver's, where the SDK is
// found, in a folder that has the plugin where the program expects it.
func runScript(file string, imports *strings.Replacer) func(context.Context, *snippetRun) (string, error) {
	return func(ctx context.Context, r *snippetRun) (output string, err error) {
		last := len(r.before) - 1
		program := filepath.Join(filepath.Dir(r.before[last]), file)
		if err := os.WriteFile(program, []byte(imports.Replace(r.text)), 0o644); err != nil {
			return "", err
		}
		dist := filepath.Join(r.folder, "dist")
		if err := errors.Join(os.Mkdir(dist, 0o755), os.Symlink(r.plugin, filepath.Join(dist, "plugin.wasm"))); err != nil {
			return "", err
		}
		command := exec.CommandContext(ctx, r.before[0], append(r.before[1:last:last], program)...)
		command.Dir, command.Env = r.folder, r.environment
		printed, err := command.CombinedOutput()
		return string(printed), err
	}
}

var hyperSnippet = &snippet{"I have a WASM runner", "json", runHyperMCP}

// runHyperMCP starts hyper-mcp with the snippet as its file, after replacing the
// plugin's path, and calls the tool.
func runHyperMCP(ctx context.Context, r *snippetRun) (output string, err error) {
	const url = "file:///opt/mcp/plugin.wasm"
	if !strings.Contains(r.text, url) {
		return "", errors.New("it does not load " + url)
	}
	file := filepath.Join(r.folder, "config.json")
	text := strings.Replace(r.text, url, "file://"+filepath.ToSlash(r.plugin), 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, r.after[0], "--config-file", file)
	command.Env = append(r.environment, "HYPER_MCP_LOG_PATH="+r.folder)
	client := mcp.NewClient(&mcp.Implementation{Name: "conformance", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		return "", err
	}
	defer session.Close()
	params := &mcp.CallToolParams{Name: "dingtalk-send_text_message", Arguments: map[string]any{"text": "hello"}}
	result, err := session.CallTool(ctx, params)
	if err != nil {
		return "", err
	}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			output += text.Text
		}
	}
	return output, nil
}
