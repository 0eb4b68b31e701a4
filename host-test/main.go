// Command host-test loads plugin.wasm as an MCP runner does, for people and for
// tests. In a release it is called dingtalk-mcp and contains the plugin.
//
//	go run ./host-test demo     shows what the plugin does, with a fake robot
//	go run ./host-test call     calls one tool
//	go run ./host-test robot    serves only the fake robot
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
	"strings"
	"syscall"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each command has its own file.
type cli struct {
	Plugin string `help:"The plugin's file, instead of the one in this command or of dist/plugin.wasm in the repository." env:"DINGTALK_PLUGIN" type:"path"`

	Demo   demoCommand   `cmd:"" help:"Send both kinds of message to a fake robot and show what the group sees."`
	Call   callCommand   `cmd:"" help:"Call one tool, configured by the environment."`
	Robot  robotCommand  `cmd:"" help:"Serve the fake robot alone."`
	Serve  serveCommand  `cmd:"" help:"Serve the plugin to MCP clients, over standard input and output or HTTP, configured by the environment."`
	Doctor doctorCommand `cmd:"" help:"Find out why a robot stays silent, without posting to its group."`
}

// An exitError ends a command that has already printed why, with this status.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit ends the command. It maps kong's status of a usage error, 80, to the usual 2.
func exit(status int) {
	if status == 80 {
		status = 2
	}
	os.Exit(status)
}

func main() {
	var flags cli
	parser := kong.Must(&flags,
		kong.Name(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")),
		kong.Description("Loads the DingTalk plugin as an MCP runner does."),
		kong.Exit(exit),
		kong.Vars{"token": dingtalktest.DefaultToken, "faults": strings.Join(dingtalktest.FaultNames(), ", ")},
	)
	parsed, err := parser.Parse(os.Args[1:])
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
		os.Exit(1)
	}()
	return ctx
}
