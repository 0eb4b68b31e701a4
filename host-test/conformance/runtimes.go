package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/scenario"
)

// An extismRuntime is one way to load the plugin.
type extismRuntime struct {
	name     string
	requires []requirement
	// prepare installs what is missing and returns the driver's command; the plugin's
	// file goes between its two parts.
	prepare preparer
	snippet *snippet // README's for it; nil where go test runs it

	capabilities []scenario.Capability
	leaks        leaks // a change is a failure, because README documents them
}

func (r *extismRuntime) survives() bool {
	return slices.Contains(r.capabilities, scenario.SurvivesTraps)
}

type preparer = func(ctx context.Context, in *installer) (command, after []string, err error)

// A requirement is a program that the user has to install.
type requirement struct{ program, remedy string }

var (
	requiresGo     = requirement{"go", "install Go, https://go.dev/dl"}
	requiresNode   = requirement{"node", "install Node.js 20 or newer, https://nodejs.org"}
	requiresNPM    = requirement{"npm", "install npm, which comes with Node.js, https://nodejs.org"}
	requiresPython = requirement{"python3", "install Python 3, https://www.python.org/downloads"}
	requiresCargo  = requirement{"cargo", "install Rust, https://rustup.rs, or give the path of a hyper-mcp in HYPER_MCP"}
)

// sdks are the Extism SDKs. The others are compared with the first.
func sdks() []*extismRuntime {
	return []*extismRuntime{
		{
			name: "Go, extism/go-sdk", requires: []requirement{requiresGo}, prepare: goDriver("go"),
			capabilities: []scenario.Capability{scenario.SettableClock, scenario.RawInput, scenario.MemoryLimit, scenario.CutTraps, scenario.StopsRedirects, scenario.SurvivesTraps}, leaks: leaks{tokenInError: true},
		},
		{
			name: "Node, @extism/extism 1", requires: []requirement{requiresNode, requiresNPM}, prepare: nodeDriver("extism-1"), snippet: nodeSnippet("extism-1"),
			capabilities: []scenario.Capability{scenario.RawInput, scenario.CutTraps, scenario.StopsRedirects},
		},
		{
			name: "Node, @extism/extism 2", requires: []requirement{requiresNode, requiresNPM}, prepare: nodeDriver("extism-2"), snippet: nodeSnippet("extism-2"),
			capabilities: []scenario.Capability{scenario.RawInput, scenario.MemoryLimit, scenario.CutIsEmpty, scenario.StopsRedirects},
		},
		{
			name: "Python, extism", requires: []requirement{requiresPython}, prepare: pythonDriver, snippet: pythonSnippet,
			capabilities: []scenario.Capability{scenario.RawInput, scenario.MemoryLimit, scenario.CutTraps, scenario.SurvivesTraps},
		},
	}
}

// runners are the MCP runners, which are slow to install.
func runners() []*extismRuntime {
	hyper := &extismRuntime{
		name: "hyper-mcp", requires: []requirement{requiresGo}, prepare: hyperDriver, snippet: hyperSnippet,
		capabilities: []scenario.Capability{scenario.MemoryLimit, scenario.CutTraps, scenario.SurvivesTraps}, leaks: leaks{messagesInLog: true},
	}
	if os.Getenv("HYPER_MCP") == "" {
		hyper.requires = append(hyper.requires, requiresCargo)
	}
	return []*extismRuntime{sdks()[0], hyper}
}

func goDriver(name string) preparer {
	return func(ctx context.Context, in *installer) (command, after []string, err error) {
		program := filepath.Join(in.folder, name, "driver")
		err = in.run(ctx, ".", "go", "build", "-buildvcs=false", "-o", program, "dingtalk-plugin/host-test/conformance/drivers/"+name)
		return []string{program}, nil, err
	}
}

