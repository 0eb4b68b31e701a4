package main

import (
	"io"
	"time"
)

// A logWriter writes in the background, and drops what exceeds its buffer: a
// client that does not read standard error must not hold up its calls.
type logWriter struct {
	entries chan []byte // nil ends the goroutine that writes
	done    chan struct{}
}

func newLogWriter(w io.Writer) *logWriter {
	l := &logWriter{make(chan []byte, 256), make(chan struct{})}
	go func() {
		defer close(l.done)
		for entry := range l.entries {
			if entry == nil {
				return
			}
			_, _ = w.Write(entry) // an error could be reported nowhere
		}
	}()
	return l
}

// Write implements io.Writer. It never blocks.
func (l *logWriter) Write(entry []byte) (int, error) {
	select {
	case l.entries <- append([]byte{}, entry...):
	default:
	}
	return len(entry), nil
}

// close waits until everything is written, at most a second. It may be followed by
// writes, which are dropped.
func (l *logWriter) close() {
	deadline := time.After(time.Second)
	select {
	case l.entries <- nil:
	case <-deadline:
		return
	}
	select {
	case <-l.done:
	case <-deadline:
	}
}
