package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"dingtalk-plugin/host-test/robot"
)

// A wire stands between plugin and fake and writes down what passes.
type wire struct {
	*httptest.Server
	fake *robot.Robot
	mu   sync.Mutex
	seen []string // method, address and body of each request, raw
	told int      // how many of the fake's requests take has returned
}

func newWire(t testing.TB, fake *robot.Robot) *wire {
	w := &wire{fake: fake}
	w.Server = httptest.NewServer(http.HandlerFunc(w.pass))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) pass(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	line := req.Method + " " + req.URL.RequestURI()
	if len(body) > 0 {
		line += "\n" + req.Header.Get("Content-Type") + "\n" + elide(string(body))
	}
	w.mu.Lock()
	w.seen = append(w.seen, line)
	w.mu.Unlock()
	w.fake.ServeHTTP(rw, req)
}

// take returns what has passed since the last time, each request with the
// fake's verdict.
func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, request := range w.fake.Requests()[w.told:] {
		fmt.Fprintf(&b, "%s\n→ %s\n", w.seen[w.told], verdict(request))
		w.told++
	}
	if b.Len() == 0 {
		return "none"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func verdict(request robot.Request) string {
	switch {
	case request.Duplicate:
		return "a duplicate, not shown again"
	case request.Message == nil:
		return fmt.Sprintf("%d %s", request.Code, request.Text)
	}
	shown := fmt.Sprintf("shown as %q", request.Message.TitleShown)
	if len(request.Message.TitleShown) > 80 {
		shown = "shown"
	}
	if m := request.Message.Mentions; len(m) > 0 {
		shown += ", notifies " + strings.Join(m, " ")
	}
	for _, missed := range request.Message.Missed {
		shown += ", does not notify " + missed.Who
	}
	if !request.Message.Signed {
		shown += ", unsigned"
	}
	return shown
}

// elide keeps the ends of a long body.
func elide(body string) string {
	const end = 200
	if len(body) <= 3*end {
		return body
	}
	middle := fmt.Sprintf("…(%d bytes in all)…", len(body))
	return strings.ToValidUTF8(body[:end], "") + middle + strings.ToValidUTF8(body[len(body)-end:], "")
}
