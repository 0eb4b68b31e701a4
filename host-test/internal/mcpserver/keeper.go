package mcpserver

import (
	"context"
	"errors"
	"time"
)

// errBusy is the error of a call whose turn did not come: the plugin never saw
// it.
var errBusy = errors.New("earlier calls are still under way")

// A keeper keeps one instance for as long as it lives, because what the plugin
// remembers (how much it sent in this minute, and under which keys) lives in it.
// Calls take turns.
type keeper struct {
	ctx      context.Context // ends all calls
	load     func(ctx context.Context) (Instance, error)
	turn     chan struct{} // holds a token while somebody has the instance
	instance Instance      // nil until it is needed
}

func newKeeper(ctx context.Context, load func(ctx context.Context) (Instance, error)) *keeper {
	return &keeper{ctx: ctx, load: load, turn: make(chan struct{}, 1)}
}

// raw calls an export when its turn comes. It waits no longer than the timeout
// for the turn, and gives the call as much again.
func (k *keeper) raw(ctx context.Context, timeout time.Duration, export string, input []byte) ([]byte, error) {
	if err := k.take(ctx, timeout); err != nil {
		return nil, err
	}
	defer func() { <-k.turn }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer context.AfterFunc(k.ctx, cancel)()
	if k.instance == nil {
		instance, err := k.load(k.ctx)
		if err != nil {
			return nil, err
		}
		k.instance = instance
	}
	output, err := k.instance.Raw(ctx, export, input)
	if ctx.Err() != nil {
		// The runtime closes a module for good whose context is done, and may
		// do so a moment after the call has returned.
		k.drop()
	}
	return output, err
}

func (k *keeper) take(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	case <-k.ctx.Done():
	}
	return errBusy
}

func (k *keeper) drop() {
	if k.instance != nil {
		k.instance.Close(context.WithoutCancel(k.ctx))
		k.instance = nil
	}
}

// close waits for the call that is under way, then frees the instance.
func (k *keeper) close() {
	k.turn <- struct{}{}
	k.drop()
	<-k.turn
}
