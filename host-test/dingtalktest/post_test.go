package dingtalktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// midnight is the fixed clock of most tests. The fourth signature vector was made for it.
var midnight = time.UnixMilli(1763683200001).UTC()

const hello = `{"msgtype":"text","text":{"content":"hello"}}`

// newRobot returns a robot whose clock stands still.
func newRobot(o Options) *Server {
	o.Now = func() time.Time { return midnight }
	return New(&o)
}

// answer is what a sender gets.
type answer struct {
	Code int    `json:"errcode"`
	Text string `json:"errmsg"`
}

var ok = answer{0, "ok"}

// request is a valid one, until a test changes it.
func request(body string) *http.Request {
	req := httptest.NewRequest("POST", "/robot/send?access_token="+DefaultToken, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return req
}

// do serves a request without a network and demands a refusal in the way of DingTalk: status 200 and JSON.
func do(t testing.TB, r *Server, req *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	if got := fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type")); got != "200 application/json" {
		t.Errorf("status and content type = %q", got)
	}
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return a
}

func post(t testing.TB, r *Server, body string) answer {
	t.Helper()
	return do(t, r, request(body))
}
