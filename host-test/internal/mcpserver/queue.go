package mcpserver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Errors of a call whose turn did not come: the plugin never saw it.
var (
	errBusy     = errors.New("earlier calls are still under way")
	errCanceled = errors.New("it was canceled while earlier calls were under way")
)

// A queue lets one call at a time pass, in the order in which they joined. The
// calls of a client are handled by goroutines, whose order nobody knows, so each
// joins when it is read.
type queue struct {
	mu      sync.Mutex
	tickets []*ticket // the first has its turn
}

// A ticket is a place in a queue.
type ticket struct {
	queue *queue
	turn  chan struct{} // closed when it has come
}

func (q *queue) join() *ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &ticket{q, make(chan struct{})}
	if q.tickets = append(q.tickets, t); len(q.tickets) == 1 {
		close(t.turn)
	}
	return t
}

// acquire waits for the turn, no longer than the timeout. Call leave in any case.
func (t *ticket) acquire(ctx context.Context, timeout time.Duration) error {
	if ctx.Err() != nil {
		return errCanceled
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-t.turn:
		return nil
	case <-timer.C:
		return errBusy
	case <-ctx.Done():
		return errCanceled
	}
}

// leave gives the place up, and the turn to the next. It may be called often.
func (t *ticket) leave() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	i := slices.Index(t.queue.tickets, t)
	if i < 0 {
		return
	}
	t.queue.tickets = slices.Delete(t.queue.tickets, i, i+1)
	if i == 0 && len(t.queue.tickets) > 0 {
		close(t.queue.tickets[0].turn)
	}
}
