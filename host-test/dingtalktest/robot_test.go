package dingtalktest

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

func TestZeroOptions(t *testing.T) {
	for _, r := range []*Server{New(nil), New(&Options{})} {
		if got := post(t, r, hello); got != ok {
			t.Errorf("answer = %v", got)
		}
	}
}

func TestConfigure(t *testing.T) {
	words := []string{"deploy"}
	r := newRobot(Options{Keywords: words})
	words[0] = "hello" // the robot keeps its own
	if got := post(t, r, hello); got.Code != 310000 {
		t.Errorf("with a keyword: answer = %v", got)
	}
	r.SetOptions(func(o *Options) { o.Keywords[0], o.StringCodes = "hello", true })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request(hello))
	if got, want := w.Body.String(), `{"errcode":"0","errmsg":"ok"}`; got != want {
		t.Errorf("after Configure: %s, want %s", got, want)
	}
	r.Options().Keywords[0] = "changed"
	if got := r.Options().Keywords[0]; got != "hello" {
		t.Errorf("Options gives away the robot's own slice: %q", got)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	r := newRobot(Options{})
	const kept = 1000
	for range kept + 5 {
		do(t, r, httptest.NewRequest("GET", "/", nil))
	}
	got := r.Requests()
	if len(got) != kept || got[0].Seq != 6 || got[kept-1].Seq != kept+5 {
		t.Errorf("%d requests, %d to %d", len(got), got[0].Seq, got[len(got)-1].Seq)
	}
}

func TestClear(t *testing.T) {
	r := newRobot(Options{PerMinute: 1})
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	post(t, r, body)
	post(t, r, hello) // locks the robot
	r.Reset()
	if len(r.Messages()) != 0 || len(r.Requests()) != 0 {
		t.Errorf("kept %d messages and %d requests", len(r.Messages()), len(r.Requests()))
	}
	if got := post(t, r, body); got != ok || len(r.Messages()) != 1 || r.Requests()[0].Seq != 1 {
		t.Errorf("after Clear: %v, messages %v", got, r.Messages())
	}
}

func TestWatch(t *testing.T) {
	r := newRobot(Options{})
	changed, cancel := r.Watch()
	post(t, r, hello)
	do(t, r, httptest.NewRequest("GET", "/", nil))
	select {
	case <-changed:
	default:
		t.Error("no signal after two requests")
	}
	select {
	case <-changed:
		t.Error("the signals were not coalesced")
	default:
	}
	cancel()
	cancel()
	post(t, r, hello)
	select {
	case <-changed:
		t.Error("a signal after cancel")
	default:
	}
}

// TestConcurrency is for the race detector. What it counts must come out the same in any order.
func TestConcurrency(t *testing.T) {
	r := newRobot(Options{PerMinute: -1})
	changed, cancel := r.Watch()
	defer cancel()
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			for j := range 25 {
				post(t, r, fmt.Sprintf(`{"msgtype":"text","text":{"content":"@1 x"},"at":{"atMobiles":["1"]},"msgUuid":"%d-%d"}`, i, j%20))
				r.SetOptions(func(o *Options) { o.StringCodes = false })
				r.AdvanceClock(time.Millisecond)
				for _, m := range r.Messages() {
					_ = len(m.Raw) + len(m.Mentions)
				}
				_, _ = r.Requests(), r.Options()
			}
		})
	}
	senders.Wait()
	if got := len(r.Messages()); got != 8*20 {
		t.Errorf("%d messages, want %d", got, 8*20)
	}
	if got := len(r.Requests()); got != 8*25 {
		t.Errorf("%d requests, want %d", got, 8*25)
	}
	for i, m := range r.Messages() {
		if m.Seq != i+1 {
			t.Fatalf("message %d has Seq %d", i, m.Seq)
		}
	}
	<-changed
}
