package dingtalktest

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with one POST. The zero value changes nothing. A fault that gives an answer of its own
// stands for a gateway in front of the robot: the message is not looked at, unless Accept is set.
type Fault struct {
	Status      int    // HTTP status; 0 is 200
	Body        string // the answer verbatim; empty with a Status and no Code is an empty answer
	ContentType string // "" is application/json

	Code int    // the errcode of the answer
	Text string // its errmsg; "" is the robot's own for Code

	Delay  time.Duration // how long the robot waits before it handles the message, in real time; a sender who leaves ends it
	Accept bool          // the message is handled first, and stored when it passes; then the fault's answer is given
	Drop   Drop          // whether the connection is closed without an answer
	Cut    int           // when positive: the answer ends after so many bytes, fewer than its Content-Length
}

// Drop says when a connection is closed instead of answered.
type Drop int

// The moments of a Drop.
const (
	NoDrop     Drop = iota
	DropBefore      // before the message is looked at
	DropAfter       // after it was stored
)

// reaches tells whether the message gets as far as the robot's checks.
func (f Fault) reaches() bool {
	switch f.Drop {
	case DropBefore:
		return false
	case DropAfter:
		return true
	}
	return f.Accept || !f.worded() && f.Body == "" && f.Status == 0
}

func (f Fault) worded() bool { return f.Code != 0 || f.Text != "" }

// answer makes the answer that is sent: the fault's own or, where it has none, the one that the robot gave.
func (f Fault) answer(v *visit) reply {
	r := reply{status: http.StatusOK, contentType: "application/json", cut: f.Cut}
	if f.Status != 0 {
		r.status = f.Status
	}
	if f.ContentType != "" {
		r.contentType = f.ContentType
	}
	switch {
	case f.Body != "" || f.Status != 0 && !f.worded():
		v.interrupt("an answer that is not the robot's")
		r.body = []byte(f.Body)
		return r
	case f.worded():
		v.interrupt("a scripted error")
		v.seen.Code, v.seen.Text = f.Code, f.text(v.opts.Wording)
	}
	r.body = envelope(v.seen.Code, v.seen.Text, v.opts.StringCodes)
	return r
}

// nextFault takes the next fault from the script. Probes with GET do not use one up.
func (r *Server) nextFault(method string) (f Fault) {
	if method != http.MethodPost {
		return f
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.script) > 0 {
		f, r.script = r.script[0], r.script[1:]
	}
	return f
}

// pause waits, but not longer than the sender does. The message is handled all the same: a robot that has received a message
// does not know that nobody waits for its answer.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// namedFault is a fault that a command line or a page can ask for.
type namedFault struct {
	name  string
	fault Fault
}

const gatewayPage = `<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>tengine</center></body>
</html>
`

// punished is the answer to an address that has called more than 10000 times in 20 seconds, see
// https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server. guess: its status 200.
const punished = `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"00000000000000000000000000000000"}`

// namedFaults are in the order in which a page lists them.
func namedFaults() []namedFault {
	const html = "text/html; charset=utf-8"
	gateway := Fault{Status: http.StatusBadGateway, ContentType: html, Body: gatewayPage}
	busy := Fault{Code: -1}
	return []namedFault{
		{"busy", busy},
		{"error", Fault{Code: 500100}},
		{"gateway", gateway},
		{"punish", Fault{Body: punished}},
		{"empty", Fault{Status: http.StatusOK}},
		{"cut", Fault{Cut: 12}},
		{"html", Fault{ContentType: html, Body: "<!DOCTYPE html>\n<html><body>please log in</body></html>\n"}},
		{"binary", Fault{ContentType: "application/octet-stream", Body: "\x00\xff\xfe\x80\x1b[2J\x00\xc3("}},
		{"megabyte", Fault{Body: megabyte()}},
		{"nocode", Fault{Body: "{}"}},
		{"drop-before", Fault{Drop: DropBefore}},
		{"drop-after", Fault{Drop: DropAfter}},
		{"accept-then-busy", busy.accepting()},
		{"accept-then-502", gateway.accepting()},
		{"slow", Fault{Delay: 2 * time.Second}},
	}
}

func (f Fault) accepting() Fault {
	f.Accept = true
	return f
}

// megabyte is an answer of 1 MiB that would be a success, if it ever ended. It is made once, however often it is queued.
var megabyte = sync.OnceValue(func() string {
	const start = `{"errcode":0,"errmsg":"ok`
	return start + strings.Repeat(".", 1<<20-len(start))
})

// FaultByName returns the fault of that name.
func FaultByName(name string) (Fault, bool) {
	for _, n := range namedFaults() {
		if n.name == name {
			return n.fault, true
		}
	}
	return Fault{}, false
}

// FaultNames lists the names that Named knows, in a fixed order.
func FaultNames() (names []string) {
	for _, n := range namedFaults() {
		names = append(names, n.name)
	}
	return names
}

// text is the errmsg of a scripted error: its own, or the literal that is known for its code.
func (f Fault) text(g Wording) string {
	if f.Text != "" {
		return f.Text
	}
	for _, s := range known() {
		if s.code == f.Code {
			return s.text(g, "")
		}
	}
	return "unknown error"
}

// known are the sayings that a fault can be given by its code alone. Of several with one code the likeliest comes first.
func known() []saying {
	return []saying{
		always(-1, "系统繁忙"),
		// https://github.com/jeessy2/ddns-go/issues/1048
		always(500100, "description:系统异常，请稍后再试;"),
		tooFast, tooFastNew, noKeyword, unknownToken, noJSON, needPost, badContentType, removed, disabled, dissolved,
		badMsgType, tooLong, unsafeLink,
		// Conditions that the robot itself never finds, from the same page and its global list of codes.
		always(300001, "token is not exist"),
		always(400101, "access_token不存在"),
		always(430102, "含有不合适的文本"),
		always(430103, "含有不合适的图片"),
		always(430104, "含有不合适的内容"),
		always(40014, "不合法的access_token"),
		always(45009, "接口调用超过限制"),
		always(88, "鉴权异常"),
	}
}
