package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// startUnsignedGroup starts a fake server that requires no signature.
func startUnsignedGroup(t *testing.T) *fakeServer {
	g := startFakeServer(nil)
	t.Cleanup(func() { g.Close() })
	g.robot.SetOptions(func(o *dingtalktest.Options) { o.Secret = "" })
	return g
}

// request sends a request to the server under a host name.
func (g *fakeServer) request(method, host, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Host = host
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	g.Handler.ServeHTTP(recorder, request)
	return recorder
}

func (g *fakeServer) post(host, text string) *httptest.ResponseRecorder {
	return g.request("POST", host, fakePath+"?access_token="+dingtalktest.DefaultToken, `{"msgtype":"text","text":{"content":"`+text+`"}}`)
}

// printed is a writer that passes on what is written.
type printed chan string

func (p printed) Write(data []byte) (int, error) {
	p <- string(data)
	return len(data), nil
}

func (p printed) expect(t *testing.T, text string) {
	t.Helper()
	select {
	case got := <-p:
		if !strings.Contains(got, text) {
			t.Errorf("printed %q, want %q", got, text)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%q was not printed", text)
	}
}

// report prints each message once, and works on after Reset, which the page offers.
func TestReportAfterReset(t *testing.T) {
	g := startUnsignedGroup(t)
	out := make(printed, 10)
	stop := g.report(out)
	g.post("localhost", "one")
	g.post("localhost", "two")
	out.expect(t, "│ one")
	out.expect(t, "│ two")
	g.robot.Reset()
	g.post("localhost", "three")
	out.expect(t, "│ three")
	stop()
	if len(out) > 0 {
		t.Errorf("printed %q, too", <-out)
	}
}

// A site whose name resolves to this machine cannot read or change the group; a
// plugin may use any name for this machine.
func TestGroupUnderForeignNames(t *testing.T) {
	g := startUnsignedGroup(t)
	g.post("localhost", "for the group alone")
	for _, line := range []string{"GET /", "GET /events", "DELETE /api/v1/requests"} {
		method, path, _ := strings.Cut(line, " ")
		response := g.request(method, "evil.example", path, "")
		if response.Code != http.StatusMisdirectedRequest || strings.Contains(response.Body.String(), "for the group alone") {
			t.Errorf("%s as evil.example: %d %s", line, response.Code, response.Body)
		}
	}
	if response := g.post("evil.example", "x"); response.Code != http.StatusOK {
		t.Errorf("a message under another name: %d", response.Code)
	}
	if got := len(g.robot.Messages()); got != 2 {
		t.Errorf("%d messages, want 2", got)
	}
}

// The page recognizes what the plugin sends: a probe, a message in parts and a refused
// one.
func TestPageOfPlugin(t *testing.T) {
	g := newServed(t)
	plugin, err := g.load(t)
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	for _, text := range []string{strings.Repeat("A line of a long report. ", 2000), "without a keyword"} {
		if result, err := plugin.Call(t.Context(), "send_markdown_message", []byte(`{"title":"Report","text":"`+text+`"}`)); err != nil {
			t.Fatalf("%+v, %v", result, err)
		}
		g.robot.SetOptions(func(o *dingtalktest.Options) { o.Keywords = []string{"告警"} })
	}
	var got []string
	page := g.request("GET", "localhost", "/", "").Body.String()
	for _, m := range regexp.MustCompile(`data-kind="(\w+)"|data-series="(\d)"`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1]+m[2])
	}
	if got, want := strings.Join(got, " "), "probe message 2 message 2 message 2 refused"; got != want {
		t.Errorf("the page shows %s, want %s", got, want)
	}
}

// The fake's server sets every limit that net/http leaves unset.
func TestGroupServerHasLimits(t *testing.T) {
	s := startUnsignedGroup(t).Server
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("limits %v, %v, %v, %v, %d", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}

// An event stream outlives the timeouts of other requests.
func TestEventsOutliveTimeouts(t *testing.T) {
	g := startUnsignedGroup(t)
	server := httptest.NewUnstartedServer(g.Handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	server.Start()
	defer server.Close()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(server.URL + "/events?after=0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	time.Sleep(300 * time.Millisecond)
	g.post("localhost", "after the timeouts")
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), "after the timeouts") {
			return
		}
	}
	rest, err := io.ReadAll(response.Body)
	t.Errorf("the stream ended: %q, %v", rest, err)
}
