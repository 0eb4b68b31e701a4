package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/webui"
)

// fakePath is where a fake robot listens; the page has the rest of the server.
const fakePath = "/robot/send"

// A page shows a fake group only. Ignoring the flag would post to the real one.
var errPageWithoutFake = errors.New("--page needs --fake: the page shows the group of a fake robot")

// withPage serves a fake robot under any host name, because a plugin in a
// container has one of its own for this machine, and the page that shows the
// robot's group under those given and this machine's own.
func withPage(fake *dingtalktest.Server, hosts ...string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(fakePath, fake)
	mux.Handle("/", webui.Handler(fake, &webui.Options{Hosts: hosts}))
	return mux
}

// limit sets what a server grants its clients. Robot and event streams extend
// it where they must, each write for itself.
func limit(server *http.Server) *http.Server {
	server.ReadHeaderTimeout = 5 * time.Second
	server.ReadTimeout = 15 * time.Second
	server.WriteTimeout = 30 * time.Second
	server.IdleTimeout = time.Minute
	server.MaxHeaderBytes = 64 << 10
	return server
}

// warnOpen warns when others than this machine can reach the address: the page
// shows every message, and its switches work for everybody.
func warnOpen(address net.Addr) {
	if host, _, err := net.SplitHostPort(address.String()); err != nil || !net.ParseIP(host).IsLoopback() {
		fmt.Fprintf(os.Stderr, "warning: %s can be reached from elsewhere, and the page has no password\n", address)
	}
}

// linger keeps the page up until the command is interrupted.
func (g *group) linger(ctx context.Context) {
	fmt.Printf("\nthe group is at %s until you press Ctrl+C\n", g.URL)
	<-ctx.Done()
}
