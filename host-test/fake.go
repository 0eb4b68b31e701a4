package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
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
	g.config[schema.KeyAccessToken] = dingtalktest.DefaultToken
	g.config[schema.KeySecret] = secret
	g.config[schema.KeyWebhookURL] = g.URL + fakePath
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
