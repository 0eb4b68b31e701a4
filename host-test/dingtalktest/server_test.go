package dingtalktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// midnight is the fixed clock of most tests. The fourth signature vector was made for it.
var midnight = time.UnixMilli(1763683200001).UTC()

const hello = `{"msgtype":"text","text":{"content":"hello"}}`

// newServer returns a Server with a fixed clock.
func newServer(o Options) *Server {
	o.Now = func() time.Time { return midnight }
	return New(&o)
}

type answer struct {
	Code int    `json:"errcode"`
	Text string `json:"errmsg"`
}

var ok = answer{0, "ok"}

// request returns a valid request, which a test may change.
func request(body string) *http.Request {
	req := httptest.NewRequest("POST", "/robot/send?access_token="+DefaultToken, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return req
}

// do serves a request without a network. Even a refusal must have the status 200 and JSON.
func do(t testing.TB, s *Server, req *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	if got := fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type")); got != "200 application/json" {
		t.Errorf("status and content type = %q", got)
	}
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return a
}

func post(t testing.TB, s *Server, body string) answer {
	t.Helper()
	return do(t, s, request(body))
}

func TestSetOptions(t *testing.T) {
	if got := post(t, New(nil), hello); got != ok {
		t.Errorf("without options: %v", got)
	}
	words := []string{"deploy"}
	s := newServer(Options{Keywords: words})
	words[0] = "hello" // must not change the Server's copy
	if got := post(t, s, hello); got.Code != 310000 {
		t.Errorf("with a keyword: answer = %v", got)
	}
	s.SetOptions(func(o *Options) { o.Keywords[0], o.StringCodes = "hello", true })
	w := httptest.NewRecorder()
	s.ServeHTTP(w, request(hello))
	if got, want := w.Body.String(), `{"errcode":"0","errmsg":"ok"}`; got != want {
		t.Errorf("after SetOptions: %s, want %s", got, want)
	}
	s.Options().Keywords[0] = "changed"
	if got := s.Options().Keywords[0]; got != "hello" {
		t.Errorf("Options returned the Server's own slice: %q", got)
	}
}

func TestReset(t *testing.T) {
	s := newServer(Options{PerMinute: 1})
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	post(t, s, body)
	post(t, s, hello) // locks the robot
	s.Reset()
	if len(s.Messages()) != 0 || len(s.Requests()) != 0 {
		t.Errorf("kept %d messages and %d requests", len(s.Messages()), len(s.Requests()))
	}
	if got := post(t, s, body); got != ok || len(s.Messages()) != 1 || s.Requests()[0].Seq != 1 {
		t.Errorf("after Reset: %v, messages %v", got, s.Messages())
	}
}

func TestWatch(t *testing.T) {
	s := newServer(Options{})
	changed, cancel := s.Watch()
	post(t, s, hello)
	post(t, s, hello)
	if len(changed) != 1 {
		t.Errorf("%d notifications of two requests, want one", len(changed))
	}
	<-changed
	cancel()
	cancel()
	post(t, s, hello)
	if len(changed) != 0 {
		t.Error("notified after cancel")
	}
}

// TestConcurrency is for the race detector. The counts must be the same in any order.
func TestConcurrency(t *testing.T) {
	s := newServer(Options{PerMinute: -1})
	changed, cancel := s.Watch()
	defer cancel()
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			for j := range 25 {
				post(t, s, fmt.Sprintf(`{"msgtype":"text","text":{"content":"@1 x"},"at":{"atMobiles":["1"]},"msgUuid":"%d-%d"}`, i, j%20))
				s.SetOptions(func(o *Options) { o.StringCodes = false })
				s.AdvanceClock(time.Millisecond)
				for _, m := range s.Messages() {
					_ = len(m.Raw) + len(m.Mentions)
				}
				_, _ = s.Requests(), s.Options()
			}
		})
	}
	senders.Wait()
	if messages, requests := len(s.Messages()), len(s.Requests()); messages != 8*20 || requests != 8*25 {
		t.Errorf("%d messages and %d requests, want %d and %d", messages, requests, 8*20, 8*25)
	}
	for i, m := range s.Messages() {
		if m.Seq != i+1 {
			t.Fatalf("message %d has Seq %d", i, m.Seq)
		}
	}
	<-changed
}

func TestDateHeader(t *testing.T) {
	s := newServer(Options{})
	s.AdvanceClock(time.Hour)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got, want := w.Header().Get("Date"), midnight.Add(time.Hour).Format(http.TimeFormat); got != want {
		t.Errorf("Date = %q, want %q", got, want)
	}
}

// dial serves a handler and returns a connection to it, on which it has sent something.
func dial(t *testing.T, h http.Handler, sent string) net.Conn {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, sent)
	return conn
}

func TestReadTimeout(t *testing.T) {
	s := New(&Options{Timeout: 50 * time.Millisecond})
	conn := dial(t, s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was held: %v", err)
	}
	if got := s.Requests(); len(got) != 1 || string(got[0].Body) != "{" {
		t.Errorf("recorded %+v", got)
	}
}

func TestWriteTimeout(t *testing.T) {
	s := New(&Options{Timeout: 50 * time.Millisecond})
	s.InjectFaults(Fault{Body: strings.Repeat("x", 32<<20)})
	done := make(chan struct{})
	dial(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(done)
		s.ServeHTTP(w, req)
	}), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Error("the Server waits for a client that does not read")
	}
}

// TestDeadlinesAreLifted posts twice on one connection, with a slow fault and a pause that are longer than the timeout.
func TestDeadlinesAreLifted(t *testing.T) {
	const timeout = 50 * time.Millisecond
	s := New(&Options{Timeout: timeout})
	s.InjectFaults(Fault{Delay: 3 * timeout})
	server := httptest.NewServer(s)
	defer server.Close()
	for i := range 2 {
		start := time.Now()
		res, err := server.Client().Post(server.URL+"?access_token="+DefaultToken, "application/json", strings.NewReader(hello))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(answer) != `{"errcode":0,"errmsg":"ok"}` {
			t.Errorf("answer %q, %v", answer, err)
		}
		if i == 0 && time.Since(start) < 3*timeout {
			t.Error("the timeout ended the fault's delay")
		}
		time.Sleep(2 * timeout)
	}
}
