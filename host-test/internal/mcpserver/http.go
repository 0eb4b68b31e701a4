package mcpserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Limits of the server over HTTP. A client is an IP address: behind a proxy all
// clients are one.
const (
	maxBody           = 1 << 20 // bytes; the plugin rejects half of it
	maxRequests       = 256     // running
	maxClientRequests = 32
	maxSessions       = 256
	maxClientSessions = 32
	sessionTimeout    = time.Hour // without a request
	bodyTimeout       = 30 * time.Second
)

const sessionHeader = "Mcp-Session-Id"

// HTTPOptions configure who may call a server over HTTP.
type HTTPOptions struct {
	Token string   // bearer token that each request must carry; "" means none
	Hosts []string // names of this server besides those of loopback
}

// ServeHTTP serves clients over streamable HTTP, at /mcp, until the context is
// done; running calls then have the grace period to end. All clients share the
// plugins, and with them the rate limits.
func (s *Server) ServeHTTP(ctx context.Context, listener net.Listener, o *HTTPOptions) error {
	h := newHTTPHandler(s, listener.Addr(), o)
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	listener.Close()
	if !h.drain(s.grace) {
		s.cancel()
		h.drain(time.Second)
	}
	return nil
}

// An httpHandler checks and counts requests before it passes them to the SDK.
type httpHandler struct {
	server   *Server
	mux      *http.ServeMux
	loopback bool // listens on loopback only
	hosts    []string

	mu       sync.Mutex
	stopping bool
	running  sync.WaitGroup
	total    int                     // running requests
	requests map[string]int          // of them, by client
	sessions map[string]*httpSession // by session ID
}

// An httpSession is a session of a client.
type httpSession struct {
	client  string
	running int       // requests
	used    time.Time // when the last of them began or ended
}

func newHTTPHandler(s *Server, address net.Addr, o *HTTPOptions) *httpHandler {
	h := &httpHandler{
		server: s, mux: http.NewServeMux(), loopback: isLoopback(address.String()), hosts: o.Hosts,
		requests: map[string]int{}, sessions: map[string]*httpSession{},
	}
	streamable := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.mcp }, &mcp.StreamableHTTPOptions{
		SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBody, PropagateRequestCancellation: true,
		DisableLocalhostProtection: true, // isOwnHost does it, and knows the configured names
	})
	endpoint := h.limitRequests(streamable)
	if o.Token != "" {
		endpoint = requireToken(o.Token, endpoint)
	}
	h.mux.Handle("/mcp", endpoint)
	h.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	return h
}

// ServeHTTP implements http.Handler.
func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.isOwnHost(r.Host) {
		http.Error(w, "the Host header names another server; the operator can allow the name with --http-host", http.StatusForbidden)
		return
	}
	if !h.isOwnOrigin(r.Header.Values("Origin")) {
		http.Error(w, "the Origin header names another site", http.StatusForbidden)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// isOwnHost reports whether a Host header names this server. It blocks DNS
// rebinding, in which a site's name resolves to this machine. An IP address
// cannot be rebound.
func (h *httpHandler) isOwnHost(host string) bool {
	name := hostname(host)
	return isLoopback(host) || slices.Contains(h.hosts, name) || !h.loopback && net.ParseIP(name) != nil
}

func (h *httpHandler) isOwnOrigin(origins []string) bool {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !h.isOwnHost(u.Host) {
			return false
		}
	}
	return true
}

// hostname returns a host without its port, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	name := hostname(host)
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// requireToken rejects requests without the bearer token. It compares hashes of
// equal length, so that the time reveals nothing about the token.
func requireToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "give the token of this server as Authorization: Bearer …", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limitRequests limits the running requests and the sessions, per client and in
// total. It does not count GET, the event stream that each session has once. A new
// session ends the longest idle one if there are too many: not every client
// deletes its sessions.
func (h *httpHandler) limitRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		client, id := hostname(r.RemoteAddr), r.Header.Get(sessionHeader)
		if status, text := h.acquire(client, id); status != 0 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, text, status)
			return
		}
		defer func() { h.release(client, id) }()
		if !readBody(w, r) {
			return
		}
		next.ServeHTTP(w, r)
		if created := w.Header().Get(sessionHeader); id == "" && created != "" {
			h.mu.Lock()
			h.sessions[created] = &httpSession{client: client, used: time.Now()}
			h.mu.Unlock()
		}
	})
}

// acquire counts a request that may run, or returns the status to reject it with.
// Without an ID it is one for a new session.
func (h *httpHandler) acquire(client, id string) (status int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return http.StatusServiceUnavailable, "the server is shutting down"
	case h.total >= maxRequests:
		return http.StatusServiceUnavailable, "too many requests are running"
	case h.requests[client] >= maxClientRequests:
		return http.StatusTooManyRequests, "too many requests of this client are running"
	case id == "" && !h.makeRoom(client):
		return http.StatusServiceUnavailable, "too many sessions are open"
	}
	h.running.Add(1)
	h.total++
	h.requests[client]++
	if s := h.sessions[id]; s != nil {
		s.running++
		s.used = time.Now()
	}
	return 0, ""
}

func (h *httpHandler) release(client, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running.Done()
	h.total--
	if h.requests[client]--; h.requests[client] == 0 {
		delete(h.requests, client)
	}
	if s := h.sessions[id]; s != nil {
		s.running--
		s.used = time.Now()
	}
}

// makeRoom ends the longest idle session, of the client or of all, if it has or
// they have as many as they may. It reports whether one more may begin.
func (h *httpHandler) makeRoom(client string) bool {
	live := map[string]*mcp.ServerSession{}
	for session := range h.server.mcp.Sessions() {
		live[session.ID()] = session
	}
	maps.DeleteFunc(h.sessions, func(id string, _ *httpSession) bool { return live[id] == nil })
	own := 0
	for _, s := range h.sessions {
		if s.client == client {
			own++
		}
	}
	if own < maxClientSessions && len(h.sessions) < maxSessions {
		return true
	}
	var idle string // ID
	for id, s := range h.sessions {
		candidate := s.running == 0 && (own < maxClientSessions || s.client == client)
		if candidate && (idle == "" || s.used.Before(h.sessions[idle].used)) {
			idle = id
		}
	}
	if idle == "" {
		return false
	}
	delete(h.sessions, idle)
	go live[idle].Close() // waits for a request that came meanwhile
	return true
}

// drain rejects new requests, and reports whether the running ones ended in time.
func (h *httpHandler) drain(timeout time.Duration) bool {
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(timeout):
		return false
	}
}

// readBody reads the body under a deadline of its own. A deadline for the request
// would also end its stream of events.
func readBody(w http.ResponseWriter, r *http.Request) bool {
	controller := http.NewResponseController(w)
	controller.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return false
	case err != nil:
		http.Error(w, "the body did not arrive", http.StatusRequestTimeout)
		return false
	}
	controller.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}
