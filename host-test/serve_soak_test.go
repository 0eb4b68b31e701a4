package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/schema"
)

var day = flag.Bool("day", false, "run TestServeDay with the work of a day instead of a fiftieth of it")

// lanes is the number of robots of each failing kind; all are called at once.
const lanes = 25

// Memory does not grow over a day of calls, timeouts, cancellations and robots that
// hang.
func TestServeDay(t *testing.T) {
	share := 50
	if *day {
		share = 1
	}
	s := serveDay(t)
	s.work(t, 20, 1, 1, 1) // loads all plugins, and fills caches
	before := measure()
	start := time.Now()
	s.work(t, 100_000/share, 2000/share/lanes, 2000/share/lanes, max(1, 100/share/lanes))
	after := measure()
	t.Logf("%v of work; heap %d KiB, then %d; goroutines %d, then %d; resident %s, then %s",
		time.Since(start).Round(time.Second), before.heap>>10, after.heap>>10, before.goroutines, after.goroutines, before.resident, after.resident)
	if after.heap > before.heap+before.heap/10+1<<20 || after.goroutines > before.goroutines+10 {
		t.Error("memory or goroutines grew")
	}
	if s.loads != 1+2*lanes {
		t.Errorf("%d plugins were loaded for %d robots", s.loads, 1+2*lanes)
	}
}

// serveDay serves a robot that works, slow ones that answer only the probe, and
// hung ones that answer nothing.
func serveDay(t *testing.T) *served {
	t.Helper()
	s := newServed(t)
	s.config[schema.KeyMessagesPerMinute] = "0"
	s.robot.SetOptions(func(o *dingtalktest.Options) { o.PerMinute = -1 })
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the client left
		if r.Method == http.MethodPost || strings.HasPrefix(r.URL.Path, "/hung") {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(stuck.Close)
	robots := map[string]any{"works": map[string]any{
		"default": true, "webhookUrl": s.URL + fakePath, "accessToken": dingtalktest.DefaultToken, "secret": s.config[schema.KeySecret],
	}}
	for i := range lanes {
		robots[fmt.Sprint("slow", i)] = map[string]string{"webhookUrl": stuck.URL + "/slow", "accessToken": "t"}
		robots[fmt.Sprint("hung", i)] = map[string]string{"webhookUrl": stuck.URL + "/hung", "accessToken": "t"}
	}
	list, err := json.Marshal(robots)
	if err != nil {
		t.Fatal(err)
	}
	s.config[schema.KeyRobots] = string(list)
	s.serve(t, 2*time.Second)
	return s
}

// work calls the robot that works, and at once, in each lane, makes calls that time
// out, calls that are canceled, and calls to a robot that hangs.
func (s *served) work(t *testing.T, calls, timeouts, cancels, hung int) {
	t.Helper()
	var lane sync.WaitGroup
	for i := range lanes {
		lane.Go(func() {
			for range timeouts {
				// not_sent if a busy machine got no further than the probe
				s.expect(t, fmt.Sprintf(`{"text":"hello","robot":"slow%d"}`, i), "unknown_outcome", "not_sent")
			}
			for range cancels {
				s.callCanceled(t, 30*time.Millisecond, fmt.Sprintf(`{"text":"hello","robot":"slow%d"}`, i))
			}
			for range hung {
				s.expect(t, fmt.Sprintf(`{"text":"hello","robot":"hung%d"}`, i), "not_sent")
			}
		})
	}
	for i := range calls {
		s.expect(t, hello, "sent")
		if i%500 == 0 {
			s.robot.Reset() // it records each message
		}
	}
	lane.Wait()
	s.robot.Reset()
}

type measured struct {
	heap       uint64
	goroutines int
	resident   string // as Linux formats it
}

// measure waits until ended goroutines and connections are gone.
func measure() measured {
	time.Sleep(time.Second)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	time.Sleep(time.Second)
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	m := measured{heap: stats.HeapAlloc, goroutines: runtime.NumGoroutine(), resident: "unknown"}
	status, _ := os.ReadFile("/proc/self/status") // other systems have none
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			m.resident = strings.TrimSpace(value)
		}
	}
	return m
}
