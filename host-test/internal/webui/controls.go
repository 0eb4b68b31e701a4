package webui

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// No sender knows these.
const (
	otherSecret  = "SEC-which-the-page-has-made-up"
	otherKeyword = "a keyword that no message has"
)

// controls is the state of the controls.
type controls struct {
	WrongSecret, NoKeyword, OnePerMinute bool

	Texts dingtalktest.Wording
	Ahead time.Duration // of the real clock
}

func (p *page) controls() controls {
	o := p.fake.Options()
	p.mu.Lock()
	defer p.mu.Unlock()
	return controls{
		WrongSecret:  o.Secret == otherSecret,
		NoKeyword:    slices.Equal(o.Keywords, []string{otherKeyword}),
		OnePerMinute: o.PerMinute == 1,
		Texts:        o.Wording,
		Ahead:        p.ahead,
	}
}

// Generations are the wordings of errors, newest first.
func (controls) Generations() []dingtalktest.Wording {
	return []dingtalktest.Wording{dingtalktest.Wording2023, dingtalktest.Wording2022, dingtalktest.WordingLegacy}
}

// fault is one that can be injected.
type fault struct{ Name, About string }

// Faults are those of dingtalktest, in its order. A test requires an About for each.
func (controls) Faults() (list []fault) {
	about := map[string]string{
		"busy":             "errcode -1, nothing posted",
		"error":            "errcode 500100, nothing posted",
		"gateway":          "502 with an HTML page",
		"punish":           "address blocked: status 1111",
		"empty":            "200 without a body",
		"redirect":         "302, as if locked",
		"cut":              "the answer ends early",
		"html":             "200 with a login page",
		"binary":           "bytes that are no text",
		"megabyte":         "an answer of 1 MiB",
		"nocode":           "{} without errcode",
		"drop-before":      "closed, nothing posted",
		"drop-after":       "posted, then closed",
		"accept-then-busy": "posted, then errcode -1",
		"accept-then-502":  "posted, then 502",
		"slow":             "answers after 2 seconds",
	}
	for _, name := range dingtalktest.FaultNames() {
		list = append(list, fault{name, about[name]})
	}
	return list
}

func (p *page) addControls(mux *http.ServeMux) {
	for name, change := range map[string]func(*http.Request) error{
		"secret":  p.toggle(func(o *dingtalktest.Options) { o.Secret = otherSecret }, func(o *dingtalktest.Options) { o.Secret = p.initial.Secret }),
		"keyword": p.toggle(func(o *dingtalktest.Options) { o.Keywords = []string{otherKeyword} }, func(o *dingtalktest.Options) { o.Keywords = p.initial.Keywords }),
		"rate":    p.toggle(func(o *dingtalktest.Options) { o.PerMinute = 1 }, func(o *dingtalktest.Options) { o.PerMinute = p.initial.PerMinute }),
		"texts":   p.setWording,
		"fault":   p.injectFault,
		"advance": p.advance,
		"clear":   func(*http.Request) error { p.fake.Reset(); return nil },
	} {
		mux.HandleFunc("POST /controls/"+name, formHandler(change))
	}
}

// formHandler sends a visitor without the script back to the page. The address is relative, because the page may be mounted
// anywhere.
func formHandler(change func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		err := req.ParseForm()
		if err == nil {
			err = change(req)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", "../#controls")
		w.WriteHeader(http.StatusSeeOther)
	}
}

func (p *page) toggle(on, off func(*dingtalktest.Options)) func(*http.Request) error {
	return func(req *http.Request) error {
		switch value := req.PostFormValue("on"); value {
		case "true":
			p.fake.SetOptions(on)
		case "false":
			p.fake.SetOptions(off)
		default:
			return fmt.Errorf("on is %q: set true or false", value)
		}
		return nil
	}
}

func (p *page) setWording(req *http.Request) error {
	var g dingtalktest.Wording
	if err := g.UnmarshalText([]byte(req.PostFormValue("generation"))); err != nil {
		return err
	}
	p.fake.SetOptions(func(o *dingtalktest.Options) { o.Wording = g })
	return nil
}

// maxTimes bounds how many faults one form can inject.
const maxTimes = 100

func (p *page) injectFault(req *http.Request) error {
	name := req.PostFormValue("name")
	f, ok := dingtalktest.FaultByName(name)
	if !ok {
		return fmt.Errorf("name is %q: set one of %q", name, dingtalktest.FaultNames())
	}
	times := 1
	if value := req.PostFormValue("times"); value != "" {
		var err error
		if times, err = strconv.Atoi(value); err != nil || times < 1 || times > maxTimes {
			return fmt.Errorf("times is %q: set 1 to %d", value, maxTimes)
		}
	}
	p.fake.InjectFaults(slices.Repeat([]dingtalktest.Fault{f}, times)...)
	return nil
}

// maxAdvance is how far the page lets the robot's clock run ahead.
const maxAdvance = 24 * time.Hour

// advance remembers the sum, so that the clock can be set back: more than an hour ahead, the robot rejects every signature as
// too old.
func (p *page) advance(req *http.Request) error {
	by, err := time.ParseDuration(req.PostFormValue("by"))
	if err != nil {
		return fmt.Errorf("by is %q: set a duration such as 10m", req.PostFormValue("by"))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if by > maxAdvance-p.ahead || by < -p.ahead {
		return errors.New("the robot's clock can be up to a day ahead, and not behind")
	}
	p.ahead += by
	p.fake.AdvanceClock(by)
	return nil
}
