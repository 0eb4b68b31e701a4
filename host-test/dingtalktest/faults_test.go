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
)

// exchange posts over a connection of its own and returns what a client sees.
func exchange(t *testing.T, r *Server, body string) string {
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
		if got := exchange(t, r, hello); got != tt.want || len(r.Messages()) != tt.stored {
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
	got := []string{exchange(t, r, body), exchange(t, r, body)}
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
	want := "refused: text is missing, empty or of another kind; fault: a scripted error"
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
