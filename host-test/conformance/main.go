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
	"strings"

	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/alecthomas/kong"
)

type commandLine struct {
	Plugin    string `help:"The plugin's file." default:"dist/plugin.wasm" type:"path"`
	Scenarios string `help:"The folder of the scenarios." default:"host-test/e2e/testdata" type:"path"`
	Readme    string `help:"The file whose snippets are run." default:"README.md" type:"path"`
	Folder    string `help:"Where runtimes are installed." default:".tools/conformance" type:"path"`
	Runners   bool   `help:"Run hyper-mcp instead of the SDKs; HYPER_MCP names one that is there already."`
	Only      string `help:"Only runtimes whose name contains this, beside the first."`
	Calls     int    `help:"How many calls are measured." default:"200"`
}

func main() {
	var line commandLine
	parsed := kong.Parse(&line, kong.Description("Runs the same scenarios in every runtime that loads the DingTalk plugin."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parsed.FatalIfErrorf(line.run(ctx, os.Stdout, os.Stderr))
}

func (l *commandLine) run(ctx context.Context, out, log io.Writer) error {
	if _, err := os.Stat(l.Plugin); err != nil {
		return fmt.Errorf("%s is missing: make it with `make build`", filepath.Base(l.Plugin))
	}
	scenarios, err := scenario.ParseFolder(l.Scenarios)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(l.Readme)
	if err != nil {
		return err
	}
	runtimes := l.selectRuntimes()
	if err := missing(runtimes); err != nil {
		return err
	}
	s := &suiteRun{
		scenarios: scenarios, plugin: l.Plugin, readme: string(text),
		installer: &installer{l.Folder, log}, transcripts: map[string]string{},
	}
	var rows []row
	for _, r := range runtimes {
		fmt.Fprintln(log, "running", r.name)
		row, err := s.runAll(ctx, r, l.Calls)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		rows = append(rows, *row)
	}
	printTable(out, rows, l.Calls)
	for _, failure := range s.failures {
		fmt.Fprintf(out, "\n%s\n", failure)
	}
	if len(s.failures) > 0 {
		return errors.New("the runtimes differ")
	}
	return nil
}

func (l *commandLine) selectRuntimes() []*extismRuntime {
	all := sdks()
	if l.Runners {
		all = runners()
	}
	selected := all[:1:1]
	for _, r := range all[1:] {
		if strings.Contains(strings.ToLower(r.name), strings.ToLower(l.Only)) {
			selected = append(selected, r)
		}
	}
	return selected
}

// runAll runs all scenarios in one runtime, runs its snippet and measures it.
func (s *suiteRun) runAll(ctx context.Context, r *extismRuntime, calls int) (*row, error) {
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
	if calls > 0 {
		row.speed, err = s.measure(ctx, command, calls)
	}
	return row, err
}
