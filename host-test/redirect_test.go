package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"dingtalk-plugin/host-test/internal/config"
)

// A redirect is not followed: the host that it leads to is asked for nothing,
// and the model reads that the message was not sent.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(fmt.Sprintf("%d to a %s", status, method), func(t *testing.T) {
				var mu sync.Mutex
				var asked []string
				elsewhere := listenOn(t, "127.0.0.2:0", func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					mu.Lock()
					defer mu.Unlock()
					asked = append(asked, r.Method+" with Referer "+r.Referer()+" and body "+string(body))
					io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
				})
				gateway := listenOn(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
					if r.Method == method {
						http.Redirect(w, r, elsewhere+"/robot/send", status)
					}
				})
				s := &served{group: startGroup(map[string]string{"DINGTALK_BOT_RETRIES": "0"})}
				defer s.Close()
				s.config[config.Webhook] = gateway + "/robot/send"
				s.serve(t, 0, []string{"127.0.0.1"})
				result := s.call(t, "send_text_message", `{"text":"hello"}`)
				mu.Lock()
				defer mu.Unlock()
				if len(asked) > 0 {
					t.Errorf("a host that is not allowed was asked: %q", asked)
				}
				if method == http.MethodPost && (reason(result) != "refused" || !strings.Contains(textOf(result), fmt.Sprintf("The message was not sent: HTTP %d", status))) {
					t.Errorf("%s: %s", reason(result), textOf(result))
				}
			})
		}
	}
}

// listenOn serves at an address of its own and returns its URL.
func listenOn(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
