package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"
)

// A redirect is not followed: the host in it gets no request, and the model reads
// that the message was not sent.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(fmt.Sprintf("%d to a %s", status, method), func(t *testing.T) { redirect(t, status, method) })
		}
	}
}

// redirect answers requests of the method with the status.
func redirect(t *testing.T, status int, method string) {
	followed := make(chan string, 10)
	elsewhere := serve(t, "127.0.0.2:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		followed <- r.Method + " with Referer " + r.Referer() + " and body " + string(body)
		io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}))
	gateway := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			http.Redirect(w, r, elsewhere+"/robot/send", status)
		}
	}))
	plugin := load(t, 0, host.Options{Config: map[string]string{
		schema.KeyWebhookURL: gateway + "/robot/send", schema.KeyAccessToken: "token", schema.KeyRetries: "0",
	}})
	result, err := plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(followed) > 0 {
		t.Errorf("a host that is not allowed got %q", <-followed)
	}
	for _, want := range []string{fmt.Sprintf("The message was not sent: HTTP %d", status), `"reason":"refused"`} {
		if output := toJSON(t, result); method == http.MethodPost && !strings.Contains(output, want) {
			t.Errorf("%s, want %s", output, want)
		}
	}
}
