package webui

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"iter"
	"net/http"
	texttemplate "text/template"

	"dingtalk-plugin/host-test/dingtalktest"
)

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
