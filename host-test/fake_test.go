package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// post sends a text without a signature.
func (g *fakeServer) post(t *testing.T, text string) {
	t.Helper()
	body := fmt.Sprintf(`{"msgtype":"text","text":{"content":%q}}`, text)
	response, err := http.Post(g.URL+fakePath+"?access_token="+dingtalktest.DefaultToken, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// lockedBuffer is a buffer that one goroutine writes and another reads.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func (b *lockedBuffer) wait(t *testing.T, text string) {
	t.Helper()
	for range 500 {
		if strings.Contains(b.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q was not printed:\n%s", text, b.String())
}

// report works on after Reset, which the page offers.
func TestReportAfterClear(t *testing.T) {
	g := startFakeServer(nil)
	defer g.Close()
	g.robot.SetOptions(func(o *dingtalktest.Options) { o.Secret = "" })
	var printed lockedBuffer
	stop := g.report(&printed)
	g.post(t, "one")
	g.post(t, "two")
	printed.wait(t, "│ two")
	g.robot.Reset()
	g.post(t, "three")
	printed.wait(t, "│ three")
	stop()
	if got := printed.String(); strings.Count(got, "│ one") != 1 || strings.Count(got, "│ two") != 1 || strings.Count(got, "│ three") != 1 {
		t.Errorf("printed\n%s", got)
	}
}

// A site whose name resolves to this machine cannot read or change the group; a
// plugin may use any name for this machine.
func TestGroupUnderForeignNames(t *testing.T) {
	g := startFakeServer(nil)
	defer g.Close()
	g.robot.SetOptions(func(o *dingtalktest.Options) { o.Secret = "" })
	g.post(t, "for the group alone")
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/", "", http.StatusMisdirectedRequest},
		{"GET", "/events", "", http.StatusMisdirectedRequest},
		{"POST", "/mood/clear", "", http.StatusMisdirectedRequest},
		{"POST", fakePath + "?access_token=" + dingtalktest.DefaultToken, `{"msgtype":"text","text":{"content":"x"}}`, http.StatusOK},
	} {
		request, err := http.NewRequest(tt.method, g.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "evil.example"
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != tt.want {
			t.Errorf("%s %s as evil.example: %d, want %d", tt.method, tt.path, response.StatusCode, tt.want)
		}
		if response.StatusCode == http.StatusMisdirectedRequest {
			if answer, _ := io.ReadAll(response.Body); strings.Contains(string(answer), "for the group alone") {
				t.Errorf("%s %s shows the group", tt.method, tt.path)
			}
		}
		response.Body.Close()
	}
	if got := len(g.robot.Messages()); got != 2 {
		t.Errorf("%d messages, want 2", got)
	}
}

// The fake's server sets every limit that net/http leaves unset.
func TestGroupServerHasLimits(t *testing.T) {
	g := startFakeServer(nil)
	defer g.Close()
	s := g.Config
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("limits %v, %v, %v, %v, %d", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}

// An event stream outlives the timeouts of other requests.
func TestEventsOutliveTimeouts(t *testing.T) {
	g := startFakeServer(nil)
	defer g.Close()
	g.robot.SetOptions(func(o *dingtalktest.Options) { o.Secret = "" })
	g.Config.ReadTimeout, g.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	response, err := http.Get(g.URL + "/events?after=0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	time.Sleep(300 * time.Millisecond)
	g.post(t, "after the timeouts")
	var read lockedBuffer
	go io.Copy(&read, response.Body)
	read.wait(t, "after the timeouts")
}
