package dingtalktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// roundTrip posts over a connection of its own and returns what a client sees.
func roundTrip(t *testing.T, r *Server, body string) string {
	t.Helper()
	srv := httptest.NewServer(r)
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

func TestScriptedFaults(t *testing.T) {
	tests := []struct {
		fault  Fault
		texts  Wording
		want   string
		stored int
	}{
		{Fault{}, Wording2023, `200 application/json {"errcode":0,"errmsg":"ok"}`, 1},
		{Fault{Code: 410100}, WordingLegacy, `200 application/json {"errcode":410100,"errmsg":"发送速度太快而限流"}`, 0},
		{Fault{Code: 310000}, WordingLegacy, `200 application/json {"errcode":310000,"errmsg":"keywords not in content"}`, 0},
		{Fault{Code: 88}, Wording2023, `200 application/json {"errcode":88,"errmsg":"鉴权异常"}`, 0},
		{Fault{Code: 12345}, Wording2023, `200 application/json {"errcode":12345,"errmsg":"unknown error"}`, 0},
		{Fault{Code: 7, Text: "seven"}, Wording2023, `200 application/json {"errcode":7,"errmsg":"seven"}`, 0},
		{Fault{Text: "odd"}, Wording2023, `200 application/json {"errcode":0,"errmsg":"odd"}`, 0},
		{Fault{Status: 500, Code: -1}, Wording2023, `500 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, 0},
		{Fault{Status: 503}, Wording2023, `503 application/json `, 0},
		{Fault{Status: 504, Accept: true}, Wording2023, `504 application/json `, 1},
		{Fault{ContentType: "text/plain"}, Wording2023, `200 text/plain {"errcode":0,"errmsg":"ok"}`, 1},
		{Fault{Status: 502, Drop: DropAfter}, Wording2023, `EOF`, 1},
		{Fault{Body: "short", Cut: 100}, Wording2023, `unexpected EOF after short`, 0},
	}
	for _, tt := range tests {
		r := newRobot(Options{Wording: tt.texts})
		r.InjectFaults(tt.fault)
		if got := roundTrip(t, r, hello); got != tt.want || len(r.Messages()) != tt.stored {
			t.Errorf("%+v: %q and %d messages, want %q and %d", tt.fault, got, len(r.Messages()), tt.want, tt.stored)
		}
	}
}

func TestScriptIsUsedInOrderAndByPostsOnly(t *testing.T) {
	r := newRobot(Options{})
	r.InjectFaults(Fault{Code: 1}, Fault{})
	r.InjectFaults(Fault{Code: 2})
	do(t, r, httptest.NewRequest("GET", "/", nil))
	var got []int
	for range 4 {
		got = append(got, post(t, r, hello).Code)
	}
	if want := []int{1, 0, 2, 0}; !slices.Equal(got, want) {
		t.Errorf("codes = %v, want %v", got, want)
	}
}

// TestRetryAfterDrop is what msgUuid is for.
func TestRetryAfterDrop(t *testing.T) {
	const body = `{"msgtype":"text","text":{"content":"x"},"msgUuid":"u"}`
	r := newRobot(Options{})
	r.InjectFaults(Fault{Drop: DropAfter})
	got := []string{roundTrip(t, r, body), roundTrip(t, r, body)}
	if want := []string{"EOF", `200 application/json {"errcode":0,"errmsg":"ok"}`}; !slices.Equal(got, want) {
		t.Errorf("answers = %q, want %q", got, want)
	}
	if len(r.Messages()) != 1 || !r.Requests()[1].Duplicate {
		t.Errorf("%d messages, second request %+v", len(r.Messages()), r.Requests()[1])
	}
}

func TestAcceptStillChecks(t *testing.T) {
	r := newRobot(Options{})
	r.InjectFaults(Fault{Code: -1, Accept: true})
	if got := post(t, r, `{"msgtype":"text"}`); got.Code != -1 || len(r.Messages()) != 0 {
		t.Errorf("answer %v, %d messages", got, len(r.Messages()))
	}
	want := "refused: text is missing, empty or of another kind; fault: an injected error"
	if got := r.Requests()[0].Explanation; got != want {
		t.Errorf("explained %q, want %q", got, want)
	}
}

// TestDelayEndsWithTheSender shows that the message of a sender who gave up arrives all the same.
func TestDelayEndsWithTheSender(t *testing.T) {
	r := newRobot(Options{})
	r.InjectFaults(Fault{Delay: time.Hour})
	changed, cancel := r.Watch()
	defer cancel()
	srv := httptest.NewServer(r)
	defer srv.Close()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer stop()
	req, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/?access_token="+DefaultToken, strings.NewReader(hello))
	req.Header.Set("Content-Type", "application/json")
	if _, err := srv.Client().Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v", err)
	}
	<-changed
	if len(r.Messages()) != 1 {
		t.Errorf("%d messages, want 1", len(r.Messages()))
	}
}

func TestDateIsTheRobots(t *testing.T) {
	r := newRobot(Options{})
	r.AdvanceClock(time.Hour)
	srv := httptest.NewServer(r)
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, want := res.Header.Get("Date"), midnight.Add(time.Hour).Format(http.TimeFormat); got != want {
		t.Errorf("Date = %q, want %q", got, want)
	}
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || a.Code != 43002 {
		t.Errorf("a GET without token got %v, %v", a, err)
	}
}

// TestNamedFaults sends one message into each fault over a real connection, and then one that must find none.
func TestNamedFaults(t *testing.T) {
	const natural = `{"errcode":0,"errmsg":"ok"}`
	tests := []struct {
		name    string
		want    string // status, content type and body; or the error
		stored  int
		explain string
	}{
		{"busy", `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, 0, "not looked at; fault: an injected error"},
		{"error", `200 application/json {"errcode":500100,"errmsg":"description:系统异常，请稍后再试;"}`, 0, "not looked at; fault: an injected error"},
		{"gateway", `502 text/html; charset=utf-8 ` + gatewayPage, 0, "not looked at; fault: an answer that is not the robot's"},
		{"punish", `200 application/json ` + firewallAnswer, 0, "not looked at; fault: an answer that is not the robot's"},
		{"empty", `200 application/json `, 0, "not looked at; fault: an answer that is not the robot's"},
		{"cut", `unexpected EOF after ` + natural[:12], 1, "accepted: token known, message 1 of 20 in this minute; fault: the answer was cut short"},
		{"html", "200 text/html; charset=utf-8 <!DOCTYPE html>\n<html><body>please log in</body></html>\n", 0, "not looked at; fault: an answer that is not the robot's"},
		{"binary", "200 application/octet-stream \x00\xff\xfe\x80\x1b[2J\x00\xc3(", 0, "not looked at; fault: an answer that is not the robot's"},
		{"megabyte", `200 application/json ` + megabyte(), 0, "not looked at; fault: an answer that is not the robot's"},
		{"nocode", `200 application/json {}`, 0, "not looked at; fault: an answer that is not the robot's"},
		{"drop-before", "EOF", 0, "not looked at; fault: the connection was closed without an answer"},
		{"drop-after", "EOF", 1, "accepted: token known, message 1 of 20 in this minute; fault: the connection was closed without an answer"},
		{"accept-then-busy", `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, 1, "accepted: token known, message 1 of 20 in this minute; fault: an injected error"},
		{"accept-then-502", `502 text/html; charset=utf-8 ` + gatewayPage, 1, "accepted: token known, message 1 of 20 in this minute; fault: an answer that is not the robot's"},
		{"slow", `200 application/json ` + natural, 1, "accepted: token known, message 1 of 20 in this minute"},
	}
	var names []string
	for _, tt := range tests {
		names = append(names, tt.name)
		fault, found := FaultByName(tt.name)
		if !found {
			t.Fatalf("no fault %q", tt.name)
		}
		fault.Delay /= 100 // a test has no two seconds
		r := newRobot(Options{})
		r.InjectFaults(fault)
		if got := roundTrip(t, r, hello); got != tt.want {
			t.Errorf("%s: %.200q, want %.200q", tt.name, got, tt.want)
		}
		seen := r.Requests()
		if len(seen) != 1 || seen[0].Explanation != tt.explain || len(r.Messages()) != tt.stored || (seen[0].Message != nil) != (tt.stored == 1) {
			t.Errorf("%s: %d messages, requests %+v", tt.name, len(r.Messages()), seen)
		}
		if got := post(t, r, hello); got != ok || len(r.Messages()) != tt.stored+1 {
			t.Errorf("%s: the message after it got %v", tt.name, got)
		}
	}
	if diff := cmp.Diff(names, FaultNames()); diff != "" {
		t.Errorf("names (-tested +known):\n%s", diff)
	}
	if _, found := FaultByName("nonsense"); found {
		t.Error("Named knows nonsense")
	}
}
