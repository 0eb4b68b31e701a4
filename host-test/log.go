package main

import (
	"io"
	"log/slog"
	"time"
)

// newLog returns the log, and a writer for lines that are no log entries as text
// and entries as JSON, so that a program can read all of it.
func newLog(w io.Writer, format string) (log *slog.Logger, notes io.Writer) {
	if format == "json" {
		log = slog.New(slog.NewJSONHandler(w, nil))
		return log, slog.NewLogLogger(log.Handler(), slog.LevelInfo).Writer()
	}
	return slog.New(slog.NewTextHandler(w, nil)), w
}

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
