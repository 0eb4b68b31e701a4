// Command conformance runs the scenarios of host-test/e2e/testdata in every runtime
// that loads plugin.wasm, and the snippets with which README embeds it there, and
// prints how each did.
//
//	go run ./host-test/conformance              the Extism SDKs
//	go run ./host-test/conformance --runners    hyper-mcp, which is slow to build
//
// Each runtime has a driver, a small program in its language (package protocol
// defines how to talk to it). A runtime runs the scenarios whose needs it meets, with
// placeholders for signatures, identifiers and waits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/alecthomas/kong"
)

// calls is how many calls are measured.
const calls = 200

type commandLine struct {
	Runners bool `help:"Run hyper-mcp instead of the SDKs; HYPER_MCP names one that is there already."`
}

func main() {
	var line commandLine
	parsed := kong.Parse(&line, kong.Description("Runs the same scenarios in every runtime that loads the DingTalk plugin."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parsed.FatalIfErrorf(line.run(ctx, os.Stdout, os.Stderr))
}

// run runs everything, in the root of the repository.
func (l *commandLine) run(ctx context.Context, out, log io.Writer) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	plugin := filepath.Join(root, "dist", "plugin.wasm")
	if _, err := os.Stat(plugin); err != nil {
		return errors.New("plugin.wasm is missing: make it with `make build`")
	}
	scenarios, err := scenario.ParseFolder("host-test/e2e/testdata")
	if err != nil {
		return err
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	runtimes := sdks()
	if l.Runners {
		runtimes = runners()
	}
	if err := missing(runtimes); err != nil {
		return err
	}
	s := &suiteRun{
		scenarios: scenarios, plugin: plugin, readme: string(text),
		installer: &installer{filepath.Join(root, ".tools", "conformance"), log}, transcripts: map[string]string{},
	}
	return s.runRuntimes(ctx, runtimes, out)
}

// runRuntimes runs all runtimes, and prints a table and what failed.
func (s *suiteRun) runRuntimes(ctx context.Context, runtimes []*extismRuntime, out io.Writer) error {
	var rows []row
	for _, r := range runtimes {
		fmt.Fprintln(s.installer.log, "running", r.name)
		row, err := s.runAll(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		rows = append(rows, *row)
	}
	printTable(out, rows)
	for _, failure := range s.failures {
		fmt.Fprintf(out, "\n%s\n", failure)
	}
	if len(s.failures) > 0 {
		return errors.New("the runtimes differ")
	}
	return nil
}

// runAll runs all scenarios in one runtime, runs its snippet and measures it.
func (s *suiteRun) runAll(ctx context.Context, r *extismRuntime) (*row, error) {
	before, after, err := r.prepare(ctx, s.installer)
	if err != nil {
		return nil, err
	}
	command := append(append(before, s.plugin), after...)
	row, err := s.run(ctx, r, command)
	if err != nil {
		return nil, err
	}
	if r.snippet != nil {
		if err := s.runSnippet(ctx, r.snippet, before, after); err != nil {
			s.failures = append(s.failures, fmt.Sprintf("%s: README's snippet: %v", r.name, err))
		}
	}
	row.speed, err = measure(ctx, command)
	return row, err
}
