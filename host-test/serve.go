package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"
	"dingtalk-plugin/host-test/internal/pluginversion"

	"github.com/tetratelabs/wazero"
)

type serveCommand struct {
	Fake    bool          `help:"Post to a fake robot, which runs as long as the server; standard error shows what the group sees."`
	Page    bool          `help:"With --fake: print the address of the page that shows the group."`
	Timeout time.Duration `help:"How long one call may take." default:"30s"`

	LogFormat string `help:"Format of the log on standard error: ${enum}." enum:"text,json" default:"text"`

	HTTP  string   `name:"http" placeholder:"ADDR" help:"Serve any number of clients over HTTP, at http://ADDR/mcp, instead of one over standard input and output. Without a host, only this machine can connect. An address that others can reach requires a bearer token in DINGTALK_MCP_TOKEN. If that is set, clients must send it on any address."`
	Hosts []string `name:"http-host" placeholder:"NAME" help:"With --http: another name under which clients reach this server, such as a proxy's."`
}

// serveToken is the variable with the bearer token of clients. It lacks the prefix
// of the plugin's configuration, so the plugin never sees it.
const serveToken = "DINGTALK_MCP_TOKEN"

// Run serves until standard input ends or a signal arrives. Standard output is for
// the protocol only: what else is printed there, even by a library, goes to
// standard error.
func (c *serveCommand) Run(ctx context.Context, cli *cli) (err error) {
	protocol := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = protocol }()

	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(75) // RATIONALE.md, "Why does a long call take more than half the Node server's time?"
	}
	signal.Ignore(syscall.SIGPIPE) // a client that closes standard error would kill its server in the middle of a call
	stderr := newLogWriter(os.Stderr)
	defer stderr.close()

	log, notes := newLog(stderr, c.LogFormat)
	defer func() {
		if err != nil && c.LogFormat == "json" {
			log.Error(redactedError{err}.Error())
			err = exitError(1)
		}
	}()

	values := config.FromEnvironment()
	if c.Fake {
		fake := startFakeServer(values)
		defer fake.Close()
		values = fake.config
		if c.Page {
			fmt.Fprintln(notes, "the group is at", fake.URL)
		}
		defer fake.report(notes)()
	}
	server, err := c.server(ctx, cli, values, log)
	if err != nil {
		return err
	}
	defer server.Close()
	if c.HTTP != "" {
		return c.serveHTTP(ctx, server, notes)
	}
	err = server.Run(ctx, &mcpserver.StdioTransport{Reader: os.Stdin, Writer: protocol})
	if ctx.Err() != nil {
		return nil // a signal is not a failure
	}
	return err
}

func (c *serveCommand) serveHTTP(ctx context.Context, server *mcpserver.Server, notes io.Writer) error {
	address, local, err := httpAddress(c.HTTP)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(notes, "serving at http://%s/mcp\n", listener.Addr())
	if !local {
		fmt.Fprintln(notes, "warning: this is HTTP without TLS, which sends the token in plain text; put a proxy with TLS in front")
	}
	return server.ServeHTTP(ctx, listener, &mcpserver.HTTPOptions{Token: os.Getenv(serveToken), Hosts: c.Hosts})
}

// httpAddress completes an address, and reports whether only this machine can
// reach it. A name other than localhost may resolve to any address.
func httpAddress(address string) (complete string, local bool, err error) {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", false, fmt.Errorf("--http %s: use host:port, as in 127.0.0.1:8080", address)
	case host == "":
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), host == "localhost" || net.ParseIP(host).IsLoopback(), nil
}

// Validate is called by kong.
func (c *serveCommand) Validate() error {
	if c.Page && !c.Fake {
		return errPageWithoutFake
	}
	if c.Timeout <= 0 {
		return errors.New("--timeout must be positive")
	}
	if c.HTTP == "" {
		return nil
	}
	if _, local, err := httpAddress(c.HTTP); err != nil || local || os.Getenv(serveToken) != "" {
		return err
	}
	return fmt.Errorf("--http %s can be reached from elsewhere: set %s to the bearer token of clients, as from `openssl rand -hex 32`", c.HTTP, serveToken)
}

