// Package protocol defines how conformance and its drivers communicate: by lines of
// JSON over standard input and output. Drivers in other languages implement it
// themselves.
//
// A driver is started with the plugin's file, sends its Version, and then one
// Response for each Request until its input ends.
package protocol

import (
	"encoding/json"
	"os"
)

// A Request is one call of the plugin.
type Request struct {
	Load   *Load  `json:"load,omitempty"` // load a new instance first, with these
	Now    int64  `json:"now,omitempty"`  // what the plugin's clock shows, in Unix nanoseconds, where it is settable
	Export string `json:"export"`
	Input  string `json:"input"`
}

// Load is the configuration of an instance.
type Load struct {
	Config       map[string]string `json:"config"`
	AllowedHosts []string          `json:"allowedHosts"`
	MaxPages     uint32            `json:"maxPages,omitempty"` // of memory, 64 KiB each; 0 is no limit
	Clock        Clock             `json:"clock,omitempty"`
}

// A Clock is the clock of an instance. All but RealClock need a driver whose clock is
// settable.
type Clock string

// The clocks.
const (
	RealClock    Clock = ""
	RequestClock Clock = "request" // the Now of each Request
	DefaultClock Clock = "default" // the default of the SDK
)

// A Response is the result of a Request.
type Response struct {
	Version    string `json:"version,omitempty"` // of SDK and engine, in the first response alone
	Output     string `json:"output,omitempty"`
	Error      string `json:"error,omitempty"` // as the embedding program gets it
	Log        string `json:"log,omitempty"`   // of the SDK at level info, since the last response
	LoadMicros int64  `json:"loadMicros,omitempty"`
	CallMicros int64  `json:"callMicros,omitempty"`
}

// Serve is a driver's loop, for drivers in Go. It ends with the input.
func Serve(version string, run func(*Request, *Response) error) {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	_ = out.Encode(Response{Version: version}) // a parent that is gone closes the input, too
	for {
		var request Request
		if in.Decode(&request) != nil {
			return
		}
		var response Response
		if err := run(&request, &response); err != nil {
			response.Error = err.Error()
		}
		_ = out.Encode(response)
	}
}
