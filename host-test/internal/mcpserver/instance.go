package mcpserver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errHung is the error of a call that did not end with its context.
var errHung = errors.New("the plugin did not return; what it knew of this minute and of keys is lost")

// hangSlack is how long a call may go on after its context is done. The plugin
// waits in HTTP alone, which ends with the context.
const hangSlack = 5 * time.Second

// An instance keeps one loaded plugin for as long as it lives, because what the
// plugin remembers (how much it sent in this minute, and under which keys) lives
// in it. A timeout or a cancellation ends a call and leaves the plugin loaded.
type instance struct {
	queue
	load   func(ctx context.Context) (Plugin, error)
	slack  time.Duration
	plugin Plugin // nil until it is needed; whoever has the turn may use it
}

func newInstance(load func(ctx context.Context) (Plugin, error)) *instance {
	return &instance{load: load, slack: hangSlack}
}

// call calls an export when the ticket's turn comes. It waits no longer than the
// timeout for the turn, and gives the call as much again.
func (i *instance) call(ctx context.Context, t *ticket, timeout time.Duration, export string, input []byte) ([]byte, error) {
	defer t.leave()
	if err := t.acquire(ctx, timeout); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if i.plugin == nil {
		plugin, err := i.load(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		i.plugin = plugin
	}
	return i.guard(ctx, export, input)
}

// guard calls the plugin, and abandons one that does not return: nothing can
// stop it but checks in the compiled code, which make each call half as slow
// again. It is closed should it ever return.
func (i *instance) guard(ctx context.Context, export string, input []byte) ([]byte, error) {
	type answer struct {
		output []byte
		err    error
	}
	plugin, done := i.plugin, make(chan answer)
	abandoned := make(chan struct{})
	go func() {
		output, err := plugin.CallExport(ctx, export, input)
		select {
		case done <- answer{output, err}:
		case <-abandoned:
			plugin.Close(context.WithoutCancel(ctx))
		}
	}()
	select {
	case a := <-done:
		return a.output, a.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(i.slack)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.output, a.err
	case <-timer.C:
		i.plugin = nil
		close(abandoned)
		return nil, errHung
	}
}

// close waits for the calls that joined, then frees the plugin.
func (i *instance) close() {
	t := i.join()
	defer t.leave()
	<-t.turn
	if i.plugin != nil {
		i.plugin.Close(context.Background())
		i.plugin = nil
	}
}

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
