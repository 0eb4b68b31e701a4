package dingtalktest

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// DefaultToken is the access token of a robot whose Options have none. A real token is 64 hexadecimal digits.
const DefaultToken = "fake-access-token-0000000000000000"

// Options configure a robot. The zero value, like a nil pointer, is a robot without security settings that accepts
// DefaultToken and answers in today's wording. As JSON they are what the API of the page reads and writes.
type Options struct {
	Token    string         `json:"token"`    // the robot's access token; "" is DefaultToken
	Secret   string         `json:"secret"`   // the signing secret; "" disables signatures
	Keywords []string       `json:"keywords"` // a message must contain one of them, if there are any
	AllowIPs []netip.Prefix `json:"allowIPs"` // who may send; empty is everyone

	PerMinute int `json:"perMinute"` // messages a minute; 0 is 20, negative is unlimited

	Wording     Wording `json:"wording"`     // the generation of error texts
	StringCodes bool    `json:"stringCodes"` // errcode as "310000" instead of 310000, as in the sample of the documentation
	TokenCode   int     `json:"tokenCode"`   // the errcode for an unknown token: 0 is 300005, today's; 300001 was used until 2021

	Disabled  bool `json:"disabled"`  // an administrator has disabled the robot: 400102
	Dissolved bool `json:"dissolved"` // its group is dissolved: 400013
	Removed   bool `json:"removed"`   // it was removed from its group: 400106

	Now func() time.Time `json:"-"` // the clock, which must not call the Server; nil is time.Now

	// Limits, which JSON leaves alone.

	MaxHistory      int           `json:"-"` // how many requests and how many messages are kept; 0 is 1000 of each
	MaxHistoryBytes int           `json:"-"` // approximate memory of the kept requests, and again of the kept messages; 0 is 32 MiB
	MaxBody         int           `json:"-"` // how many bytes of a body are read; 0 is 256 KiB
	Timeout         time.Duration `json:"-"` // for reading a body and for writing an answer; 0 is 10 seconds, negative is none
}

// withDefaults returns a copy of the options in which no zero value means something else.
func (o Options) withDefaults() Options {
	o = o.clone()
	o.Token = cmp.Or(o.Token, DefaultToken)
	o.PerMinute = cmp.Or(o.PerMinute, 20)
	o.TokenCode = cmp.Or(o.TokenCode, unknownToken.code)
	o.MaxHistory = cmp.Or(o.MaxHistory, 1000)
	o.MaxHistoryBytes = cmp.Or(o.MaxHistoryBytes, 32<<20)
	o.MaxBody = cmp.Or(o.MaxBody, 256<<10) // guess: the real gateway has such a limit, far above 20000 bytes
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// clone returns a copy that shares no slice with the original.
func (o Options) clone() Options {
	o.Keywords = slices.Clone(o.Keywords)
	o.AllowIPs = slices.Clone(o.AllowIPs)
	return o
}
