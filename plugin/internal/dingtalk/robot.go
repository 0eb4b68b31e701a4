package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// A Web is what a robot needs of its host. Send has no error: a guest cannot
// see one, the host ends the call instead. Its status is 0 where the host has
// HTTP switched off.
type Web struct {
	Now    func() int64  // Unix time in milliseconds
	Random func() uint64 // may be the same in every instance
	Send   func(method, url string, body []byte) (status int, reply []byte)
}

// A Robot posts to one group. It is configured by its exported fields, which
// do not change afterwards, and keeps what it learns in the others.
type Robot struct {
	Address    Address
	Token      string
	Secret     string   // "" when the robot has no signing
	Keywords   []string // one of them must be in each message
	AllowAll   bool     // atAll is allowed
	PerMinute  int      // messages a minute; 0 is any number
	MaxParts   int      // parts of one message; 1 is no splitting
	MaxRepeats int      // of a send whose outcome is unknown

	window  window
	ledger  ledger
	reached bool   // the address answered, and nothing went wrong since
	calls   uint16 // and around again; a larger number would look like an address to the collector
	signer  signer
	buffer  jsontext.Writer // for bodies
}

// A Receipt says how far a message got.
type Receipt struct {
	Sent, Total int // parts
	Again       bool
	Bytes       int       // of all bodies that were sent
	UUID        string    // msgUuid of the first part
	Key         string    // under which the same message may be sent again
	Keyword     string    // that was added, or ""
	Mentions    *Mentions // who is notified; nil when nobody was sent anything
}

// Send posts m, in parts when it is long, and returns how far it got; the Error
// is nil when all of it arrived. Key, or "" for none, is the caller's name for
// this message: what arrived under it before is not sent again.
func (r *Robot) Send(web Web, m Message, key string) (Receipt, *Error) {
	if e := r.check(&m); e != nil {
		return Receipt{}, e
	}
	parts, e := r.fit(&m)
	if e != nil {
		return Receipt{}, e
	}
	print := m.print()
	if key == "" {
		key = r.freshKey(web, print)
	}
	receipt := Receipt{Total: len(parts), UUID: r.msgUuid(key, 0), Key: key}
	entry := r.ledger.find(receipt.UUID, print)
	if entry == nil {
		return Receipt{}, argumentError("this idempotencyKey was used for another message", "Use a new key for a new message.")
	}
	receipt.Sent = entry.arrived
	receipt.Again = entry.arrived == len(parts)
	if e := r.ready(web, len(parts)-entry.arrived); e != nil {
		return receipt, e
	}
	for i := entry.arrived; i < len(parts); i++ {
		uuid := receipt.UUID
		if i > 0 {
			uuid = r.msgUuid(key, i)
		}
		entry.open = true
		body := r.body(&parts[i], uuid)
		if e := r.post(web, body, len(parts)-i); e != nil {
			entry.open = i > 0 || e.Unknown()
			return receipt, e
		}
		entry.arrived++
		receipt.add(&parts[i], len(body))
	}
	return receipt, nil
}

func (receipt *Receipt) add(p *part, bytes int) {
	receipt.Sent++
	receipt.Bytes += bytes
	if p.keyword != "" {
		receipt.Keyword = p.keyword
	}
	if receipt.Mentions == nil {
		receipt.Mentions = p.mentions
	}
}

// check refuses what the operator does not allow.
func (r *Robot) check(m *Message) *Error {
	if !m.Mentions.All || r.AllowAll {
		return nil
	}
	return &Error{
		Reason: ReasonPolicy,
		Text:   "The message was not sent: the operator does not allow mentioning everybody.",
		Next:   "Send it without atAll, and mention by atMobiles those who must act.",
		Key:    KeyAllowAll,
	}
}

// ready refuses before anything is sent what could only fail, and makes sure
// that the address can be reached.
func (r *Robot) ready(web Web, parts int) *Error {
	if parts == 0 {
		return nil
	}
	if e := r.admit(web.Now(), parts); e != nil {
		return e
	}
	return r.reach(web)
}

// admit refuses what the clock or the rate does not allow.
func (r *Robot) admit(now int64, parts int) *Error {
	if stopped(now) && r.Secret != "" {
		return clockError(now)
	}
	r.window.limit = r.PerMinute
	return r.window.allow(now, parts)
}

// reach asks the address for an answer, once, without any credential. Where the
// host does not allow it or the network is dead, the host ends the call with an
// error that quotes the address; this one may be read by anybody.
func (r *Robot) reach(web Web) *Error {
	if r.reached {
		return nil
	}
	if status, _ := web.Send("GET", r.Address.Base, nil); status == 0 {
		return ParseReply(0, nil)
	}
	r.reached = true
	return nil
}

// post sends the first of the missing parts, and again while its outcome is
// unknown. It does not where the window has no room for a repeat and the parts
// behind it.
func (r *Robot) post(web Web, body []byte, missing int) *Error {
	for retries := 0; ; retries++ {
		e := r.postOnce(web, body)
		if e == nil || !e.Unknown() || retries == r.MaxRepeats {
			return e
		}
		if full := r.window.allow(web.Now(), missing); full != nil {
			e.Text += " It was not retried: the robot has used up the messages of this minute."
			e.Next = "Wait " + strconv.Itoa(full.RetryAfter) + " seconds. " + e.Next
			e.RetryAfter = full.RetryAfter
			return e
		}
	}
}

// postOnce sends the body once, under a signature of its own. Should the host
// end the call meanwhile, the address must answer anew, without a credential,
// before the next one goes out.
func (r *Robot) postOnce(web Web, body []byte) *Error {
	now := web.Now()
	sign := ""
	if r.Secret != "" {
		r.signer.secret = r.Secret
		sign = r.signer.sign(now)
	}
	r.reached = false
	r.window.reserve(now)
	status, reply := web.Send("POST", r.url(now, sign), body)
	r.reached = true
	e := ParseReply(status, reply, r.Token, r.Secret, sign)
	r.window.commit(web.Now(), e)
	return e
}

// url returns the address of one request made at now.
func (r *Robot) url(now int64, sign string) string {
	w := jsontext.Writer{Bytes: make([]byte, 0, 256)}
	w.Raw(r.Address.Base)
	w.Raw("?access_token=")
	w.Raw(r.Token)
	if sign != "" {
		w.Raw("&timestamp=")
		w.Int(now)
		w.Raw("&sign=")
		w.Raw(escaped(sign))
	}
	if r.Address.Query != "" {
		w.Raw("&")
		w.Raw(r.Address.Query)
	}
	return string(w.Bytes)
}