// server loads the plugin and allows only the configured hosts.
func (c *serveCommand) server(ctx context.Context, cli *cli, values map[string]string, log *slog.Logger) (*mcpserver.Server, error) {
	module, err := cli.wasm()
	if err != nil {
		return nil, err
	}
	options := &host.Options{
		Config: values, AllowedHosts: config.AllowedHosts(values), Cache: openCache(ctx, module),
	}
	robots, standard := config.RobotNames(values)
	version := version()
	log.Info("serving", "version", version, "hosts", config.ShownHosts(values), "timeout", c.Timeout.String())
	for _, problem := range config.Missing(values) {
		log.Warn(problem)
	}
	return mcpserver.New(ctx, &mcpserver.Options{
		Load:   func(ctx context.Context) (mcpserver.Plugin, error) { return host.Load(ctx, module, options) },
		Robots: robots, Default: standard,
		Timeout: c.Timeout, Log: log, Version: version, WebsiteURL: website(),
	})
}

// openCache returns a cache in the user's folder for such files, if there is one.
func openCache(ctx context.Context, module []byte) wazero.CompilationCache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return wazero.NewCompilationCache()
	}
	return host.OpenCache(ctx, filepath.Join(dir, "dingtalk-plugin"), module)
}

// version returns the version of the repository that this command was built from,
// which is that of the plugin in it.
func version() string {
	var plugin pluginversion.Version
	if module, ok := embeddedModule(); ok {
		plugin, _ = pluginversion.Read(module)
	}
	return firstKnown(plugin.Version, mainModule().Version)
}

// firstKnown returns the first version that tells something. MCP requires one.
func firstKnown(versions ...string) string {
	for _, v := range versions {
		if v != "" && v != "(devel)" && v != pluginversion.Unknown {
			return v
		}
	}
	return "0.0.0-dev"
}

// website returns where the repository is published, or "" before it is.
func website() string { return websiteOf(mainModule().Path) }

// websiteOf returns the web page of a module. A path that make rename has not
// written leads nowhere.
func websiteOf(module string) string {
	if !strings.HasPrefix(module, "github.com/") {
		return ""
	}
	return "https://" + module
}

func mainModule() debug.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return debug.Module{}
	}
	return info.Main
}

// newLog returns the log, and a writer for lines that are no log entries as text
// and entries as JSON, so that a program can read all of it.
func newLog(w io.Writer, format string) (log *slog.Logger, notes io.Writer) {
	if format == "json" {
		log = slog.New(slog.NewJSONHandler(w, nil))
		return log, slog.NewLogLogger(log.Handler(), slog.LevelInfo).Writer()
	}
	return slog.New(slog.NewTextHandler(w, nil)), w
}

// A logWriter writes in the background, and drops what exceeds its buffer: a
// client that does not read standard error must not hold up its calls.
type logWriter struct {
	entries chan []byte // nil ends the goroutine that writes
	done    chan struct{}
}

func newLogWriter(w io.Writer) *logWriter {
	l := &logWriter{make(chan []byte, 256), make(chan struct{})}
	go func() {
		defer close(l.done)
		for entry := range l.entries {
			if entry == nil {
				return
			}
			_, _ = w.Write(entry) // an error could be reported nowhere
		}
	}()
	return l
}

// Write implements io.Writer. It never blocks.
func (l *logWriter) Write(entry []byte) (int, error) {
	select {
	case l.entries <- append([]byte{}, entry...):
	default:
	}
	return len(entry), nil
}

// close waits until everything is written, at most a second. It may be followed by
// writes, which are dropped.
func (l *logWriter) close() {
	deadline := time.After(time.Second)
	select {
	case l.entries <- nil:
	case <-deadline:
		return
	}
	select {
	case <-l.done:
	case <-deadline:
	}
}
