package dingtalktest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

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
