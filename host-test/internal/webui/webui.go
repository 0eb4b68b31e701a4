// Package page is a web page that shows what was posted to a fake DingTalk group, the way Mailpit shows mail. It reads the
// store that the tests read, and the robot does not know it:
//
//	r := dingtalktest.New(nil)
//	mux := http.NewServeMux()
//	mux.Handle("/robot/send", r)
//	mux.Handle("/", webui.Handler(r, nil))
//
// Each request stands in the group, oldest first: accepted messages as DingTalk draws them, refused ones with code, text and
// explanation. Behind each is the raw request without its credentials. The page works offline: what it needs is embedded, and
// pictures of a message are drawn as a box with their address.
//
// # Addresses
//
//	GET  /            the page, which works without its script, too
//	GET  /requests/…  what is behind one request: the checks, the raw request, a curl command
//	GET  /events      the same as server-sent events, until the client leaves or does not read; a server that shuts down must
//	                  close these
//	POST /mood/...    the robot's mood, as a form; the answer is 303, or 400 with a sentence
//
// The switches, each with curl -d and nothing else:
//
//	/mood/secret    on=true|false           demand signatures of another secret
//	/mood/keyword   on=true|false           demand a keyword that no message has
//	/mood/rate      on=true|false           one message a minute; the second locks the robot for ten minutes
//	/mood/texts     generation=new|mid|old  how errors are worded
//	/mood/fault     name=busy [times=3]     what happens to the next POSTs; the names are those of dingtalktest.FaultNames
//	/mood/advance   by=10m                  move the robot's clock, also backwards, but not behind the real one
//	/mood/clear                             forget messages, requests, the minute's window and the lock
//
// A switch that is turned off returns to the settings that the robot had when Handler was called.
//
// # What is foreign here
//
// Everything in a request is. Raw HTML in Markdown is text, as in the subset that DingTalk documents; goldmark's output goes
// through bluemonday; html/template escapes the rest; characters that cannot be seen or that turn the line around are spelled
// out; and a Content-Security-Policy keeps what slips through from running or loading anything.
//
// Other sites are foreign, too. A switch refuses requests that another site makes with the visitor's browser, and the page
// with all its addresses answers 421 under a host name that another site could have made to lead here: see Options.Hosts. The
// robot's own address is not the page's, answers under any name, and tells nothing of the group.
//
// Visitors are bounded in number and in what each takes of memory, see Options. Timeouts of requests are the server's.
package webui

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
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

//go:embed web
var web embed.FS

// page is what the handlers share.
type page struct {
	robot   *dingtalktest.Server
	base    dingtalktest.Options // the settings to which a switch that is turned off returns
	options Options
	clock   clock
	views   *template.Template
	painter *painter
}

// Handler serves the page at "/", its events at "/events" and its switches at "/mood/...". Nil options are fine.
func Handler(r *dingtalktest.Server, o *Options) http.Handler {
	if o == nil {
		o = &Options{}
	}
	p := &page{
		options: o.withDefaults(),
		robot:   r,
		base:    r.Options(),
		clock:   clock{robot: r},
		views:   template.Must(template.ParseFS(web, "web/*.html")),
		painter: newPainter(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("GET /requests/{mark}", p.request)
	mux.HandleFunc("GET /page.css", asset)
	mux.HandleFunc("GET /page.js", asset)
	p.addSwitches(mux)
	all := http.NewServeMux()
	all.HandleFunc("GET /events", atMost(p.options.MaxStreams, p.events))
	all.HandleFunc("/", atMost(p.options.MaxRequests, mux.ServeHTTP))
	return guard(all, p.options.Hosts)
}

// asset serves an embedded file. It has no date to be cached by, so the browser asks again; it is small.
func asset(w http.ResponseWriter, req *http.Request) {
	http.ServeFileFS(w, req, web, "web"+req.URL.Path)
}

// index draws the whole page. What arrives after it, the events bring.
func (p *page) index(w http.ResponseWriter, _ *http.Request) {
	last, newest := p.newest()
	p.answer(w, "page", struct {
		Entries iter.Seq[entry] // drawn as they are sent: together they may be long
		Newest  preview         // of the newest message, for the list of conversations
		Mark    mark
		Mood    mood
	}{(&reader{page: p}).upTo(last), newest, newMark(last), p.mood()})
}

// newest returns the place after the last request, and how the newest message is announced.
func (p *page) newest() (last dingtalktest.Cursor, newest preview) {
	for _, q := range p.robot.Requests() {
		last = q.Cursor()
		if q.Message != nil {
			newest = entry{Request: q}.Preview()
		}
	}
	return last, newest
}

// request draws what is behind one entry.
func (p *page) request(w http.ResponseWriter, req *http.Request) {
	wanted := mark(req.PathValue("mark"))
	for _, q := range p.robot.Requests() {
		if newMark(q.Cursor()) == wanted {
			p.answer(w, "request", entry{Request: q, painter: p.painter})
			return
		}
	}
	http.NotFound(w, req)
}

func (p *page) answer(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.draw(w, name, data)
}

// draw executes one template. What cannot be written is no concern: a visitor who has left needs no page.
func (p *page) draw(w io.Writer, name string, data any) {
	err := p.views.ExecuteTemplate(w, name, data)
	var failed texttemplate.ExecError
	var unsafe *template.Error
	if errors.As(err, &failed) || errors.As(err, &unsafe) {
		panic(err) // the templates and their data are both ours
	}
}

// policy lets the page load its own style and script and talk to its own server, and nothing else. It holds even for markup
// that the sanitizer would let through.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'none'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// formLimit is more than any switch needs.
const formLimit = 4 << 10

// guard puts the security headers on every answer, also on refusals. It refuses what is asked for under a foreign host name,
// and a POST that another site makes with the visitor's browser. A program that sends neither Sec-Fetch-Site nor Origin is no
// browser and may pass.
func guard(next http.Handler, hosts []string) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		h.Set("Cache-Control", "no-store") // what the group saw is nobody's cache
		if !servedAs(req, hosts) {
			http.Error(w, "This page is not served under that host name. Use localhost, an IP address of this machine, or the host given with --addr.",
				http.StatusMisdirectedRequest)
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, formLimit)
		next.ServeHTTP(w, req)
	})
}

// servedAs reports whether the page is to be asked for under the request's Host. A site elsewhere can have its own name lead
// here (DNS rebinding) and then reads and switches as the page itself does; but the browser still says that name. So a name
// must be localhost or one of hosts, and an IP address loopback, one of hosts, or the one that the connection was made to. The
// port is not looked at, because it may be forwarded.
func servedAs(req *http.Request, hosts []string) bool {
	host := req.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || host != "" && slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.WithZone("").Unmap()
	return ip.IsLoopback() || ip == connectedTo(req)
}

// connectedTo returns the server's address on the request's connection, or the zero Addr.
func connectedTo(req *http.Request) netip.Addr {
	local, ok := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().WithZone("").Unmap()
}
