package dingtalktest

// Watch returns a channel that receives whenever Requests has changed. Changes that nobody has fetched yet are coalesced into
// one, so read Requests after every receive. The channel is never closed; cancel ends the watch and may be called twice.
func (r *Server) Watch() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[c] = true
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, c)
	}
}

// signal is called with the robot locked. A watcher who has a signal waiting needs no second one.
func (r *Server) signal() {
	for c := range r.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
