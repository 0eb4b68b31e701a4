package doctor

import (
	"net/http"
	"time"
)

// clock compares this machine's clock with the answer's, which tells whole
// seconds.
func (p *patient) clock(reply *reply) {
	const what = "clock"
	const remedy = "Set this machine's clock, best by NTP."
	told, err := http.ParseTime(reply.header.Get("Date"))
	if err != nil {
		p.add(Untested, what, "the answer does not tell the time", "")
		return
	}
	off := reply.middle.Sub(told.Add(time.Second / 2)).Round(time.Second)
	text := "this machine's is " + off.Abs().String() + " off the answer's"
	switch {
	case off.Abs() <= 5*time.Minute:
		p.add(Well, what, text, "")
	case off.Abs() <= time.Hour || p.Secret == "":
		p.add(Note, what, text+"; signatures hold for an hour", remedy)
	default:
		p.add(Wrong, what, text+", and signatures hold for an hour", remedy)
	}
}
