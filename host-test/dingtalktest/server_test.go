package dingtalktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
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

func TestGenerationText(t *testing.T) {
	for _, g := range []Wording{Wording2023, Wording2022, WordingLegacy} {
		text, _ := g.MarshalText()
		var back Wording
		if err := back.UnmarshalText(text); err != nil || back != g || string(text) != g.String() {
			t.Errorf("%v became %q and then %v, %v", g, text, back, err)
		}
	}
	var g Wording
	if err := g.UnmarshalText([]byte("ancient")); err == nil {
		t.Error("ancient is a generation")
	}
	if got := Wording(9).String(); got != "Wording(9)" {
		t.Errorf("String = %q", got)
	}
}

// TestForeignGeneration shows that a generation nobody knows is spoken like today's.
func TestForeignGeneration(t *testing.T) {
	if got := post(t, newRobot(Options{Wording: 9}), `{"msgtype":"text"}`); got != lacks(400201, "text")[Wording2023] {
		t.Errorf("answer = %v", got)
	}
}
