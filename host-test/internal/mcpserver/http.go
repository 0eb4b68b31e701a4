package mcpserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Bounds of the server over HTTP. A client is an address: behind a proxy all are
// one.
const (
	maxBody            = 1 << 20 // bytes; the plugin refuses half of it
	maxRequests        = 256     // under way
	maxClientRequests  = 32
	maxSessions        = 256
	maxClientSessions  = 32
	sessionTimeout     = time.Hour // without a request
	bodyTimeout        = 30 * time.Second
	sessionHeader      = "Mcp-Session-Id"
	connectionIdle     = 2 * time.Minute
	headerTimeout      = 10 * time.Second
	maxHeader          = 64 << 10
	gracefulStopMargin = time.Second
)

// HTTPOptions say who may call a server over HTTP.
type HTTPOptions struct {
	Token string   // that a request must bear; "" is none
	Hosts []string // names of this server, beside those of loopback
}

// ServeHTTP serves clients over streamable HTTP, at /mcp, until the context is
// done; calls under way then have the grace to end. All clients share the
// plugins, and with them what those know of the rate.
func (s *Server) ServeHTTP(ctx context.Context, listener net.Listener, o *HTTPOptions) error {
	h := newHTTPHandler(s, listener.Addr(), o)
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: connectionIdle, MaxHeaderBytes: maxHeader,
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
		h.drain(gracefulStopMargin)
	}
	return nil
}

// An httpHandler stands before the SDK's.
type httpHandler struct {
	server   *Server
	mux      *http.ServeMux
	token    [sha256.Size]byte
	open     bool // needs no token
	loopback bool
	hosts    []string

	mu       sync.Mutex
	stopping bool
	idle     chan struct{}     // closed when stopping and nothing is under way
	requests map[string]int    // under way, by client
	total    int               // of them
	sessions map[string]string // session to client
}

func newHTTPHandler(s *Server, address net.Addr, o *HTTPOptions) *httpHandler {
	h := &httpHandler{
		server: s, mux: http.NewServeMux(), token: sha256.Sum256([]byte(o.Token)), open: o.Token == "", hosts: o.Hosts,
		loopback: isLoopback(address.String()), idle: make(chan struct{}), requests: map[string]int{}, sessions: map[string]string{},
	}
	streamable := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.mcp }, &mcp.StreamableHTTPOptions{
		SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBody, PropagateRequestCancellation: true,
		DisableLocalhostProtection: true, // checkOrigin does it, and knows the configured names
	})
	h.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	h.mux.Handle("/mcp", h.authorized(h.limited(streamable)))
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

// isOwnHost keeps pages away whose name was made to lead here (DNS rebinding).
// Such a page has a name; an address cannot be made to lead elsewhere.
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

// hostname returns what stands before the port, in lower case.
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

// authorized demands the token. Sums of one length are compared, so that the
// time tells nothing of it.
func (h *httpHandler) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if !h.open && (!strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(sum[:], h.token[:]) != 1) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "give the token of this server as Authorization: Bearer …", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limited bounds what each client, and all together, have under way. A GET is a
// session's stream of events, of which each session has one.
func (h *httpHandler) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		client := hostname(r.RemoteAddr)
		if status, text := h.enter(client, r.Header.Get(sessionHeader) == ""); status != 0 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, text, status)
			return
		}
		defer h.leave(client)
		if !readBody(w, r) {
			return
		}
		next.ServeHTTP(w, r)
		if id := w.Header().Get(sessionHeader); id != "" {
			h.mu.Lock()
			h.sessions[id] = client
			h.mu.Unlock()
		}
	})
}

// enter admits a request, or returns the status with which it is refused.
func (h *httpHandler) enter(client string, newSession bool) (status int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return http.StatusServiceUnavailable, "the server is about to end"
	case h.total >= maxRequests:
		return http.StatusServiceUnavailable, "too many requests are under way"
	case h.requests[client] >= maxClientRequests:
		return http.StatusTooManyRequests, "too many requests of this client are under way"
	}
	if newSession {
		all, own := h.countSessions(client)
		switch {
		case all >= maxSessions:
			return http.StatusServiceUnavailable, "there are too many sessions"
		case own >= maxClientSessions:
			return http.StatusTooManyRequests, "this client has too many sessions: end one with DELETE"
		}
	}
	h.total++
	h.requests[client]++
	return 0, ""
}

// countSessions counts those that live, and forgets the others.
func (h *httpHandler) countSessions(client string) (all, own int) {
	live := map[string]string{}
	for session := range h.server.mcp.Sessions() {
		all++
		if id := session.ID(); h.sessions[id] != "" {
			live[id] = h.sessions[id]
		}
		if h.sessions[session.ID()] == client {
			own++
		}
	}
	h.sessions = live
	return all, own
}

func (h *httpHandler) leave(client string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.total--
	if h.requests[client]--; h.requests[client] == 0 {
		delete(h.requests, client)
	}
	h.closeIfIdle()
}

// closeIfIdle is called with the lock held.
func (h *httpHandler) closeIfIdle() {
	if !h.stopping || h.total > 0 {
		return
	}
	select {
	case <-h.idle:
	default:
		close(h.idle)
	}
}

// drain refuses new requests, and reports whether those under way ended in time.
func (h *httpHandler) drain(patience time.Duration) bool {
	h.mu.Lock()
	h.stopping = true
	h.closeIfIdle()
	h.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-h.idle:
		return true
	case <-timer.C:
		return false
	}
}

// readBody reads the body here, because a deadline that held for all of the
// request would end a stream of events, too.
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
