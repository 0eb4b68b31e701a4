package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"dingtalk-plugin/host-test/robot"
)

// A setup is how a robot is configured.
type setup struct {
	Token, Secret string
	Keywords      []string
	Texts         robot.Generation
	StringCodes   bool
	PerMinute     int
	TokenCode     int
	Ahead         string // of the plugin's clock
	Dissolved     bool
}

func (s *setup) options() (*robot.Options, error) {
	ahead := time.Duration(0)
	if s.Ahead != "" {
		d, err := time.ParseDuration(s.Ahead)
		if err != nil {
			return nil, err
		}
		ahead = d
	}
	return &robot.Options{
		Token: s.Token, Secret: s.Secret, Keywords: s.Keywords, Texts: s.Texts, StringCodes: s.StringCodes,
		PerMinute: s.PerMinute, TokenCode: s.TokenCode, Dissolved: s.Dissolved,
		Now: func() time.Time { return time.Now().Add(ahead) },
	}, nil
}

// A fake is a robot on a loopback port of its own. It can die and come back at
// the same address.
type fake struct {
	robot    *robot.Robot
	hostPort string
	server   *http.Server

	mu   sync.Mutex
	seen []seen
	told int // how many of them take has returned
}

// seen is a request as it stood on the wire, and what became of it.
type seen struct {
	method, path, query, contentType, body, fate string
	header                                       http.Header
}

func newFake(options *robot.Options) (*fake, error) {
	f := &fake{robot: robot.New(options), hostPort: "127.0.0.1:0"}
	return f, f.live()
}

// live listens, unless it does already.
func (f *fake) live() error {
	if f.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", f.hostPort)
	if err != nil {
		return err
	}
	f.hostPort = listener.Addr().String()
	f.server = &http.Server{
		Handler:  http.HandlerFunc(f.serve),
		ErrorLog: log.New(io.Discard, "", 0), // of connections that a fault cut
	}
	go func(server *http.Server) { _ = server.Serve(listener) }(f.server)
	return nil
}

// die closes the port and all connections.
func (f *fake) die() {
	if f.server != nil {
		f.server.Close()
		f.server = nil
	}
}

// redirectPath is before the path of an address that redirects. What it leads to
// is this server under a host name that no case allows, so that a runtime that
// follows is seen to.
const redirectPath = "/redirect"

func (f *fake) serve(w http.ResponseWriter, req *http.Request) {
	if path, ok := strings.CutPrefix(req.URL.Path, redirectPath); ok {
		_, port, _ := net.SplitHostPort(f.hostPort)
		http.Redirect(w, req, "http://localhost:"+port+path+"?"+req.URL.RawQuery, http.StatusTemporaryRedirect)
		return
	}
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	f.mu.Lock()
	f.seen = append(f.seen, seen{
		method: req.Method, path: req.URL.Path, query: req.URL.RawQuery,
		contentType: req.Header.Get("Content-Type"), body: string(body), header: req.Header,
	})
	f.mu.Unlock()
	f.robot.ServeHTTP(w, req)
}

// take returns the requests since the last time.
func (f *fake) take() (list []seen) {
	f.mu.Lock()
	defer f.mu.Unlock()
	verdicts := f.robot.Requests()
	for ; f.told < len(f.seen); f.told++ {
		one := f.seen[f.told]
		if one.fate = "lost"; f.told < len(verdicts) {
			one.fate = fate(&verdicts[f.told])
		}
		list = append(list, one)
	}
	return list
}

// fate says what became of a request: shown, duplicate, refused with a code, or
// lost, which is any fault's doing.
func fate(r *robot.Request) string {
	switch {
	case r.Duplicate:
		return "duplicate"
	case r.Message != nil:
		return "shown"
	case r.Code != 0:
		return "refused " + strconv.Itoa(r.Code)
	}
	return "lost"
}

// scripted are the robot's faults of those names.
func scripted(names []string) (faults []robot.Fault, err error) {
	for _, name := range names {
		fault, known := robot.Named(name)
		if !known && name != "" {
			return nil, fmt.Errorf("the robot knows no fault %q, but %v", name, robot.FaultNames())
		}
		faults = append(faults, fault)
	}
	return faults, nil
}
