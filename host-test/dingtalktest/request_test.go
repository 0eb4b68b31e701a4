package dingtalktest

import (
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

func TestRequestIsRecorded(t *testing.T) {
	v := vectors[3]
	s := newServer(Options{Secret: v.secret, Keywords: []string{"hell"}})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=" + v.timestamp + "&sign=" + v.encoded
	do(t, s, req)
	m := s.Messages()[0]
	want := Request{
		Seq: 1, Time: midnight, Method: "POST", Path: "/robot/send",
		Query:        "access_token=***&timestamp=" + v.timestamp + "&sign=***",
		Header:       http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:         []byte(hello),
		TokenKnown:   true,
		SignVerified: true,
		Status:       200, Code: 0, Text: "ok",
		Explanation: `accepted: token known, signature verified, keyword "hell" found, message 1 of 20 in this minute`,
		Message:     &m,
	}
	if diff := cmp.Diff(want, s.Requests()[0]); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestRedactQuery(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"", ""},
		{"access_token=abc", "access_token=***"},
		{"access_token=", "access_token="},
		{"access_token", "access_token"},
		{"a=1&access_token=abc&b=2", "a=1&access_token=***&b=2"},
		{"access_token=a&access_token=b", "access_token=***&access_token=***"},
		{"Access%5FToken=abc&TOKEN=abc", "Access%5FToken=***&TOKEN=***"},
		{"access_token=https%3A%2F%2Fa.example%2F%3Faccess_token%3Dabc", "access_token=***"},
		{"sign=a%2Bb%3D&timestamp=1", "sign=***&timestamp=1"},
		{"secret=SECx", "secret=***"},
		{"acc%zz=abc", "acc%zz=***"},
	}
	for _, tt := range tests {
		if got := redactQuery(tt.raw); got != tt.want {
			t.Errorf("redactQuery(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// TestNoCredentials sends the credentials everywhere except in the body and searches all records for them.
func TestNoCredentials(t *testing.T) {
	const token, secret = "planted-token-1111", "SECplanted-2222"
	s := newServer(Options{Token: token, Secret: secret, Keywords: []string{"zebra"}})
	for _, q := range []string{"access_token=" + token, "x=" + token + "&y=" + secret, "access_token=my-own-3333&sign=my-own-3333"} {
		req := request(hello)
		req.URL.Path = "/robot/send/" + token
		req.URL.RawQuery = q
		for _, name := range []string{"Referer", "Sign", "Authorization", "Cookie", "X-Acs-Dingtalk-Access-Token"} {
			req.Header.Add(name, "x "+token+" "+secret)
		}
		req.Header.Set("Sign", "my-own-3333")
		do(t, s, req)
	}
	record := fmt.Sprintf("%+v", s.Requests())
	for _, credential := range []string{token, secret, "my-own-3333"} {
		if strings.Contains(record, credential) {
			t.Errorf("%s is in the record:\n%s", credential, record)
		}
	}
	if !s.Requests()[0].TokenKnown || s.Requests()[2].TokenKnown {
		t.Error("TokenKnown is wrong")
	}
}

func TestMaxHistory(t *testing.T) {
	for limit, want := range map[int]int{0: 1000, 3: 3} {
		s := newServer(Options{MaxHistory: limit})
		for range want + 5 {
			do(t, s, httptest.NewRequest("GET", "/", nil))
		}
		if got := s.Requests(); len(got) != want || got[0].Seq != 6 || got[want-1].Seq != want+5 {
			t.Errorf("MaxHistory %d: %d requests, from %d", limit, len(got), got[0].Seq)
		}
	}
}

// seqs returns the Seq of each request, as fmt prints a slice.
func seqs(requests []Request) string {
	list := []int{}
	for _, q := range requests {
		list = append(list, q.Seq)
	}
	return fmt.Sprint(list)
}

func TestRequestsAfter(t *testing.T) {
	s := newServer(Options{MaxHistory: 3})
	for range 5 {
		do(t, s, httptest.NewRequest("GET", "/", nil))
	}
	all := s.Requests()
	tests := []struct {
		after Cursor
		limit int
		want  string
		found bool
	}{
		{Cursor{}, 10, "[3 4 5]", true},
		{Cursor{}, 2, "[3 4]", true},
		{all[0].Cursor(), 1, "[4]", true},
		{all[1].Cursor(), 10, "[5]", true},
		{all[2].Cursor(), 10, "[]", true},
		{Cursor{2, all[0].Time}, 10, "[3 4 5]", false},                // dropped
		{Cursor{6, all[0].Time}, 10, "[3 4 5]", false},                // from before a Reset
		{Cursor{4, all[0].Time.Add(-1)}, 10, "[3 4 5]", false},        // likewise
		{Cursor{-7, all[0].Time}, 10, "[3 4 5]", false},               // made up
		{Cursor{1<<63 - 1, time.Time{}}, 1<<62 - 1, "[3 4 5]", false}, // made up
	}
	for _, tt := range tests {
		requests, found := s.RequestsAfter(tt.after, tt.limit)
		if got := seqs(requests); got != tt.want || found != tt.found {
			t.Errorf("%d after %+v: %s, %v, want %s, %v", tt.limit, tt.after, got, found, tt.want, tt.found)
		}
	}
	s.Reset()
	if requests, found := s.RequestsAfter(all[2].Cursor(), 10); len(requests) != 0 || found {
		t.Errorf("after Reset: %v, %v", requests, found)
	}
}

// TestRemoveRequest removes requests in the middle and at the end, and continues reading from there.
func TestRemoveRequest(t *testing.T) {
	s := newServer(Options{})
	for range 4 {
		post(t, s, hello)
	}
	all := s.Requests()
	for _, q := range []Request{all[1], all[3]} {
		if !s.RemoveRequest(q.Cursor()) || s.RemoveRequest(q.Cursor()) {
			t.Errorf("request %d is not removed just once", q.Seq)
		}
	}
	if s.RemoveRequest(Cursor{Seq: 1}) {
		t.Error("a cursor with another time removes a request")
	}
	if got := s.Messages(); len(got) != 2 || got[0].Seq != 1 || got[1].Seq != 3 {
		t.Errorf("messages %+v", got)
	}
	post(t, s, hello)
	for i, want := range []string{"[1 3 5]", "[3 5]", "[3 5]", "[5]", "[5]"} {
		after := append([]Request{{}}, all...)[i].Cursor()
		if requests, found := s.RequestsAfter(after, 10); !found || seqs(requests) != want {
			t.Errorf("after %d: %s, %v, want %s", i, seqs(requests), found, want)
		}
	}
	if got, total := s.RemovedRequests(); total != 2 || !slices.Equal(got, []Cursor{all[1].Cursor(), all[3].Cursor()}) {
		t.Errorf("removed %v, %d", got, total)
	}
	s.Reset()
	if got, total := s.RemovedRequests(); total != 2 || got != nil {
		t.Errorf("removed %v, %d after Reset", got, total)
	}
}

func TestMaxBody(t *testing.T) {
	s := New(&Options{MaxBody: 5})
	post(t, s, hello)
	if got := s.Requests()[0]; string(got.Body) != hello[:5] || got.Code != 460101 {
		t.Errorf("%+v", got)
	}
}

// liveBytes returns how much memory is in use after a collection.
func liveBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestMemory sends more than a Server may remember. The parts of some messages are more numerous than their size suggests.
func TestMemory(t *testing.T) {
	body := func(format string) func(*http.Request, int) {
		return func(r *http.Request, i int) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(format, "%d", fmt.Sprint(i), 1)))
		}
	}
	long, text := strings.Repeat("x", 256<<10), strings.Repeat("x", 19000)
	people := strings.TrimSuffix(strings.Repeat(`"1",`, 4000), ",")
	messages := Options{PerMinute: -1, MaxHistoryBytes: 2 << 20}
	tests := []struct {
		name    string
		options Options
		times   int
		maxMB   int64
		change  func(*http.Request, int)
	}{
		{"bodies", Options{}, 1200, 64, body(strings.Repeat("x", 300<<10))},
		{"headers", Options{}, 400, 64, func(r *http.Request, i int) { r.Header.Set("X-Long", long+fmt.Sprint(i)) }},
		{"queries", Options{}, 400, 64, func(r *http.Request, i int) { r.URL.RawQuery = long + fmt.Sprint(i) }},
		{"paths", Options{}, 400, 64, func(r *http.Request, i int) { r.URL.Path = "/" + long + fmt.Sprint(i) }},
		{"explanations", Options{}, 400, 64, func(r *http.Request, i int) { r.Header.Set("Content-Type", long+fmt.Sprint(i)) }},
		{"texts", messages, 1200, 20, body(`{"msgtype":"text","text":{"content":"` + text + `"},"msgUuid":"%d"}`)},
		{"mentions", messages, 1200, 20, body(`{"msgtype":"text","text":{"content":"x"},"at":{"atMobiles":[` + people + `]},"msgUuid":"%d"}`)},
		{"msgUuids", messages, 1200, 20, body(`{"msgtype":"text","text":{"content":"x"},"msgUuid":"` + text + `%d"}`)},
	}
	for _, tt := range tests {
		s := New(&tt.options)
		before := liveBytes()
		for i := range tt.times {
			req := request(hello)
			tt.change(req, i)
			if got := do(t, s, req); tt.options.PerMinute < 0 && got != ok {
				t.Fatalf("%s: %v", tt.name, got)
			}
		}
		if grown := (liveBytes() - before) >> 20; grown > tt.maxMB {
			t.Errorf("%d requests with long %s occupy %d MB, want at most %d", tt.times, tt.name, grown, tt.maxMB)
		}
		if got := s.Requests(); len(got) == 0 || got[len(got)-1].Seq != tt.times {
			t.Errorf("%s: the last of %d requests is not the newest", tt.name, len(got))
		}
		if got := s.Messages(); tt.options.PerMinute < 0 && (len(got) == 0 || got[len(got)-1].Seq != tt.times) {
			t.Errorf("%s: the last of %d messages is not the newest", tt.name, len(got))
		}
	}
}
