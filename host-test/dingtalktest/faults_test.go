package dingtalktest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// roundTrip posts over a new connection and returns what a client sees.
func roundTrip(t *testing.T, s *Server, body string) string {
	t.Helper()
	srv := httptest.NewServer(s)
	defer srv.Close()
	res, err := srv.Client().Post(srv.URL+"/robot/send?access_token="+DefaultToken, "application/json", strings.NewReader(body))
	if err != nil {
		for errors.Unwrap(err) != nil {
			err = errors.Unwrap(err)
		}
		return err.Error()
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Sprintf("%v after %s", err, got)
	}
	return fmt.Sprintf("%d %s %s", res.StatusCode, res.Header.Get("Content-Type"), got)
}

// TestFaults sends a message into each fault of testdata/faults.txt over a real connection, and then one that no fault may affect.
func TestFaults(t *testing.T) {
	var names []string
	for _, row := range rows(t, "faults.txt") {
		f := strings.Split(row, "\t") // fault, answer, explanation
		fault, found := FaultByName(f[0])
		fault.Delay /= 100 // 2 seconds are too long for a test
		var o Options
		if found {
			names = append(names, f[0])
		} else if err := cmp.Or(json.Unmarshal([]byte(f[0]), &fault), json.Unmarshal([]byte(f[0]), &o)); err != nil {
			t.Fatal(err)
		}
		s := newServer(o)
		s.InjectFaults(fault)
		got := strings.ReplaceAll(fmt.Sprintf("%q", roundTrip(t, s, hello)), `\"`, `"`)
		if want := strings.Replace(f[1], "…", strings.Repeat(".", 1<<20-25), 1); got != want {
			t.Errorf("%s: %.200s, want %.200s", f[0], got, want)
		}
		stored := strings.Count(f[2], "accepted")
		seen := s.Requests()
		if len(seen) != 1 || seen[0].Explanation != f[2] || len(s.Messages()) != stored || (seen[0].Message != nil) != (stored == 1) {
			t.Errorf("%s: %d messages, requests %+v", f[0], len(s.Messages()), seen)
		}
		if got := post(t, s, hello); got != ok || len(s.Messages()) != stored+1 {
			t.Errorf("%s: the next message got %v", f[0], got)
		}
	}
	if !slices.Equal(names, FaultNames()) {
		t.Errorf("tested %v, known %v", names, FaultNames())
	}
}

func TestFaultQueue(t *testing.T) {
	s := newServer(Options{})
	s.InjectFaults(Fault{Code: 1}, Fault{})
	s.InjectFaults(Fault{Code: 2})
	do(t, s, httptest.NewRequest("GET", "/", nil)) // uses none
	var got []int
	for range 4 {
		got = append(got, post(t, s, hello).Code)
	}
	if want := []int{1, 0, 2, 0}; !slices.Equal(got, want) {
		t.Errorf("codes = %v, want %v", got, want)
	}
}

func TestRemoveFaults(t *testing.T) {
	s := newServer(Options{})
	s.InjectFaults(Fault{Code: 1}, Fault{Code: 2}, Fault{Code: 3})
	queued := s.Faults()
	post(t, s, hello) // uses the first
	for _, tt := range []struct {
		id   int
		want bool
	}{{queued[0].ID, false}, {queued[1].ID, true}, {queued[1].ID, false}, {-1, false}} {
		if got := s.RemoveFault(tt.id); got != tt.want {
			t.Errorf("RemoveFault(%d) = %v", tt.id, got)
		}
	}
	if got := s.Faults(); len(got) != 1 || got[0] != queued[2] {
		t.Errorf("queue %+v, want %+v", got, queued[2])
	}
	s.ClearFaults()
	s.InjectFaults(Fault{})
	if got := s.Faults(); len(got) != 1 || got[0].ID <= queued[2].ID {
		t.Errorf("queue %+v after ClearFaults: want one with a new id", got)
	}
	if got := post(t, s, hello).Code; got != 0 {
		t.Errorf("errcode %d from a cleared queue", got)
	}
}

// TestQueuedFaultsShareTheirAnswer queues the longest answer as often as webui allows.
func TestQueuedFaultsShareTheirAnswer(t *testing.T) {
	s := New(nil)
	before := liveBytes()
	for range 200 {
		fault, _ := FaultByName("megabyte")
		s.InjectFaults(fault)
	}
	if grown := liveBytes() - before; grown > 16<<20 {
		t.Errorf("200 queued faults occupy %d MB", grown>>20)
	}
	runtime.KeepAlive(s)
}

func TestAcceptStillChecks(t *testing.T) {
	s := newServer(Options{})
	s.InjectFaults(Fault{Code: -1, Accept: true})
	if got := post(t, s, `{"msgtype":"text"}`); got.Code != -1 || len(s.Messages()) != 0 {
		t.Errorf("answer %v, %d messages", got, len(s.Messages()))
	}
	want := "refused: text is missing, empty or of another kind; fault: an injected error"
	if got := s.Requests()[0].Explanation; got != want {
		t.Errorf("explained %q, want %q", got, want)
	}
}

// TestDelayEndsWithTheSender shows that the message of a sender that disconnects is accepted.
func TestDelayEndsWithTheSender(t *testing.T) {
	s := newServer(Options{})
	s.InjectFaults(Fault{Delay: time.Hour})
	changed, cancel := s.Watch()
	defer cancel()
	srv := httptest.NewServer(s)
	defer srv.Close()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stop()
	req, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/?access_token="+DefaultToken, strings.NewReader(hello))
	req.Header.Set("Content-Type", "application/json")
	if _, err := srv.Client().Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v", err)
	}
	<-changed
	if len(s.Messages()) != 1 {
		t.Errorf("%d messages, want 1", len(s.Messages()))
	}
}
