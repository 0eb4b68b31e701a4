package webui

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// addAPI serves what the package documentation lists.
func (p *page) addAPI(mux *http.ServeMux) {
	for pattern, serve := range map[string]func(*http.Request) (any, error){
		"GET /messages":         p.listMessages,
		"GET /requests":         p.listRequests,
		"DELETE /requests":      p.clear,
		"GET /requests/{id}":    p.getRequest,
		"DELETE /requests/{id}": p.removeRequest,
		"GET /robot":            p.getRobot,
		"PATCH /robot":          p.patchRobot,
		"GET /switches":         p.getSwitches,
		"PATCH /switches":       p.patchSwitches,
		"GET /faults":           p.getFaults,
		"POST /faults":          p.injectFault,
		"DELETE /faults":        p.clearFaults,
		"DELETE /faults/{id}":   p.removeFault,
		"GET /clock":            p.getClock,
		"PUT /clock":            p.setClock,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /api/v1"+path, serveJSON(serve))
	}
}

var errNotFound = errors.New("there is nothing of that id: it was removed, used up or forgotten")

// serveJSON writes what serve returns: 204 for nil, an array for a list, and {"error": …} with 404 or 400 for an error.
func serveJSON(serve func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		enc := json.NewEncoder(w) // its errors only report that the client has left
		answer, err := serve(req)
		if errors.Is(err, errNotFound) {
			w.WriteHeader(http.StatusNotFound)
		} else if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		switch answer := answer.(type) {
		case nil:
			w.WriteHeader(http.StatusNoContent)
		case list:
			writeList(w, enc, answer)
		default:
			_ = enc.Encode(answer)
		}
	}
}

// list is encoded item by item: together they may be long.
type list iter.Seq[any]

func writeList(w http.ResponseWriter, enc *json.Encoder, items list) {
	before := "["
	for item := range items {
		if _, err := w.Write([]byte(before)); err != nil || enc.Encode(item) != nil {
			return
		}
		before = ","
	}
	_, _ = w.Write([]byte(strings.TrimSuffix(before, ",") + "]\n"))
}

// readJSON reads the body of a request. It names what it does not know.
func readJSON(body io.Reader, into any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("the body must be the JSON that this address takes: %w", err)
	}
	return nil
}

// requestJSON is a request in the API.
type requestJSON struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	dingtalktest.Request
	Body string `json:"body"` // instead of the Request's, which is in Base64
}

func newRequestJSON(e entry) any {
	return requestJSON{e.CursorID(), e.Kind(), e.Request, string(e.Body)}
}

// messageJSON is an accepted message, with the id of its request.
type messageJSON struct {
	ID string `json:"id"`
	*dingtalktest.Message
}

func (p *page) listRequests(req *http.Request) (any, error) { return p.list(req, newRequestJSON) }

func (p *page) listMessages(req *http.Request) (any, error) {
	return p.list(req, func(e entry) any {
		if e.Message == nil {
			return nil
		}
		return messageJSON{e.CursorID(), e.Message}
	})
}

// list returns what convert makes of the requests that the query asks for: all parameters are optional.
func (p *page) list(req *http.Request, convert func(entry) any) (any, error) {
	query := req.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "1000000"))
	if err != nil || limit < 0 {
		return nil, fmt.Errorf("limit is %q: set a number", query.Get("limit"))
	}
	r, found := p.readAfter(parseCursor(query.Get("after")), p.languages[0])
	if !found {
		return nil, errNotFound
	}
	last, _ := p.newest()
	return list(func(yield func(any) bool) {
		for e := range r.upTo(last) {
			if !e.matches(query.Get("q"), query.Get("kind"), query.Get("mention")) {
				continue
			}
			item := convert(e)
			if item == nil {
				continue
			}
			if limit--; limit < 0 || !yield(item) {
				return
			}
		}
	}), nil
}

