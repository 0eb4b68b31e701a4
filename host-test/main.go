// Command host-test loads plugin.wasm as an MCP runner does, for people and for
// tests. In a release it is called dingtalk-mcp and contains the plugin.
//
//	go run ./host-test demo     shows what the plugin does, with a fake robot
//	go run ./host-test call     calls one tool
//	go run ./host-test fake     serves only the fake robot
//	go run ./host-test serve    serves the plugin to MCP clients
//	go run ./host-test doctor   finds out why a robot stays silent
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/pluginversion"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each command has its own file.
type cli struct {
	Plugin  string `help:"Load the plugin from this file, instead of the one inside this command or dist/plugin.wasm in the repository." env:"DINGTALK_PLUGIN" type:"path"`
	Version bool   `help:"Print the versions of this command and of the plugin, and exit."`

	Demo   demoCommand   `cmd:"" help:"Send messages of every type to a fake robot and show what the group sees."`
	Call   callCommand   `cmd:"" help:"Call one tool, with the configuration in environment variables."`
	Fake   fakeCommand   `cmd:"" aliases:"robot" help:"Serve a fake robot, with a page that shows its group."`
	Serve  serveCommand  `cmd:"" help:"Serve the plugin to MCP clients, over standard input and output or HTTP, with the configuration in environment variables."`
	Doctor doctorCommand `cmd:"" help:"Find out why a robot stays silent, without posting to its group."`

	Completion completionCommand `cmd:"" help:"Print a script that completes this command in a shell."`
}

// The exit codes of all commands, next to 0 for success.
const (
	exitFailed = 1 // the command ran, and failed or found something wrong
	exitUsage  = 2 // the command line is wrong; nothing was started
)

const description = "Loads the DingTalk plugin as an MCP runner does.\n\n" +
	"Exit codes: 0 success; 1 the command failed or found something wrong; 2 the command line is wrong."

// An exitError ends a command that has already printed why, with this status.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit ends the command. It maps kong's status of a usage error to the usual one.
func exit(status int) {
	const kongUsage = 80
	if status == kongUsage {
		status = exitUsage
	}
	os.Exit(status)
}

func main() {
	var flags cli
	parser := kong.Must(&flags,
		kong.Name(commandName()),
		kong.Description(description),
		kong.Exit(exit),
		kong.Vars{"token": dingtalktest.DefaultToken, "faults": strings.Join(dingtalktest.FaultNames(), ", "), "language": localeLanguage(os.Getenv)},
	)
	parsed, err := parser.Parse(os.Args[1:])
	if flags.Version { // even without a command, which is an error for Parse
		flags.printVersion()
		return
	}
	if err == nil {
		parsed.BindTo(signalContext(), (*context.Context)(nil))
		err = parsed.Run(&flags)
	}
	var status exitError
	switch {
	case errors.As(err, &status):
		os.Exit(int(status))
	case err != nil:
		parser.FatalIfErrorf(redactedError{err})
	}
}

// A redactedError hides credentials in the text of an error, which may quote an
// argument: people paste an address in the wrong place.
type redactedError struct{ error }

func (e redactedError) Error() string {
	redactor := config.NewRedactor(config.FromEnvironment())
	lines := strings.Split(e.error.Error(), "\n") // Redact would join them
	for i, line := range lines {
		lines[i] = redactor.Redact(line)
	}
	return strings.Join(lines, "\n")
}

func (e redactedError) Unwrap() error { return e.error }

// signalContext returns a context that the first SIGINT or SIGTERM cancels. A
// command that still runs five seconds later, because a client does not read or a
// file does not end, exits then, and at once on a second signal.
func signalContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		select {
		case <-signals:
		case <-time.After(5 * time.Second):
			go fmt.Fprintln(os.Stderr, "the command did not end within five seconds") // blocks if nobody reads
			time.Sleep(100 * time.Millisecond)
		}
		os.Exit(exitFailed)
	}()
	return ctx
}

// printVersion prints the version of this command, and the one that make dist wrote
// into the plugin.
func (c *cli) printVersion() {
	fmt.Println(commandName(), version())
	module, err := c.wasm()
	stamp, stamped := pluginversion.Read(module)
	switch {
	case err != nil:
		fmt.Println("plugin: none,", redactedError{err})
	case !stamped:
		fmt.Println("plugin: without a version, which only `make dist` writes")
	default:
		fmt.Println("plugin", stamp)
	}
}

// commandName is the name under which the command was started, which completion has
// to know.
func commandName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// An ansi style formats text for a terminal.
type ansi string

const (
	bold   ansi = "1"
	red    ansi = "1;31"
	green  ansi = "32"
	yellow ansi = "33"
)

// apply formats the text if standard output is a terminal and NO_COLOR, see
// https://no-color.org, is not set.
func (style ansi) apply(text string) string {
	info, err := os.Stdout.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || !wantsColor(os.Getenv, runtime.GOOS) {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// wantsColor reports whether a terminal understands styles. The old console of
// Windows shows them as they are.
func wantsColor(getenv func(string) string, goos string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && (goos != "windows" || getenv("WT_SESSION")+getenv("TERM") != "")
}
