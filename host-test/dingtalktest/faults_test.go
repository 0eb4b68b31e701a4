package dingtalktest

import (
	"context"
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

	"github.com/google/go-cmp/cmp"
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

// TestFaults sends one message into each fault over a real connection, and then one that no fault may affect.
func TestFaults(t *testing.T) {
	const (
		natural   = `{"errcode":0,"errmsg":"ok"}`
		html      = "text/html; charset=utf-8 "
		accepted  = "accepted: token known, message 1 of 20 in this minute"
		injected  = "; fault: an injected error"
		foreign   = "; fault: an answer that is not the robot's"
		dropped   = "; fault: the connection was closed without an answer"
		cut       = "; fault: the answer was cut short"
		unhandled = "not looked at"
	)
	tests := []struct {
		name    string // of a predefined fault
		fault   Fault  // used if it has no name
		wording Wording
		want    string // status, content type and body; or the error
		explain string
	}{
		{name: "busy", want: `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, explain: unhandled + injected},
		{name: "error", want: `200 application/json {"errcode":500100,"errmsg":"description:系统异常，请稍后再试;"}`, explain: unhandled + injected},
		{name: "gateway", want: "502 " + html + gatewayPage, explain: unhandled + foreign},
		{name: "punish", want: "200 application/json " + firewallAnswer, explain: unhandled + foreign},
		{name: "empty", want: "200 application/json ", explain: unhandled + foreign},
		{name: "redirect", want: "302 application/json ", explain: unhandled + foreign},
		{name: "cut", want: "unexpected EOF after " + natural[:12], explain: accepted + cut},
		{name: "html", want: "200 " + html + "<!DOCTYPE html>\n<html><body>please log in</body></html>\n", explain: unhandled + foreign},
		{name: "binary", want: "200 application/octet-stream \x00\xff\xfe\x80\x1b[2J\x00\xc3(", explain: unhandled + foreign},
		{name: "megabyte", want: "200 application/json " + megabyte(), explain: unhandled + foreign},
		{name: "nocode", want: "200 application/json {}", explain: unhandled + foreign},
		{name: "drop-before", want: "EOF", explain: unhandled + dropped},
		{name: "drop-after", want: "EOF", explain: accepted + dropped},
		{name: "accept-then-busy", want: `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, explain: accepted + injected},
		{name: "accept-then-502", want: "502 " + html + gatewayPage, explain: accepted + foreign},
		{name: "slow", want: "200 application/json " + natural, explain: accepted},

		{want: "200 application/json " + natural, explain: accepted},
		{fault: Fault{Code: 410100}, wording: WordingLegacy, want: `200 application/json {"errcode":410100,"errmsg":"发送速度太快而限流"}`, explain: unhandled + injected},
		{fault: Fault{Code: 310000}, wording: WordingLegacy, want: `200 application/json {"errcode":310000,"errmsg":"keywords not in content"}`, explain: unhandled + injected},
		{fault: Fault{Code: 88}, want: `200 application/json {"errcode":88,"errmsg":"鉴权异常"}`, explain: unhandled + injected},
		{fault: Fault{Code: 12345}, want: `200 application/json {"errcode":12345,"errmsg":"unknown error"}`, explain: unhandled + injected},
		{fault: Fault{Code: 7, Text: "seven"}, want: `200 application/json {"errcode":7,"errmsg":"seven"}`, explain: unhandled + injected},
		{fault: Fault{Text: "odd"}, want: `200 application/json {"errcode":0,"errmsg":"odd"}`, explain: unhandled + injected},
		{fault: Fault{Status: 500, Code: -1}, want: `500 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, explain: unhandled + injected},
		{fault: Fault{Status: 503}, want: "503 application/json ", explain: unhandled + foreign},
		{fault: Fault{Status: 504, Accept: true}, want: "504 application/json ", explain: accepted + foreign},
		{fault: Fault{ContentType: "text/plain"}, want: "200 text/plain " + natural, explain: accepted},
		{fault: Fault{Status: 502, Drop: DropAfter}, want: "EOF", explain: accepted + dropped},
		{fault: Fault{Body: "short", Cut: 100}, want: "unexpected EOF after short", explain: unhandled + foreign + cut},
	}
	var names []string
	for _, tt := range tests {
		name, fault := fmt.Sprintf("%+v", tt.fault), tt.fault
		if tt.name != "" {
			name, names = tt.name, append(names, tt.name)
			fault, _ = FaultByName(tt.name)
			fault.Delay /= 100 // 2 seconds are too long for a test
		}
		stored := strings.Count(tt.explain, "accepted")
		s := newServer(Options{Wording: tt.wording})
		s.InjectFaults(fault)
		if got := roundTrip(t, s, hello); got != tt.want {
			t.Errorf("%s: %.200q, want %.200q", name, got, tt.want)
		}
		seen := s.Requests()
		if len(seen) != 1 || seen[0].Explanation != tt.explain || len(s.Messages()) != stored || (seen[0].Message != nil) != (stored == 1) {
			t.Errorf("%s: %d messages, requests %+v", name, len(s.Messages()), seen)
		}
		if got := post(t, s, hello); got != ok || len(s.Messages()) != stored+1 {
			t.Errorf("%s: the next message got %v", name, got)
		}
	}
	if diff := cmp.Diff(names, FaultNames()); diff != "" {
		t.Errorf("names (-tested +known):\n%s", diff)
	}
	if _, found := FaultByName("nonsense"); found {
		t.Error("FaultByName knows nonsense")
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
