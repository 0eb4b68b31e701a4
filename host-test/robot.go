package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"dingtalk-plugin/host-test/dingtalktest"
)

type robotCommand struct {
	Addr    string   `help:"Where to listen." default:"127.0.0.1:8787"`
	Token   string   `help:"The access token it knows." default:"${token}"`
	Secret  string   `help:"Its signing secret; without one it wants no signature."`
	Keyword []string `help:"A keyword, one of which each message must contain."`
	Texts   string   `help:"Which generation of DingTalk's error texts it answers (${enum})." enum:"old,mid,new" default:"new"`
	Fault   []string `help:"A fault for one of the next messages, in order: ${faults}."`
}

// Run serves until it is interrupted, and prints each request as it comes.
func (c *robotCommand) Run(ctx context.Context) error {
	fake, err := c.robot()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	warnOpen(listener.Addr())
	options := fake.Options()
	printInstructions(os.Stdout, &options, localAddress(listener.Addr().String()))
	host, _, _ := net.SplitHostPort(c.Addr) // what was listened on has one
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
func (c *robotCommand) Validate() error {
	_, err := c.robot()
	return err
}

func (c *robotCommand) robot() (*dingtalktest.Server, error) {
	options := dingtalktest.Options{Token: c.Token, Secret: c.Secret, Keywords: c.Keyword}
	if err := options.Wording.UnmarshalText([]byte(c.Texts)); err != nil {
		return nil, err
	}
	fake := dingtalktest.New(&options)
	for _, name := range c.Fault {
		fault, known := dingtalktest.FaultByName(name)
		if !known {
			return nil, fmt.Errorf("there is no fault %q; known are %v", name, dingtalktest.FaultNames())
		}
		fake.InjectFaults(fault)
	}
	return fake, nil
}

// printRequests prints what arrives: messages as the group sees them, refusals
// in a line.
func printRequests(ctx context.Context, fake *dingtalktest.Server) {
	follow(fake, ctx.Done(), func(request dingtalktest.Request) { fmt.Print("\n", dingtalktest.RenderRequest(request)) })
}
