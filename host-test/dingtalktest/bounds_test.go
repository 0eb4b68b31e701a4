package dingtalktest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// heap is what is alive after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestRefusedBodies posts what nobody should, and the robot remembers only so much of it.
func TestRefusedBodies(t *testing.T) {
	const bound = 64 << 20
	tests := []struct {
		name   string
		times  int
		change func(*http.Request)
	}{
		{"bodies", 1200, func(req *http.Request) { req.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 300<<10))) }},
		{"headers", 400, func(req *http.Request) { req.Header.Set("X-Long", strings.Repeat("x", 256<<10)) }},
		{"queries", 400, func(req *http.Request) { req.URL.RawQuery = strings.Repeat("x", 256<<10) }},
		{"paths", 400, func(req *http.Request) { req.URL.Path = "/" + strings.Repeat("x", 256<<10) }},
		{"explanations", 400, func(req *http.Request) { req.Header.Set("Content-Type", strings.Repeat("x", 256<<10)) }},
	}
	for _, tt := range tests {
		r := New(nil)
		before := heap()
		for range tt.times {
			req := request(hello)
			tt.change(req)
			r.ServeHTTP(httptest.NewRecorder(), req)
		}
		if grown := heap() - before; grown > bound {
			t.Errorf("%d refused requests with long %s take %d MB, want at most %d", tt.times, tt.name, grown>>20, bound>>20)
		}
		if got := r.Requests(); len(got) == 0 || got[len(got)-1].Seq != tt.times {
			t.Errorf("%s: the last of %d requests is not the newest", tt.name, len(got))
		}
	}
}

// TestAcceptedMessages does the same with messages, whose parts are more numerous than their bytes suggest.
func TestAcceptedMessages(t *testing.T) {
	const bound = 20 << 20
	people := strings.TrimSuffix(strings.Repeat(`"1",`, 4000), ",")
	bodies := map[string]string{
		"texts":    `{"msgtype":"text","text":{"content":"` + strings.Repeat("x", 19000) + `"},"msgUuid":"%d"}`,
		"mentions": `{"msgtype":"text","text":{"content":"x"},"at":{"atMobiles":[` + people + `]},"msgUuid":"%d"}`,
		"msgUuids": `{"msgtype":"text","text":{"content":"x"},"msgUuid":"` + strings.Repeat("x", 19000) + `%d"}`,
	}
	for name, body := range bodies {
		r := New(&Options{PerMinute: -1, MaxHistoryBytes: 2 << 20})
		before := heap()
		for i := range 1200 {
			if got := post(t, r, fmt.Sprintf(body, i)); got != ok {
				t.Fatalf("%s: %v", name, got)
			}
		}
		if grown := heap() - before; grown > bound {
			t.Errorf("1200 messages with long %s take %d MB, want at most %d", name, grown>>20, bound>>20)
		}
		if got := r.Messages(); len(got) == 0 || got[len(got)-1].Seq != 1200 {
			t.Errorf("%s: the last of %d messages is not the newest", name, len(got))
		}
	}
}

// TestFaultsShareTheirAnswer queues the longest answer as often as a page lets a visitor.
func TestFaultsShareTheirAnswer(t *testing.T) {
	r := New(nil)
	before := heap()
	for range 200 {
		fault, _ := FaultByName("megabyte")
		r.InjectFaults(fault)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("200 queued faults take %d MB", grown>>20)
	}
	runtime.KeepAlive(r)
}

// stalled connects, sends the start of a request and then nothing, and returns how long the server held the connection.
func stalled(t *testing.T, server *httptest.Server, start string) error {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, start); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	_, err = io.Copy(io.Discard, conn)
	return err
}

// TestSlowBody closes a connection on which a body does not arrive, whatever server the robot is mounted in.
func TestSlowBody(t *testing.T) {
	r := New(&Options{Timeout: 50 * time.Millisecond})
	server := httptest.NewServer(r)
	defer server.Close()
	if err := stalled(t, server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
		t.Errorf("the connection was held: %v", err)
	}
	if got := r.Requests(); len(got) != 1 || !bytes.Equal(got[0].Body, []byte("{")) {
		t.Errorf("recorded %+v", got)
	}
}

// TestNobodyReads closes a connection whose client does not fetch its answer.
func TestNobodyReads(t *testing.T) {
	r := New(&Options{Timeout: 50 * time.Millisecond})
	r.InjectFaults(Fault{Body: strings.Repeat("x", 32<<20)})
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(done)
		r.ServeHTTP(w, req)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Error("the robot waits for a client that does not read")
	}
}

// TestDeadlinesEnd posts twice on one connection, with a slow fault and a pause that are longer than the robot's timeout.
func TestDeadlinesEnd(t *testing.T) {
	const timeout = 50 * time.Millisecond
	r := New(&Options{Timeout: timeout})
	r.InjectFaults(Fault{Delay: 3 * timeout})
	server := httptest.NewServer(r)
	defer server.Close()
	for range 2 {
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
		if len(r.Requests()) == 1 && time.Since(start) < 3*timeout {
			t.Error("the timeout ended the fault's delay")
		}
		time.Sleep(2 * timeout)
	}
}

func TestHistory(t *testing.T) {
	r := newRobot(Options{MaxHistory: 3})
	for range 5 {
		do(t, r, httptest.NewRequest("GET", "/", nil))
	}
	all := r.Requests()
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
		{Cursor{6, all[0].Time}, 10, "[3 4 5]", false},                // from before a Clear
		{Cursor{4, all[0].Time.Add(-1)}, 10, "[3 4 5]", false},        // the same
		{Cursor{-7, all[0].Time}, 10, "[3 4 5]", false},               // made up
		{Cursor{1<<63 - 1, time.Time{}}, 1<<62 - 1, "[3 4 5]", false}, // made up
	}
	for _, tt := range tests {
		requests, found := r.RequestsAfter(tt.after, tt.limit)
		seqs := []int{}
		for _, q := range requests {
			seqs = append(seqs, q.Seq)
		}
		if fmt.Sprint(seqs) != tt.want || found != tt.found {
			t.Errorf("%d after %+v: %v, %v, want %s, %v", tt.limit, tt.after, seqs, found, tt.want, tt.found)
		}
	}
	r.Reset()
	if requests, found := r.RequestsAfter(all[2].Cursor(), 10); len(requests) != 0 || found {
		t.Errorf("after Clear: %v, %v", requests, found)
	}
}

func TestMaxBody(t *testing.T) {
	r := New(&Options{MaxBody: 5})
	post(t, r, hello)
	if got := r.Requests()[0]; string(got.Body) != hello[:5] || got.Code == 0 {
		t.Errorf("%+v", got)
	}
}