func nodeDriver(alias string) preparer {
	return func(ctx context.Context, in *installer) (command, after []string, err error) {
		folder, err := in.writeFiles("node", "driver.mjs", "package.json", "package-lock.json")
		if err == nil {
			err = in.installOnce(folder, "package-lock.json", func() error {
				return in.run(ctx, folder, "npm", "ci", "--no-audit", "--no-fund")
			})
		}
		return []string{"node", "--no-warnings", filepath.Join(folder, "driver.mjs")}, []string{alias}, err
	}
}

func pythonDriver(ctx context.Context, in *installer) (command, after []string, err error) {
	folder, err := in.writeFiles("python", "driver.py", "requirements.txt")
	python := filepath.Join(folder, "venv", "bin", "python")
	if err == nil {
		err = in.installOnce(folder, "requirements.txt", func() error {
			if err := in.run(ctx, folder, "python3", "-m", "venv", "venv"); err != nil {
				return err
			}
			return in.run(ctx, folder, python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
		})
	}
	return []string{python, filepath.Join(folder, "driver.py")}, nil, err
}

// hyperVersion is installed unless HYPER_MCP names a program, with the dependencies
// of its lock file: it does not compile with newer ones.
const hyperVersion = "0.8.3"

func hyperDriver(ctx context.Context, in *installer) (command, after []string, err error) {
	command, _, err = goDriver("hyper-mcp")(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Dir(command[0])
	program := os.Getenv("HYPER_MCP")
	if program == "" {
		if program, err = in.buildHyperMCP(ctx, filepath.Join(folder, hyperVersion)); err != nil {
			return nil, nil, err
		}
	}
	log := filepath.Join(folder, "log")
	if err := os.RemoveAll(log); err != nil {
		return nil, nil, err
	}
	return command, []string{program, log}, os.MkdirAll(log, 0o755)
}

// buildHyperMCP builds the program unless it exists, and returns its path.
func (in *installer) buildHyperMCP(ctx context.Context, folder string) (program string, err error) {
	program = filepath.Join(folder, "bin", "hyper-mcp")
	if _, err := exec.LookPath(program); err == nil {
		return program, nil
	}
	fmt.Fprintln(in.log, "building hyper-mcp", hyperVersion, "which takes about twenty minutes")
	command := exec.CommandContext(ctx, "cargo", "install", "--locked", "hyper-mcp", "--version", hyperVersion, "--root", folder)
	command.Stdout, command.Stderr = in.log, in.log
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("cargo install hyper-mcp: %w", err)
	}
	return program, nil
}

//go:embed drivers/node drivers/python
var drivers embed.FS

// An installer installs runtimes in a folder.
type installer struct {
	folder string // absolute
	log    io.Writer
}

// missing lists everything that the user has to install first.
func missing(runtimes []*extismRuntime) error {
	var errs []error
	listed := map[string]bool{}
	for _, r := range runtimes {
		for _, one := range r.requires {
			if _, err := exec.LookPath(one.program); err != nil && !listed[one.program] {
				listed[one.program] = true
				errs = append(errs, fmt.Errorf("%s is missing: %s", one.program, one.remedy))
			}
		}
	}
	return errors.Join(errs...)
}

// writeFiles writes the driver's files and returns their folder.
func (in *installer) writeFiles(name string, files ...string) (folder string, err error) {
	folder = filepath.Join(in.folder, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := drivers.ReadFile(path.Join("drivers", name, file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// installOnce installs, unless that was done with the same list of packages.
func (in *installer) installOnce(folder, list string, install func() error) error {
	want, err := os.ReadFile(filepath.Join(folder, list))
	if err != nil {
		return err
	}
	stamp := filepath.Join(folder, "installed")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	return os.WriteFile(stamp, want, 0o644)
}

// run runs a program that installs something. Only a failure shows its output.
func (in *installer) run(ctx context.Context, folder, program string, arguments ...string) error {
	fmt.Fprintln(in.log, "  "+filepath.Base(program)+" "+strings.Join(arguments, " "))
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(arguments, " "), err, output)
	}
	return nil
}
