package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"
)

// Errors of a call that the plugin never saw, because its turn did not come.
var (
	errBusy     = errors.New("earlier calls are still under way")
	errCanceled = errors.New("it was canceled while earlier calls were under way")
)

// errHung is the error of a call that did not end with its context.
var errHung = errors.New("the plugin did not return; what it knew of this minute and of keys is lost")

// hangSlack is how long a call may continue after its context is done. The
// plugin only waits for HTTP, which ends with the context.
const hangSlack = 5 * time.Second

// An instance keeps one plugin loaded, because the plugin's memory holds how much
// it sent in this minute, and under which keys. A timeout or a cancellation ends
// a call and leaves the plugin loaded.
type instance struct {
	queue
	load   func(ctx context.Context) (Plugin, error)
	slack  time.Duration
	plugin Plugin // nil until needed; only the call whose turn it is may use it
}

func newInstance(load func(ctx context.Context) (Plugin, error)) *instance {
	return &instance{load: load, slack: hangSlack}
}

// call calls the export. The caller must have its turn.
func (i *instance) call(ctx context.Context, timeout time.Duration, export string, input []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if i.plugin == nil {
		plugin, err := i.load(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		i.plugin = plugin
	}
	return i.callOrAbandon(ctx, export, input)
}

// callOrAbandon calls the plugin and abandons it if it does not return. Nothing
// can stop it except checks in the compiled code, which make every call 1.5 times
// as slow. An abandoned plugin is closed if it ever returns.
func (i *instance) callOrAbandon(ctx context.Context, export string, input []byte) ([]byte, error) {
	type answer struct {
		output []byte
		err    error
	}
	plugin, done := i.plugin, make(chan answer, 1)
	go func() {
		output, err := plugin.CallExport(ctx, export, input)
		done <- answer{output, err}
	}()
	select {
	case a := <-done:
		return a.output, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-done:
		return a.output, a.err
	case <-time.After(i.slack):
	}
	i.plugin = nil
	go func() {
		<-done
		plugin.Close(context.WithoutCancel(ctx))
	}()
	return nil, errHung
}

// close waits for the calls in the queue, then frees the plugin.
func (i *instance) close() {
	t := i.join()
	defer t.leave()
	<-t.turn
	if i.plugin != nil {
		i.plugin.Close(context.Background())
		i.plugin = nil
	}
}

// A queue admits one call at a time, in the order in which they joined. Calls are
// handled by goroutines in no particular order, so each joins when it is read.
type queue struct {
	mu      sync.Mutex
	tickets []*ticket // the first has its turn
}

// A ticket is a place in a queue.
type ticket struct {
	queue     *queue
	turn      chan struct{}   // closed when the turn has come
	arguments json.RawMessage // of the call, if they were cut out of its parameters
}

func (q *queue) join() *ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &ticket{queue: q, turn: make(chan struct{})}
	if q.tickets = append(q.tickets, t); len(q.tickets) == 1 {
		close(t.turn)
	}
	return t
}

// acquire waits for the turn, at most for the timeout. The caller must call leave
// in any case.
func (t *ticket) acquire(ctx context.Context, timeout time.Duration) error {
	if ctx.Err() != nil {
		return errCanceled
	}
	select {
	case <-t.turn:
		return nil
	case <-time.After(timeout):
		return errBusy
	case <-ctx.Done():
		return errCanceled
	}
}

// leave gives up the place and passes on the turn. Calling it again does nothing.
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
