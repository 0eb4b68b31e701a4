// Package recorder is a proxy in front of the fake robot. It records each request,
// byte for byte, with the robot's verdict on it.
package recorder

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"dingtalk-plugin/host-test/dingtalktest"
)

// A Recorder listens on a loopback port of its own.
type Recorder struct {
	Robot *dingtalktest.Server
	URL   string // of the root, without a slash at its end

	server   *http.Server
	listener net.Listener

	mu      sync.Mutex
	seen    []Request
	drained int // how many of them Drain has returned
}

// A Request is a recorded request as it was sent, with its credentials.
type Request struct {
	Method, URI       string
	ContentType, Body string
	Verdict           string // how the robot responded
}

// New starts a recorder. Close it when done.
func New(fake *dingtalktest.Server) (*Recorder, error) {
	r := &Recorder{Robot: fake, URL: "http://127.0.0.1:0"}
	return r, r.Listen()
}

// Host returns the recorder's host and port.
func (r *Recorder) Host() string { return strings.TrimPrefix(r.URL, "http://") }

// Listen listens again after Close, at the same address.
func (r *Recorder) Listen() error {
	if r.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", r.Host())
	if err != nil {
		return err
	}
	r.URL, r.listener = "http://"+listener.Addr().String(), listener
	r.server = &http.Server{
		Handler:  http.HandlerFunc(r.pass),
		ErrorLog: log.New(io.Discard, "", 0), // of connections that a fault cuts
	}
	go func(server *http.Server) { _ = server.Serve(listener) }(r.server)
	return nil
}

// Close closes the port and all connections.
func (r *Recorder) Close() {
	if r.server != nil {
		r.listener.Close() // the server does not know it before Serve runs
		r.server.Close()
		r.server = nil
	}
}

// redirectPath is the prefix of paths that redirect to this server under a host name
// that no scenario allows.
const redirectPath = "/redirect"

func (r *Recorder) pass(w http.ResponseWriter, req *http.Request) {
	if path, ok := strings.CutPrefix(req.URL.Path, redirectPath); ok {
		_, port, _ := net.SplitHostPort(r.Host())
		http.Redirect(w, req, "http://localhost:"+port+path+"?"+req.URL.RawQuery, http.StatusTemporaryRedirect)
		return
	}
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	r.seen = append(r.seen, Request{
		Method: req.Method, URI: req.URL.RequestURI(),
		ContentType: req.Header.Get("Content-Type"), Body: string(body),
	})
	r.mu.Unlock()
	r.Robot.ServeHTTP(w, req)
}

// Drain returns the requests since the previous Drain. Call it only between calls of
// the plugin.
func (r *Recorder) Drain() (list []Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	judged := r.Robot.Requests()
	for ; r.drained < len(r.seen); r.drained++ {
		one := r.seen[r.drained]
		if r.drained < len(judged) {
			one.Verdict = verdict(&judged[r.drained])
		}
		list = append(list, one)
	}
	return list
}

func verdict(request *dingtalktest.Request) string {
	switch {
	case request.Duplicate:
		return "a duplicate, not shown again"
	case request.Message == nil:
		return fmt.Sprintf("%d %s", request.Code, request.Text)
	}
	shown := fmt.Sprintf("shown as %q", request.Message.NotificationTitle)
	if len(request.Message.NotificationTitle) > 80 {
		shown = "shown"
	}
	if m := request.Message.Mentions; len(m) > 0 {
		shown += ", notifies " + strings.Join(m, " ")
	}
	for _, missed := range request.Message.Unnotified {
		shown += ", does not notify " + missed.Who
	}
	if !request.Message.Signed {
		shown += ", unsigned"
	}
	return shown
}

// Format formats requests as in scenarios: long bodies without their middle, and
// "none" for no request.
func Format(list []Request) string {
	if len(list) == 0 {
		return "none"
	}
	var lines []string
	for _, one := range list {
		one.Body = truncateMiddle(one.Body)
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

// String returns the complete request and the verdict.
func (r Request) String() string {
	text := r.Method + " " + r.URI
	if r.Body != "" {
		text += "\n" + r.ContentType + "\n" + r.Body
	}
	return text + "\n→ " + r.Verdict
}

// truncateMiddle keeps the ends of a long body.
func truncateMiddle(body string) string {
	const end = 200
	if len(body) <= 3*end {
		return body
	}
	middle := fmt.Sprintf("…(%d bytes in all)…", len(body))
	return strings.ToValidUTF8(body[:end], "") + middle + strings.ToValidUTF8(body[len(body)-end:], "")
}