// matches reports whether an entry has a text anywhere, is of a kind or message type, and notifies somebody.
func (e entry) matches(text, kind, who string) bool {
	message := cmp.Or(e.Message, &dingtalktest.Message{})
	switch {
	case kind != "" && kind != e.Kind() && kind != message.MsgType:
	case who != "" && !slices.Contains(message.Mentions, who):
	default:
		return strings.Contains(strings.ToLower(e.Text+" "+e.Explanation+" "+e.Decoded()), strings.ToLower(text))
	}
	return false
}

func (p *page) find(id string) (dingtalktest.Request, error) {
	for _, q := range p.fake.Requests() {
		if formatCursor(q.Cursor()) == id {
			return q, nil
		}
	}
	return dingtalktest.Request{}, errNotFound
}

func (p *page) getRequest(req *http.Request) (any, error) {
	q, err := p.find(req.PathValue("id"))
	return newRequestJSON(entry{Request: q}), err
}

func (p *page) removeRequest(req *http.Request) (any, error) {
	if !p.fake.RemoveRequest(parseCursor(req.PathValue("id"))) {
		return nil, errNotFound
	}
	return nil, nil
}

func (p *page) clear(req *http.Request) (any, error) {
	if req.FormValue("faults") == "true" {
		p.fake.ClearFaults()
	}
	p.fake.Reset()
	return nil, nil
}

// settings are the robot's options, without credentials that the page must not show.
func (p *page) settings() dingtalktest.Options {
	o := p.fake.Options()
	o.Token, o.PerMinute = cmp.Or(o.Token, dingtalktest.DefaultToken), cmp.Or(o.PerMinute, 20)
	if p.options.Example == nil {
		o.Token, o.Secret = "", ""
	}
	return o
}

func (p *page) getRobot(*http.Request) (any, error) { return p.settings(), nil }

// patchRobot changes the options that the body has.
func (p *page) patchRobot(req *http.Request) (any, error) {
	body, err := io.ReadAll(req.Body)
	if err = cmp.Or(err, readJSON(bytes.NewReader(body), &dingtalktest.Options{})); err != nil {
		return nil, err
	}
	p.fake.SetOptions(func(o *dingtalktest.Options) { err = json.Unmarshal(body, o) })
	return p.settings(), err
}

// broken has a setting for each switch that no sender expects.
var broken = dingtalktest.Options{
	Token:     "a-token-which-the-page-has-made-up",
	Secret:    "SEC-which-the-page-has-made-up",
	Keywords:  []string{"a keyword that no message has"},
	AllowIPs:  []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // nobody's, see RFC 5737
	PerMinute: 1,
	Disabled:  true,
	Removed:   true,
}

// toggle is a switch that breaks one option.
type toggle struct {
	Name, Title, About string

	copy func(to, from *dingtalktest.Options)
}

var toggles = []toggle{
	{"token", "Wrong token", "The robot knows another: errcode 300005", func(to, from *dingtalktest.Options) { to.Token = from.Token }},
	{"secret", "Wrong secret", "No signature matches: errcode 310000", func(to, from *dingtalktest.Options) { to.Secret = from.Secret }},
	{"keyword", "Missing keyword", "It requires one that no message has: errcode 310000", func(to, from *dingtalktest.Options) { to.Keywords = from.Keywords }},
	{"ip", "IP list", "The sender is not on it: errcode 310000", func(to, from *dingtalktest.Options) { to.AllowIPs = from.AllowIPs }},
	{"disabled", "Disabled robot", "By an administrator: errcode 400102", func(to, from *dingtalktest.Options) { to.Disabled = from.Disabled }},
	{"removed", "Removed robot", "It is no longer in the group: errcode 400106", func(to, from *dingtalktest.Options) { to.Removed = from.Removed }},
	{"rate", "Rate lock", "A second message within a minute locks it for ten", func(to, from *dingtalktest.Options) { to.PerMinute = from.PerMinute }},
}

func (t toggle) isOn(o dingtalktest.Options) bool {
	var now, then dingtalktest.Options
	t.copy(&now, &o)
	t.copy(&then, &broken)
	return reflect.DeepEqual(now, then)
}

