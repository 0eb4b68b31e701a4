package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"dingtalk-plugin/host-test/robot"
)

//go:embed web
var web embed.FS

// page is what the handlers share.
type page struct {
	robot   *robot.Robot
	base    robot.Options // the settings to which a switch that is turned off returns
	clock   clock
	views   *template.Template
	painter *painter
}

// Handler serves the page at "/", its events at "/events" and its switches at "/mood/...".
func Handler(r *robot.Robot) http.Handler {
	p := &page{
		robot:   r,
		base:    r.Options(),
		clock:   clock{robot: r},
		views:   template.Must(template.ParseFS(web, "web/*.html")),
		painter: newPainter(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("GET /requests/{mark}", p.request)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /page.css", asset)
	mux.HandleFunc("GET /page.js", asset)
	p.addSwitches(mux)
	return guard(mux)
}

// asset serves an embedded file. It has no date to be cached by, so the browser asks again; it is small.
func asset(w http.ResponseWriter, req *http.Request) {
	http.ServeFileFS(w, req, web, "web"+req.URL.Path)
}

// index draws the whole page. What arrives after it, the events bring.
func (p *page) index(w http.ResponseWriter, _ *http.Request) {
	requests := p.robot.Requests()
	view := struct {
		Entries []entry
		Newest  preview // of the newest message, for the list of conversations
		Mark    mark
		Mood    mood
	}{Entries: p.entries(requests), Mark: newestMark(requests), Mood: p.mood()}
	for _, e := range view.Entries {
		if e.Message != nil {
			view.Newest = e.Preview()
		}
	}
	p.answer(w, "page", view)
}

// request draws what is behind one entry.
func (p *page) request(w http.ResponseWriter, req *http.Request) {
	for _, e := range p.entries(p.robot.Requests()) {
		if string(e.Mark()) == req.PathValue("mark") {
			p.answer(w, "request", e)
			return
		}
	}
	http.NotFound(w, req)
}

func (p *page) answer(w http.ResponseWriter, name string, data any) {
	body := p.draw(name, data)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body) // a visitor who has left needs no page
}

// draw executes one template.
func (p *page) draw(name string, data any) []byte {
	var out bytes.Buffer
	if err := p.views.ExecuteTemplate(&out, name, data); err != nil {
		panic(err) // the templates and their data are both ours
	}
	return out.Bytes()
}
