package mcpserver

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Requests that were read before the end of input are answered after it.
func TestDrainOnEOF(t *testing.T) {
	p := slow()
	input := initializeLines("2025-06-18") + callLine(2, "{}") + callLine(3, "{}")
	out := runStdio(t, Options{Load: p.load, Timeout: time.Minute}, strings.NewReader(input))
	for _, want := range []string{`"id":"init"`, `"id":2`, `"id":3`} {
		if !strings.Contains(out, want) {
			t.Errorf("no answer with %s in %s", want, out)
		}
	}
	if got := strings.Count(out, `"text":"sent"`); got != 2 {
		t.Errorf("%d messages sent", got)
	}
}

// The timeouts of the calls limit how long a drain takes.
func TestDrainTimeout(t *testing.T) {
	start := time.Now()
	p, _ := waiting()
	input := initializeLines("2025-06-18") + callLine(2, "{}") + callLine(3, "{}")
	out := runStdio(t, Options{Load: p.load, Timeout: 50 * time.Millisecond}, strings.NewReader(input))
	if got := strings.Count(out, `"isError":true`); got != 2 || time.Since(start) > 10*time.Second {
		t.Errorf("%d calls ended after %v: %s", got, time.Since(start), out)
	}
	if p.loads != 1 {
		t.Errorf("%d plugins were loaded", p.loads)
	}
}

// A limited number of requests is read from a client that does not read answers.
func TestBackPressure(t *testing.T) {
	p, release := blocking()
	server := newServer(t, Options{Load: p.load, Timeout: time.Minute})
	in, stdin := io.Pipe()
	var written atomic.Int64
	const all = 3 * maxPending
	go func() {
		defer stdin.Close()
		io.WriteString(stdin, initializeLines("2025-06-18"))
		for i := range all {
			fmt.Fprint(stdin, callLine(i, "{}"))
			written.Add(1)
		}
	}()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), &StdioTransport{Reader: in, Writer: &out}) }()
	for last := int64(-1); last != written.Load(); time.Sleep(200 * time.Millisecond) {
		last = written.Load()
	}
	if got := written.Load(); got < maxPending || got > maxPending+2000 { // and what the reader buffers
		t.Errorf("%d of %d requests were read, want about %d", got, all, maxPending)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), `"text":"sent"`); got != all {
		t.Errorf("%d of %d requests were answered", got, all)
	}
}
