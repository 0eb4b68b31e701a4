package webui

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// What the robot demands while it is in a mood. No sender knows either.
const (
	otherSecret  = "SEC-which-the-page-has-made-up"
	otherKeyword = "a keyword that no message has"
)

// mood is how the robot answers at the moment, as far as the switches show it.
type mood struct {
	WrongSecret, NoKeyword, OnePerMinute bool

	Texts dingtalktest.Wording
	Ahead time.Duration // of the real clock
}

func (p *page) mood() mood {
	o := p.robot.Options()
	return mood{
		WrongSecret:  o.Secret == otherSecret,
		NoKeyword:    slices.Equal(o.Keywords, []string{otherKeyword}),
		OnePerMinute: o.PerMinute == 1,
		Texts:        o.Wording,
		Ahead:        p.clock.ahead(),
	}
}

// Generations are the choices of a form, newest first.
func (mood) Generations() []dingtalktest.Wording {
	return []dingtalktest.Wording{dingtalktest.Wording2023, dingtalktest.Wording2022, dingtalktest.WordingLegacy}
}

// Faults are the other choices.
func (mood) Faults() []fault { return faults() }

// addSwitches mounts every way to change the mood.
func (p *page) addSwitches(mux *http.ServeMux) {
	for name, turn := range map[string]func(*http.Request) error{
		"secret":  p.onOff(func(o *dingtalktest.Options) { o.Secret = otherSecret }, func(o *dingtalktest.Options) { o.Secret = p.base.Secret }),
		"keyword": p.onOff(func(o *dingtalktest.Options) { o.Keywords = []string{otherKeyword} }, func(o *dingtalktest.Options) { o.Keywords = p.base.Keywords }),
		"rate":    p.onOff(func(o *dingtalktest.Options) { o.PerMinute = 1 }, func(o *dingtalktest.Options) { o.PerMinute = p.base.PerMinute }),
		"texts":   p.word,
		"fault":   p.script,
		"advance": p.advance,
		"clear":   p.clear,
	} {
		mux.HandleFunc("POST /mood/"+name, answer(turn))
	}
}

// answer sends a visitor without the script back to the page; the address is relative, for the page may be mounted anywhere.
func answer(turn func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		err := req.ParseForm()
		if err == nil {
			err = turn(req)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", "../#mood")
		w.WriteHeader(http.StatusSeeOther)
	}
}

func (p *page) onOff(on, off func(*dingtalktest.Options)) func(*http.Request) error {
	return func(req *http.Request) error {
		switch value := req.PostFormValue("on"); value {
		case "true":
			p.robot.SetOptions(on)
		case "false":
			p.robot.SetOptions(off)
		default:
			return fmt.Errorf("on is %q: want true or false", value)
		}
		return nil
	}
}

func (p *page) word(req *http.Request) error {
	var g dingtalktest.Wording
	if err := g.UnmarshalText([]byte(req.PostFormValue("generation"))); err != nil {
		return err
	}
	p.robot.SetOptions(func(o *dingtalktest.Options) { o.Wording = g })
	return nil
}

// mostTimes bounds how many faults one form can queue.
const mostTimes = 100

func (p *page) script(req *http.Request) error {
	name := req.PostFormValue("name")
	f, ok := dingtalktest.FaultByName(name)
	if !ok {
		return fmt.Errorf("name is %q: want one of %q", name, dingtalktest.FaultNames())
	}
	times := 1
	if value := req.PostFormValue("times"); value != "" {
		var err error
		if times, err = strconv.Atoi(value); err != nil || times < 1 || times > mostTimes {
			return fmt.Errorf("times is %q: want 1 to %d", value, mostTimes)
		}
	}
	p.robot.InjectFaults(slices.Repeat([]dingtalktest.Fault{f}, times)...)
	return nil
}

func (p *page) advance(req *http.Request) error {
	by, err := time.ParseDuration(req.PostFormValue("by"))
	if err != nil {
		return fmt.Errorf("by is %q: want a duration such as 10m", req.PostFormValue("by"))
	}
	return p.clock.advance(by)
}

func (p *page) clear(*http.Request) error {
	p.robot.Reset()
	return nil
}

// fault is one that can be queued with a switch.
type fault struct{ Name, About string }

// faults are all that the robot knows, in its order. A test demands words for each.
func faults() (list []fault) {
	about := map[string]string{
		"busy":             "errcode -1, nothing posted",
		"error":            "errcode 500100, nothing posted",
		"gateway":          "502 with an HTML page",
		"punish":           "address blocked: status 1111",
		"empty":            "200 without a body",
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

// farthest is how far the page lets the robot's clock run ahead.
const farthest = 24 * time.Hour

// clock remembers how far the page has advanced the robot's clock, so that it can be set back: beyond an hour, no sender's
// signature would be young enough any more.
type clock struct {
	robot *dingtalktest.Server
	mu    sync.Mutex
	sum   time.Duration
}

func (c *clock) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum
}

func (c *clock) advance(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by > farthest-c.sum || by < -c.sum {
		return errors.New("the robot's clock can be up to a day ahead, and not behind")
	}
	c.sum += by
	c.robot.AdvanceClock(by)
	return nil
}
