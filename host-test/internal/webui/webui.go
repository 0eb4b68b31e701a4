// Package webui serves a web page that shows what was posted to a fake DingTalk group, as Mailpit shows mail. It only reads
// what tests read, and the fake server knows nothing of it:
//
//	fake := dingtalktest.New(nil)
//	mux := http.NewServeMux()
//	mux.Handle("/robot/send", fake)
//	mux.Handle("/", webui.Handler(fake, nil))
//
// The page lists every request, oldest first: accepted messages as DingTalk draws them, others with errcode, text and
// explanation. It works offline and loads no picture of a message. It can be read without its script, in English or Chinese.
//
//	GET  /             the page
//	GET  /requests/…   details of a request: the checks, the raw request without credentials, a curl command
//	GET  /events       new entries as server-sent events; a server that shuts down must close these
//
// # The API
//
// Test suites in other languages, and the page itself, use JSON. An error is {"error": …} with status 400, or 404 for an id that
// is unknown; 204 has no body.
//
//	GET    /api/v1/messages       what the group sees, oldest first; the fields are those of dingtalktest.Message
//	GET    /api/v1/requests       all requests, with kind, errcode and explanation; the fields are those of dingtalktest.Request
//	GET    /api/v1/requests/{id}  one of them
//	DELETE /api/v1/requests/{id}  forgets it and its message
//	DELETE /api/v1/requests       clears the group; ?faults=true also the queued faults
//	GET    /api/v1/robot          the options, as dingtalktest.Options
//	PATCH  /api/v1/robot          changes those in the body: {"keywords": ["deploy"], "perMinute": -1}
//	GET    /api/v1/switches       the simulated failures: token, secret, keyword, ip, disabled, removed, rate
//	PATCH  /api/v1/switches       turns some on or off: {"disabled": true}; off restores what it was
//	GET    /api/v1/faults         the queue, next first, and the names of all faults
//	POST   /api/v1/faults         queues one for the next POST: {"name": "busy"}, with "times" for several
//	DELETE /api/v1/faults         removes all; /api/v1/faults/{id} removes one
//	GET    /api/v1/clock          the robot's clock, and how far it is ahead
//	PUT    /api/v1/clock          sets it: {"ahead": "10m"}
//
// Lists take ?q= (a text in any case), ?kind= (message, refused, fault, repeat, probe or a msgtype), ?mention= (somebody who is
// notified), ?after= (an id) and ?limit=.
//
// # Security
//
// Everything in a request is untrusted. Raw HTML in Markdown is text; bluemonday sanitizes goldmark's output; html/template
// escapes the rest; invisible and bidirectional control characters are spelled out; and a Content-Security-Policy keeps
// whatever slips through from running or loading.
//
// Other sites are untrusted, too. The API refuses cross-origin changes and lets no other site read, and every address responds with 421 to a host name
// that another site could have pointed here, see Options.Hosts. The robot's own address responds to any name and shows nothing.
//
// Options bound the number of visitors and the memory of each. Timeouts of requests are the HTTP server's.
package webui

