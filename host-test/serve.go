package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/mcpserver"

	"github.com/tetratelabs/wazero"
)

type serveCommand struct {
	Fake    bool          `help:"Post to a fake robot, which lives as long as the server; standard error shows what the group sees."`
	Page    bool          `help:"With --fake: say where the page is that shows the group."`
	Timeout time.Duration `help:"How long one call may take." default:"30s"`

	HTTP  string   `name:"http" placeholder:"ADDR" help:"Serve any number of clients over HTTP, at http://ADDR/mcp, in place of one over standard input and output. Without a host that is this machine alone; elsewhere, and wherever it is set, DINGTALK_MCP_TOKEN is the token that clients bear."`
	Hosts []string `name:"http-host" placeholder:"NAME" help:"With --http: a name under which clients reach this server, as through a proxy."`
}

// serveToken is the name of the variable that holds the token of clients. It has
// not the prefix of the plugin's configuration, so the plugin never sees it.
const serveToken = "DINGTALK_MCP_TOKEN"

// Run serves until standard input ends or a signal comes. Standard output
// belongs to the protocol alone; whatever else would be printed there, be it by
// a library, goes to standard error.
func (c *serveCommand) Run(ctx context.Context, line *commands) error {
	protocol := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = protocol }()

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
	if c.HTTP != "" {
		return c.serveHTTP(ctx, server)
	}
	err = server.Run(ctx, &mcpserver.StdioTransport{Reader: os.Stdin, Writer: protocol})
	if ctx.Err() != nil {
		return nil // being told to stop is no failure
	}
	return err
}

func (c *serveCommand) serveHTTP(ctx context.Context, server *mcpserver.Server) error {
	address, local, err := httpAddress(c.HTTP)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serving at http://%s/mcp\n", listener.Addr())
	if !local {
		fmt.Fprintln(os.Stderr, "warning: this is HTTP without TLS, and the token goes over the network as it is; put a proxy with TLS in front")
	}
	return server.ServeHTTP(ctx, listener, &mcpserver.HTTPOptions{Token: os.Getenv(serveToken), Hosts: c.Hosts})
}

// httpAddress completes an address, and reports whether it is this machine's
// alone. A name other than localhost may lead anywhere.
func httpAddress(address string) (complete string, local bool, err error) {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", false, fmt.Errorf("--http %s: want host:port, as in 127.0.0.1:8080", address)
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
		return fmt.Errorf("--timeout must be more than nothing")
	}
	if c.HTTP == "" {
		return nil
	}
	if _, local, err := httpAddress(c.HTTP); err != nil || local || os.Getenv(serveToken) != "" {
		return err
	}
	return fmt.Errorf("--http %s can be reached from elsewhere: set %s to the token that clients must bear, as from `openssl rand -hex 32`", c.HTTP, serveToken)
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
	log.Info("serving", "hosts", config.ShownHosts(values), "timeout", c.Timeout)
	return mcpserver.New(ctx, &mcpserver.Options{
		Load:   func(ctx context.Context) (mcpserver.Plugin, error) { return host.Load(ctx, module, options) },
		Robots: robots, Default: standard,
		Timeout: c.Timeout, Log: log, Version: version(),
	})
}

// version is that of the repository this command was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
