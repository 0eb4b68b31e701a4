package dingtalktest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// DefaultToken is the access token of a robot that was given none. It looks like no real token (those are 64 hex digits).
const DefaultToken = "fake-access-token-0000000000000000"

// Options say how a robot is set up. The zero value, like a nil pointer, is a robot without security settings that knows
// DefaultToken and speaks today's texts.
type Options struct {
	Token    string         // the access token it knows; "" is DefaultToken
	Secret   string         // signing secret; "" means that the robot has no signing
	Keywords []string       // at least one must be in the message, when there are any
	AllowIPs []netip.Prefix // who may send; empty is anybody

	PerMinute int // messages in a minute; 0 is 20, negative is no limit

	Wording     Wording // which generation of error texts
	StringCodes bool    // errcode as "310000" instead of 310000, as in the sample of the official page
	TokenCode   int     // the code for an unknown token: 0 is 300005, today's; 300001 was the one until 2021

	Disabled  bool // an administrator has switched the robot off: 400102
	Dissolved bool // its group is gone: 400013
	Removed   bool // it was taken out of its group: 400106

	Now func() time.Time // the clock, which must not call the robot; nil is time.Now

	MaxHistory      int           // requests and messages that are kept; 0 is 1000 of each
	MaxHistoryBytes int           // about what the kept requests may hold of memory, and the kept messages again; 0 is 32 MiB
	MaxBody         int           // how much of a body is read, in bytes; 0 is 256 KiB
	Timeout         time.Duration // how long a body may take to arrive, and an answer to be read; 0 is 10 seconds, negative is no limit
}

// Wording is one of the three styles in which DingTalk has worded its errors. As text it is "new", "mid" or "old".
type Wording int

// The generations, by the years in which they were seen.
const (
	Wording2023   Wording = iota // 错误描述:…;解决方案:…, since 2023
	Wording2022                  // description:…;solution:…, 2022 and later beside the new ones
	WordingLegacy                // sign not match, miss param : text; before 2022
)

var generationNames = [...]string{Wording2023: "new", Wording2022: "mid", WordingLegacy: "old"}

// String returns the generation's name.
func (g Wording) String() string {
	if g < 0 || int(g) >= len(generationNames) {
		return fmt.Sprintf("Generation(%d)", int(g))
	}
	return generationNames[g]
}

// MarshalText implements encoding.TextMarshaler.
func (g Wording) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that a flag or a form can set a generation.
func (g *Wording) UnmarshalText(text []byte) error {
	i := slices.Index(generationNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("robot: no generation %q: want new, mid or old", text)
	}
	*g = Wording(i)
	return nil
}

func (o Options) token() string {
	if o.Token == "" {
		return DefaultToken
	}
	return o.Token
}

func (o Options) tokenCode() int {
	if o.TokenCode == 0 {
		return unknownToken.code
	}
	return o.TokenCode
}

func (o Options) perMinute() int {
	if o.PerMinute == 0 {
		return 20
	}
	return o.PerMinute
}

func (o Options) maxHistory() int      { return orDefault(o.MaxHistory, 1000) }
func (o Options) maxHistoryBytes() int { return orDefault(o.MaxHistoryBytes, 32<<20) }

// maxBody guesses that the real gateway has a limit of its own, far above the 20000 bytes.
func (o Options) maxBody() int { return orDefault(o.MaxBody, 256<<10) }

func (o Options) timeout() time.Duration { return orDefault(o.Timeout, 10*time.Second) }

func orDefault[T int | time.Duration](given, otherwise T) T {
	if given == 0 {
		return otherwise
	}
	return given
}

// deadline is the time in the real world until which a client is waited for; the zero Time is for ever.
func deadline(timeout time.Duration) time.Time {
	if timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// clone keeps a robot's settings apart from its caller's slices.
func (o Options) clone() Options {
	o.Keywords = slices.Clone(o.Keywords)
	o.AllowIPs = slices.Clone(o.AllowIPs)
	return o
}