import (
	"cmp"
	"embed"
	"errors"
	"html/template"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

//go:embed web
var web embed.FS

// Options configure the page. The zero value and a nil pointer work.
type Options struct {
	// Hosts are names or IP addresses of the page besides localhost, loopback addresses, and the address that the client
	// connected to.
	Hosts []string

	// Example returns a command that posts a message to the webhook. With it, the empty page and the API show the robot's token
	// and secret, so leave it nil where these are real.
	Example func(o *dingtalktest.Options, webhook string) string

	MaxStreams  int           // how many event streams are open at once; 0 is 64
	MaxRequests int           // how many other requests are served at once; 0 is 64
	Timeout     time.Duration // how long a visitor may take to read what an event stream writes; 0 is 10 seconds
}

func (o Options) withDefaults() Options {
	o.MaxStreams = cmp.Or(o.MaxStreams, 64)
	o.MaxRequests = cmp.Or(o.MaxRequests, 64)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	return o
}

// page is what the handlers share.
type page struct {
	fake      *dingtalktest.Server
	options   Options
	languages []*language // as languageMatcher has them
	markdown  *markdownRenderer

	mu       sync.Mutex
	replaced map[string]dingtalktest.Options // what a switch that is on has replaced, by its name
}

func newPage(fake *dingtalktest.Server, o Options) *page {
	return &page{
		fake:      fake,
		options:   o.withDefaults(),
		languages: []*language{newLanguage("en"), newLanguage("zh")},
		markdown:  newMarkdownRenderer(),
		replaced:  map[string]dingtalktest.Options{},
	}
}

// Handler serves the page at "/", its events at "/events" and the API at "/api/v1". Nil options are fine.
func Handler(fake *dingtalktest.Server, o *Options) http.Handler {
	if o == nil {
		o = &Options{}
	}
	p := newPage(fake, *o)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("GET /requests/{cursor}", p.request)
	for _, asset := range []string{"page.css", "page.js", "favicon.svg", "picture.svg"} {
		mux.HandleFunc("GET /"+asset, serveAsset)
	}
	p.addAPI(mux)
	all := http.NewServeMux()
	all.HandleFunc("GET /events", limit(p.options.MaxStreams, p.events))
	all.HandleFunc("/", limit(p.options.MaxRequests, mux.ServeHTTP))
	return guard(all, p.options.Hosts)
}

// limit serves n requests at once and refuses others.
func limit(n int, next http.HandlerFunc) http.HandlerFunc {
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

// serveAsset serves an embedded file. Embedded files have no date to cache by.
func serveAsset(w http.ResponseWriter, req *http.Request) {
	http.ServeFileFS(w, req, web, "web"+req.URL.Path)
}

// index serves the page. Events bring later entries.
func (p *page) index(w http.ResponseWriter, req *http.Request) {
	lang := p.languageOf(w, req)
	last, newest := p.newest()
	robot, webhook, example := p.settings(), "http://"+req.Host+"/robot/send", ""
	if p.options.Example != nil {
		example = p.options.Example(&robot, webhook)
	}
	respond(w, lang, "page", struct {
		Entries  iter.Seq[entry] // made while they are written: together they may be long
		Newest   preview
		Cursor   string
		Controls controls
		Robot    dingtalktest.Options
		Webhook  string
		Example  string
	}{(&reader{page: p, lang: lang}).upTo(last), newest, formatCursor(last), p.controls(), robot, webhook, example})
}

// newest returns the cursor of the last request and the preview of the newest message.
func (p *page) newest() (last dingtalktest.Cursor, newest preview) {
	for _, q := range p.fake.Requests() {
		last = q.Cursor()
		if q.Message != nil {
			newest = entry{Request: q}.Preview()
		}
	}
	return last, newest
}

// request serves the details of one request.
func (p *page) request(w http.ResponseWriter, req *http.Request) {
	q, err := p.find(req.PathValue("cursor"))
	if err != nil {
		http.NotFound(w, req)
		return
	}
	lang := p.languageOf(w, req)
	respond(w, lang, "request", entry{Request: q, markdown: p.markdown, lang: lang})
}

func respond(w http.ResponseWriter, lang *language, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	lang.render(w, name, data)
}

// render executes a template. It ignores write errors, because a visitor who has left needs no page.
func (l *language) render(w io.Writer, name string, data any) {
	err := l.views.ExecuteTemplate(w, name, data)
	var failed texttemplate.ExecError
	var unsafe *template.Error
	if errors.As(err, &failed) || errors.As(err, &unsafe) {
		panic(err) // templates and data are both ours
	}
}

// csp lets the page load its own style, script and icons and connect to its own server, and nothing else. It holds even for markup
// that the sanitizer let through.
const csp = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxInput is more than the API needs, in bytes.
const maxInput = 16 << 10

// guard sets the security headers on every response. It refuses foreign host names and cross-origin changes. A program that
// sends neither Sec-Fetch-Site nor Origin is no browser and may pass.
func guard(next http.Handler, hosts []string) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		h.Set("Cache-Control", "no-store") // messages belong in no cache
		if !servedAs(req, hosts) {
			http.Error(w, "This page is not served under that host name. Use localhost, an IP address of this machine, or the host given with --addr.",
				http.StatusMisdirectedRequest)
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, maxInput)
		next.ServeHTTP(w, req)
	})
}

// servedAs reports whether the page may respond to the request's Host. Against DNS rebinding, a name must be localhost or one
// of hosts, and an IP address loopback, one of hosts, or the one that the client connected to. The port may be forwarded, so
// it is ignored.
func servedAs(req *http.Request, hosts []string) bool {
	host := strings.ToLower((&url.URL{Host: req.Host}).Hostname())
	isHost := func(h string) bool { return host != "" && strings.EqualFold(h, host) }
	if host == "localhost" || slices.ContainsFunc(hosts, isHost) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.WithZone("").Unmap()
	local, ok := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ip.IsLoopback() || ok && ip == local.AddrPort().Addr().WithZone("").Unmap()
}
