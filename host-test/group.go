package main

import (
	"fmt"
	"io"
	"maps"
	"net/http/httptest"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
)

// A group is a fake robot that listens on this machine, and the configuration
// with which the plugin posts to it.
type group struct {
	*httptest.Server
	robot  *dingtalktest.Server
	config map[string]string
}

// fakeSecret signs where no secret is configured, so that signing is seen.
const fakeSecret = "SECfake0000000000000000000000000000000000000000000000000000000000"

// startGroup starts a robot that takes what the configuration signs with.
func startGroup(values map[string]string) *group {
	secret := values[config.Secret]
	if secret == "" {
		secret = fakeSecret
	}
	g := &group{robot: dingtalktest.New(&dingtalktest.Options{Secret: secret}), config: map[string]string{}}
	maps.Copy(g.config, values)
	g.Server = httptest.NewUnstartedServer(withPage(g.robot))
	limit(g.Config)
	g.Start()
	g.config[config.Token] = dingtalktest.DefaultToken
	g.config[config.Secret] = secret
	g.config[config.Webhook] = g.URL + fakePath
	// A robot with an address of its own must not get what was meant for a fake.
	g.config = config.PointAllAt(g.config, config.Robot{Webhook: g.URL + fakePath, Token: dingtalktest.DefaultToken, Secret: secret})
	return g
}

// Close ends the page's events, which the server would wait for, and the server.
func (g *group) Close() {
	g.CloseClientConnections()
	g.Server.Close()
}

// report prints messages as the group gets them, until it is stopped.
func (g *group) report(w io.Writer) (stop func()) {
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

// follow shows each request as it comes until it is to stop, and then what is
// left. The group may be cleared meanwhile, and what it forgets is not waited for.
func follow(fake *dingtalktest.Server, stop <-chan struct{}, show func(dingtalktest.Request)) {
	changed, cancel := fake.Watch()
	defer cancel()
	var last dingtalktest.Cursor
	for stopping := false; !stopping; {
		select {
		case <-stop:
			stopping = true
		case <-changed:
		}
		for {
			requests, _ := fake.RequestsAfter(last, 100)
			if len(requests) == 0 {
				break
			}
			for _, request := range requests {
				show(request)
			}
			last = requests[len(requests)-1].Cursor()
		}
	}
}

// print shows what the group sees.
func (g *group) print(w io.Writer) {
	for _, message := range g.robot.Messages() {
		fmt.Fprint(w, "\n", dingtalktest.RenderText(message))
	}
}
