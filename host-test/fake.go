package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/host-test/internal/webui"
	"dingtalk-plugin/schema"
)

// fakePath is the path of the fake robot; the page has the rest of the server.
const fakePath = "/robot/send"

// fakeSecret signs when no secret is configured, so that signing is exercised.
const fakeSecret = "SECfake0000000000000000000000000000000000000000000000000000000000"

// Without --fake, --page would post to the real group and show nothing.
var errPageWithoutFake = errors.New("--page needs --fake: the page shows the group of a fake robot")

// A fakeServer is a fake server on this machine with its page, and the configuration
// with which the plugin posts to it.
type fakeServer struct {
	*http.Server
	URL    string
	robot  *dingtalktest.Server
	config map[string]string
}

// startFakeServer starts a fake server that accepts what the configuration signs with.
func startFakeServer(values map[string]string) *fakeServer {
	secret := values[schema.KeySecret]
	if secret == "" {
		secret = fakeSecret
	}
	g := &fakeServer{robot: dingtalktest.New(&dingtalktest.Options{Secret: secret}), config: map[string]string{}}
	maps.Copy(g.config, values)
	page := &webui.Options{}
	if secret == fakeSecret { // a real one is not for the page
		page.Example = curlLine
	}
	g.Server = limit(&http.Server{Handler: mountPage(g.robot, page)})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // this machine has no loopback, or no port left
	}
	g.URL = "http://" + listener.Addr().String()
	go g.Serve(listener)
	// A robot with an address of its own must not get what was meant for a fake.
	g.config = config.PointAllAt(g.config, config.Robot{Webhook: g.URL + fakePath, Token: dingtalktest.DefaultToken, Secret: secret})
	return g
}

// report prints messages as they arrive, until stop is called.
func (g *fakeServer) report(w io.Writer) (stop func()) {
	stopping, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		follow(g.robot, stopping, func(request dingtalktest.Request) {
			if request.Message != nil {
				fmt.Fprint(w, "\n", dingtalktest.RenderText(*request.Message))
			}
		})
	}()
	return func() {
		close(stopping)
		<-done
	}
}

// print shows what the group sees.
func (g *fakeServer) print(w io.Writer) {
	for _, message := range g.robot.Messages() {
		fmt.Fprint(w, "\n", dingtalktest.RenderText(message))
	}
}

// waitForInterrupt keeps the page up until the command is interrupted.
func (g *fakeServer) waitForInterrupt(ctx context.Context) {
	fmt.Printf("\nthe group is at %s until you press Ctrl+C\n", g.URL)
	<-ctx.Done()
}

// follow shows each request as it arrives, and after stop the remaining ones.
// Requests that Reset forgets meanwhile are skipped.
func follow(fake *dingtalktest.Server, stop <-chan struct{}, show func(dingtalktest.Request)) {
	changed, cancel := fake.Watch()
	defer cancel()
	var last dingtalktest.Cursor
	for stopping := false; ; {
		requests, _ := fake.RequestsAfter(last, 100)
		for _, request := range requests {
			show(request)
			last = request.Cursor()
		}
		switch {
		case len(requests) > 0:
			continue
		case stopping:
			return
		}
		select {
		case <-stop:
			stopping = true
		case <-changed:
		}
	}
}

// withPage serves a fake robot with its page, which shows its credentials, under this
// machine's names and the given ones.
func withPage(fake *dingtalktest.Server, hosts ...string) http.Handler {
	return mountPage(fake, &webui.Options{Hosts: hosts, Example: curlLine})
}

// mountPage serves the robot itself under any host name, because a plugin in a container
// has its own name for this machine.
func mountPage(fake *dingtalktest.Server, page *webui.Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(fakePath, fake)
	mux.Handle("/", webui.Handler(fake, page))
	return mux
}

// limit sets the timeouts of a server. The robot and event streams extend the
// write timeout themselves where they must.
func limit(server *http.Server) *http.Server {
	server.ReadHeaderTimeout = 5 * time.Second
	server.ReadTimeout = 15 * time.Second
	server.WriteTimeout = 30 * time.Second
	server.IdleTimeout = time.Minute
	server.MaxHeaderBytes = 64 << 10
	return server
}

// warnIfExposed warns when other machines can reach the address: the page shows
// every message, and anybody can use its controls.
func warnIfExposed(address net.Addr) {
	if host, _, err := net.SplitHostPort(address.String()); err != nil || !net.ParseIP(host).IsLoopback() {
		fmt.Fprintf(os.Stderr, "warning: %s can be reached from elsewhere, and the page has no password\n", address)
	}
}

