// Command conformance plays the cases of cases.json in every runtime that loads
// plugin.wasm, and the snippets with which README embeds it there, and prints how
// each did.
//
//	go run ./host-test/conformance              the Extism SDKs
//	go run ./host-test/conformance --runners    hyper-mcp, which takes long to build
//
// A runtime is a driver, a small program in its language (drivers, and how they
// are spoken to: internal/protocol). The robot that it posts to is the fake of
// host-test/robot.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed cases.json
var casesJSON []byte

type commandLine struct {
	Plugin  string `help:"The plugin's file." default:"dist/plugin.wasm" type:"path"`
	Readme  string `help:"The file whose snippets are run." default:"README.md" type:"path"`
	Folder  string `help:"Where runtimes are installed." default:".tools/conformance" type:"path"`
	Runners bool   `help:"Try hyper-mcp instead of the SDKs; HYPER_MCP names one that is there already."`
	Only    string `help:"Only runtimes whose name contains this, beside the first."`
	Calls   int    `help:"How many calls are measured." default:"200"`
}

func main() {
	var line commandLine
	parsed := kong.Parse(&line, kong.Description("Plays the same cases in every runtime that loads the DingTalk plugin."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parsed.FatalIfErrorf(line.run(ctx, os.Stdout, os.Stderr))
}

// A bench compares runtimes.
type bench struct {
	suite       *suite
	plugin      string
	readme      string // its text
	workshop    *workshop
	transcripts map[string]string
	failures    []string
}

func (l *commandLine) run(ctx context.Context, out, news io.Writer) error {
	if _, err := os.Stat(l.Plugin); err != nil {
		return fmt.Errorf("%s is missing: make it with `make plugin`", filepath.Base(l.Plugin))
	}
	suite, err := parseSuite(casesJSON)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(l.Readme)
	if err != nil {
		return err
	}
	runtimes := l.chosen()
	if err := missing(runtimes); err != nil {
		return err
	}
	b := &bench{
		suite: suite, plugin: l.Plugin, readme: string(text),
		workshop: &workshop{l.Folder, news}, transcripts: map[string]string{},
	}
	var rows []row
	for _, r := range runtimes {
		b.workshop.say("trying " + r.name)
		row, err := b.try(ctx, r, l.Calls)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		rows = append(rows, *row)
	}
	printTable(out, rows, l.Calls)
	for _, failure := range b.failures {
		fmt.Fprintf(out, "\n%s\n", failure)
	}
	if len(b.failures) > 0 {
		return errors.New("the runtimes do not answer alike")
	}
	return nil
}

func (l *commandLine) chosen() []*runtime {
	all := sdks()
	if l.Runners {
		all = runners()
	}
	chosen := all[:1:1]
	for _, r := range all[1:] {
		if strings.Contains(strings.ToLower(r.name), strings.ToLower(l.Only)) {
			chosen = append(chosen, r)
		}
	}
	return chosen
}

// try plays all cases in one runtime, runs its snippet and measures it.
func (b *bench) try(ctx context.Context, r *runtime, calls int) (*row, error) {
	before, after, err := r.prepare(ctx, b.workshop)
	if err != nil {
		return nil, err
	}
	command := append(append(before, b.plugin), after...)
	row, err := b.play(ctx, r, command)
	if err == nil && r.snippet != nil {
		if wrong := b.rehearse(ctx, r.snippet, before, after); wrong != nil {
			b.failures = append(b.failures, fmt.Sprintf("%s: README's snippet: %v", r.name, wrong))
		}
	}
	if err != nil || calls == 0 {
		return row, err
	}
	row.speed, err = b.measure(ctx, command, calls)
	return row, err
}

func (b *bench) play(ctx context.Context, r *runtime, command []string) (*row, error) {
	driver, err := startDriver(ctx, command)
	if err != nil {
		return nil, err
	}
	defer driver.close()
	p := &player{suite: b.suite, runtime: r, driver: driver, transcripts: b.transcripts}
	row := &row{name: r.name, version: driver.version, survives: r.survives}
	for i := range b.suite.Cases {
		c := &b.suite.Cases[i]
		if !r.plays(c) {
			continue
		}
		passed, err := p.play(c)
		if err != nil {
			return nil, err
		}
		row.played++
		if passed {
			row.passed++
		}
	}
	row.tells = p.tells
	b.failures = append(b.failures, p.failures...)
	if p.tells != r.tells {
		b.failures = append(b.failures, fmt.Sprintf("%s tells %v, and was known to tell %v", r.name, p.tells, r.tells))
	}
	return row, nil
}
