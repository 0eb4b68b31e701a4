package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"dingtalk-plugin/host-test/internal/page"
	"dingtalk-plugin/host-test/robot"
)

// fakePath is where a fake robot listens; the page has the rest of the server.
const fakePath = "/robot/send"

// A page shows a fake group only. Ignoring the flag would post to the real one.
var errPageWithoutFake = errors.New("--page needs --fake: the page shows the group of a fake robot")

// withPage serves a fake robot, and the page that shows its group.
func withPage(fake *robot.Robot) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(fakePath, fake)
	mux.Handle("/", page.Handler(fake))
	return mux
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