type fakeCommand struct {
	Addr    string   `help:"Where to listen." default:"127.0.0.1:8787"`
	Token   string   `help:"The access token that it accepts." default:"${token}"`
	Secret  string   `help:"Its signing secret; without one it requires no signature."`
	Keyword []string `help:"Keywords, of which each message must contain one."`
	Texts   string   `help:"Which generation of DingTalk's error texts it answers with (${enum})." enum:"old,mid,new" default:"new"`
	Fault   []string `help:"Faults for the next messages, in order. Each is one of ${faults}."`

	AllowIP  []string      `name:"allow-ip" placeholder:"PREFIX" help:"Addresses or networks from which it accepts requests, such as 203.0.113.0/24; without one it accepts all."`
	Disabled bool          `help:"Answer as a robot that is switched off."`
	Removed  bool          `help:"Answer as a robot that was removed from its group."`
	Clock    time.Duration `placeholder:"DURATION" help:"How far its clock is ahead of this machine's, such as 2h. If it is behind, write --clock=-2h."`
}

// Run serves until it is interrupted, and prints each request.
func (c *fakeCommand) Run(ctx context.Context) error {
	fake, err := c.robot()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	warnIfExposed(listener.Addr())
	options := fake.Options()
	printInstructions(os.Stdout, &options, localAddress(listener.Addr().String()))
	host, _, _ := net.SplitHostPort(c.Addr) // net.Listen has accepted it
	server := limit(&http.Server{Handler: withPage(fake, host)})
	go printRequests(ctx, fake)
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Validate is called by kong.
func (c *fakeCommand) Validate() error {
	_, err := c.robot()
	return err
}

func (c *fakeCommand) robot() (*dingtalktest.Server, error) {
	options := dingtalktest.Options{Token: c.Token, Secret: c.Secret, Keywords: c.Keyword, Disabled: c.Disabled, Removed: c.Removed}
	for _, text := range c.AllowIP {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		options.AllowIPs = append(options.AllowIPs, prefix)
	}
	if err := options.Wording.UnmarshalText([]byte(c.Texts)); err != nil {
		return nil, err
	}
	fake := dingtalktest.New(&options)
	fake.AdvanceClock(c.Clock)
	for _, name := range c.Fault {
		fault, known := dingtalktest.FaultByName(name)
		if !known {
			return nil, fmt.Errorf("there is no fault %q; known are %v", name, dingtalktest.FaultNames())
		}
		fake.InjectFaults(fault)
	}
	return fake, nil
}

// parsePrefix parses a network, or an address as the network of that one.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("--allow-ip %q is neither an address nor a network: write 203.0.113.7 or 203.0.113.0/24", text)
	}
	return prefix, nil
}

// printRequests prints messages as the group sees them, and a line for each
// refusal.
func printRequests(ctx context.Context, fake *dingtalktest.Server) {
	follow(fake, ctx.Done(), func(request dingtalktest.Request) { fmt.Print("\n", dingtalktest.RenderRequest(request)) })
}

// printInstructions prints how to use the fake robot, ready to copy. The page comes
// last, so a program that reads up to it has everything.
func printInstructions(w io.Writer, options *dingtalktest.Options, host string) {
	webhook := "http://" + host + fakePath
	fmt.Fprintln(w, "Configure the plugin, or any other sender, with:")
	fmt.Fprintln(w)
	for _, setting := range []struct{ key, value string }{
		{schema.KeyWebhookURL, webhook},
		{schema.KeyAccessToken, options.Token},
		{schema.KeySecret, options.Secret},
		{schema.KeyKeywords, strings.Join(options.Keywords, ",")},
	} {
		if setting.value != "" {
			fmt.Fprintf(w, "  export %s=%s\n", setting.key, shellWord(setting.value))
		}
	}
	fmt.Fprintf(w, "\nPost a message without any of them:\n\n  %s\n", curlLine(options, webhook))
	fmt.Fprintf(w, "\nSee the group at:\n\n  http://%s\n", host)
}

// curlLine posts a message that the robot accepts, signed with the current time if
// the robot has a secret. Of Base64, only the plus must be escaped in a query.
func curlLine(options *dingtalktest.Options, webhook string) string {
	before, address := "", shellWord(webhook+"?access_token="+url.QueryEscape(options.Token))
	if options.Secret != "" {
		before = "S=" + shellWord(options.Secret) + `; T=$(date +%s)000; ` +
			`SIGN=$(printf '%s\n%s' "$T" "$S" | openssl dgst -sha256 -hmac "$S" -binary | openssl base64 -A | sed 's/+/%2B/g'); `
		address += `"&timestamp=$T&sign=$SIGN"`
	}
	return before + "curl -H 'Content-Type: application/json' -d " + shellWord(greeting(options.Keywords)) + " " + address
}

// greeting returns a message that contains the robot's first keyword, if any.
func greeting(keywords []string) string {
	text := "hello"
	if len(keywords) > 0 {
		text += ", " + keywords[0]
	}
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": text}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(body)
}

// shellWord quotes a word for the shell if it needs quotes.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// localAddress returns where this machine reaches a listener: the plugin accepts
// plain http from nowhere else.
func localAddress(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err == nil && net.ParseIP(host).IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listening
}