// set breaks the option or restores what it was.
func (p *page) set(t toggle, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fake.SetOptions(func(o *dingtalktest.Options) {
		switch was := t.isOn(*o); {
		case on && !was:
			p.replaced[t.Name] = *o
			t.copy(o, &broken)
		case !on && was:
			before := p.replaced[t.Name] // if it was so from the beginning, the zero Options
			t.copy(o, &before)
		}
	})
}

// switches tells which are on.
func (p *page) switches() map[string]bool {
	on, o := map[string]bool{}, p.fake.Options()
	for _, t := range toggles {
		on[t.Name] = t.isOn(o)
	}
	return on
}

func (p *page) getSwitches(*http.Request) (any, error) { return p.switches(), nil }

func (p *page) patchSwitches(req *http.Request) (any, error) {
	var on map[string]bool
	if err := readJSON(req.Body, &on); err != nil {
		return nil, err
	}
	for name := range on {
		if !slices.ContainsFunc(toggles, func(t toggle) bool { return t.Name == name }) {
			return nil, fmt.Errorf("there is no switch %q", name)
		}
	}
	for _, t := range toggles {
		if value, given := on[t.Name]; given {
			p.set(t, value)
		}
	}
	return p.switches(), nil
}

func (p *page) getFaults(*http.Request) (any, error) {
	queue := append([]dingtalktest.QueuedFault{}, p.fake.Faults()...) // not nil, which JSON calls null
	return map[string]any{"queue": queue, "known": dingtalktest.FaultNames()}, nil
}

// maxTimes bounds how many faults one request can inject.
const maxTimes = 100

func (p *page) injectFault(req *http.Request) (any, error) {
	body := struct {
		Name  string `json:"name"`
		Times int    `json:"times"`
	}{Times: 1}
	if err := readJSON(req.Body, &body); err != nil {
		return nil, err
	}
	f, ok := dingtalktest.FaultByName(body.Name)
	switch {
	case !ok:
		return nil, fmt.Errorf("name is %q: set one of %q", body.Name, dingtalktest.FaultNames())
	case body.Times < 1 || body.Times > maxTimes:
		return nil, fmt.Errorf("times is %d: set 1 to %d", body.Times, maxTimes)
	}
	p.fake.InjectFaults(slices.Repeat([]dingtalktest.Fault{f}, body.Times)...)
	return p.getFaults(req)
}

func (p *page) clearFaults(*http.Request) (any, error) {
	p.fake.ClearFaults()
	return nil, nil
}

func (p *page) removeFault(req *http.Request) (any, error) {
	if id, err := strconv.Atoi(req.PathValue("id")); err != nil || !p.fake.RemoveFault(id) {
		return nil, errNotFound
	}
	return nil, nil
}

func (p *page) getClock(*http.Request) (any, error) {
	ahead, now := p.fake.ClockOffset(), p.fake.Options().Now
	if now == nil {
		now = time.Now
	}
	return map[string]any{"ahead": ahead.String(), "now": now().Add(ahead)}, nil
}

// maxAhead is how far the robot's clock can be set from the real one.
const maxAhead = 24 * time.Hour

func (p *page) setClock(req *http.Request) (any, error) {
	var body struct {
		Ahead string `json:"ahead"`
	}
	if err := readJSON(req.Body, &body); err != nil {
		return nil, err
	}
	ahead, err := time.ParseDuration(body.Ahead)
	if err != nil || ahead < -maxAhead || ahead > maxAhead {
		return nil, fmt.Errorf("ahead is %q: set a duration of at most a day, such as 10m or -2h", body.Ahead)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fake.AdvanceClock(ahead - p.fake.ClockOffset())
	return p.getClock(req)
}

// controls is what the panel with the controls shows.
type controls struct {
	On    map[string]bool // the switches
	Texts dingtalktest.Wording
	Ahead time.Duration // of the real clock
	Queue []dingtalktest.QueuedFault
}

func (p *page) controls() controls {
	return controls{p.switches(), p.fake.Options().Wording, p.fake.ClockOffset(), p.fake.Faults()}
}

// Later is how far ahead the clock is some minutes later.
func (c controls) Later(minutes time.Duration) time.Duration { return c.Ahead + minutes*time.Minute }
