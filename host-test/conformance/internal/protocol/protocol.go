// Package protocol is what conformance and its drivers say to each other: lines
// of JSON over standard input and output. The drivers in other languages speak
// the same without this package.
//
// A driver is started with the plugin's file, says its Version, and then gives
// one Answer for each Order until its input ends.
package protocol

import (
	"encoding/json"
	"os"
)

// An Order is one call of the plugin.
type Order struct {
	Fresh  *Settings `json:"fresh,omitempty"` // load a new instance first, with these
	Export string    `json:"export"`
	Input  string    `json:"input"`
}

// Settings are what a runner gives an instance.
type Settings struct {
	Config       map[string]string `json:"config"`
	AllowedHosts []string          `json:"allowedHosts"`
	MaxPages     int               `json:"maxPages,omitempty"` // of memory, 64 KiB each; 0 is no limit
}

// An Answer is what came of an Order.
type Answer struct {
	Version string `json:"version,omitempty"` // of SDK and engine, in the first answer alone
	Output  string `json:"output,omitempty"`
	Error   string `json:"error,omitempty"` // as the embedding program gets it
	Log     string `json:"log,omitempty"`   // of the SDK at level info, since the last answer
	Load    int64  `json:"load,omitempty"`  // duration in microseconds
	Call    int64  `json:"call,omitempty"`  // duration in microseconds
}

// Serve is a driver's loop, for drivers in Go. It ends with the input.
func Serve(version string, run func(*Order, *Answer) error) {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	_ = out.Encode(Answer{Version: version}) // who does not listen closes the input, too
	for {
		var order Order
		if in.Decode(&order) != nil {
			return
		}
		var answer Answer
		if err := run(&order, &answer); err != nil {
			answer.Error = err.Error()
		}
		_ = out.Encode(answer)
	}
}
