package webui

import (
	"net/http"
	"time"
)

// Options say under which names the page is served, and to how many visitors. The zero value, like a nil pointer, works.
type Options struct {
	// Hosts are names or IP addresses by which the page may be asked for, besides localhost, loopback addresses, and the
	// address to which the connection was made.
	Hosts []string

	MaxStreams  int           // how many event streams are open at once; 0 is 64
	MaxRequests int           // how many other requests are answered at once; 0 is 64
	Timeout     time.Duration // how long a visitor may take to read what an event stream writes; 0 is 10 seconds
}

func (o Options) withDefaults() Options {
	if o.MaxStreams == 0 {
		o.MaxStreams = 64
	}
	if o.MaxRequests == 0 {
		o.MaxRequests = 64
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	return o
}

// atMost lets so many requests in at once, and refuses others.
func atMost(n int, next http.HandlerFunc) http.HandlerFunc {
	slots := make(chan struct{}, n)
	return func(w http.ResponseWriter, req *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next(w, req)
		default:
			w.Header().Set("Retry-After", "5")
			http.Error(w, "Too many pages are open. Close some and reload.", http.StatusServiceUnavailable)
		}
	}
}
