package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/host-test/robot"

	"github.com/tetratelabs/wazero"
)

type serveCommand struct {
	Fake    bool          `help:"Post to a fake robot, which lives as long as the server; standard error shows what the group sees."`
	Page    bool          `help:"With --fake: say where the page is that shows the group."`
	Timeout time.Duration `help:"How long one call may take." default:"30s"`
}

// Run serves until standard input ends or a signal comes. Standard output
// belongs to the protocol alone; whatever else would be printed there, be it by
// a library, goes to standard error.
func (c *serveCommand) Run(ctx context.Context, line *commands) error {
	protocol := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = protocol }()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()

	values := config.FromEnvironment()
	if c.Fake {
		group := startGroup(values)
		defer group.Close()
		values = group.config
		if c.Page {
			fmt.Fprintln(os.Stderr, "the group is at", group.URL)
		}
		defer group.report(os.Stderr)()
	}
	server, err := c.server(ctx, line, values)
	if err != nil {
		return err
	}
	defer server.Close()
	err = server.Run(ctx, &mcpserver.StdioTransport{Reader: os.Stdin, Writer: protocol})
	if ctx.Err() != nil {
		return nil // being told to stop is no failure
	}
	return err
}

// Validate is called by kong.
func (c *serveCommand) Validate() error {
	if c.Page && !c.Fake {
		return errPageWithoutFake
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("--timeout must be more than nothing")
	}
	return nil
}

// server loads the plugin so that it reaches the configured addresses alone.
func (c *serveCommand) server(ctx context.Context, line *commands, values map[string]string) (*mcpserver.Server, error) {
	module, err := line.wasm()
	if err != nil {
		return nil, err
	}
	options := &host.Options{
		Config: values, AllowedHosts: config.AllowedHosts(values),
		Cache: wazero.NewCompilationCache(),
	}
	robots, standard := config.RobotNames(values)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	log.Info("serving", "hosts", strings.Join(options.AllowedHosts, ","), "timeout", c.Timeout)
	return mcpserver.New(ctx, &mcpserver.Options{
		Load:   func(ctx context.Context) (mcpserver.Plugin, error) { return host.Load(ctx, module, options) },
		Robots: robots, Default: standard,
		Timeout: c.Timeout, Log: log, Version: version(),
	})
}

// report prints messages as the group gets them, until it is stopped.
func (g *group) report(w io.Writer) (stop func()) {
	changed, unwatch := g.robot.Watch()
	stopping, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for printed, last := 0, false; !last; {
			select {
			case <-stopping:
				last = true
			case <-changed:
			}
			messages := g.robot.Messages()
			for _, message := range messages[printed:] {
				fmt.Fprint(w, "\n", robot.RenderText(message))
			}
			printed = len(messages)
		}
	}()
	return func() {
		close(stopping)
		<-done
		unwatch()
	}
}

// version is that of the repository this command was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
