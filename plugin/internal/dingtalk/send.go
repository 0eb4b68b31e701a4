package dingtalk

import (
	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
)

// An Env is what a robot needs of its host. Send has no error, because the host
// traps the call instead. Its status is 0 where the host has HTTP switched off.
type Env struct {
	Now    func() int64  // Unix time in milliseconds
	Random func() uint64 // may be the same in every instance
	Send   func(method, url string, body []byte) (status int, reply []byte)
}

// A Robot posts to one group. Its fields configure it and do not change.
type Robot struct {
	Address           Webhook
	Token             string
	Secret            string   // "" when the robot has no signing
	Keywords          []string // one of them must be in each message
	AllowAtAll        bool     // atAll is allowed
	MessagesPerMinute int      // messages a minute; 0 is any number
	MaxParts          int      // parts of one message; 1 is no splitting
	MaxRetries        int      // of a send whose outcome is unknown

	// Buffer holds the body under way. Robots that never post at the same time
	// can share one; if nil, the robot allocates its own.
	Buffer *strictjson.Writer

	*State
}

// A State is what is known of a robot. Robots with one address and token share it,
// because for DingTalk they are one.
type State struct {
	window window
	log    sendLog
	probed bool   // the address answered, and no request trapped since
	calls  uint64 // that got a new key
}

// A Receipt tells how much of a message was delivered.
type Receipt struct {
	Delivered, Total int       // parts
	AlreadySent      bool      // all of it arrived by an earlier call
	Repeat           bool      // it had no key and continues an earlier call with the same message
	MayBeDelivered   bool      // the next part was posted without a clear answer
	Bytes            int       // of all bodies that were sent
	IdempotencyKey   string    // under which the same message may be sent again, or ""
	Keyword          string    // that was added, or ""
	Mentions         *Mentions // who is notified; nil when nobody was sent anything
}

// Send posts m, in parts if it is long. The Error is nil if all of it arrived.
// Key, or "", is the caller's name for this message: what arrived under it
// before is not sent again. A message without a key that equals an unfinished one
// is its repeat.
func (r *Robot) Send(web Env, m Message, key string) (Receipt, *Error) {
	if e := r.check(&m); e != nil {
		return Receipt{}, e
	}
	parts, e := r.split(&m)
	if e != nil {
		return Receipt{}, e
	}
	id, repeat := r.identify(web, &m, len(parts), key)
	record := r.log.lookup(id)
	if record.content != id.content {
		return Receipt{}, argumentError("this idempotencyKey was used for another message", "Use a new key for a new message.")
	}
	receipt := Receipt{
		Delivered:      record.delivered,
		Total:          len(parts),
		AlreadySent:    record.state == allDelivered,
		Repeat:         repeat,
		MayBeDelivered: record.state == mayBeDelivered,
		IdempotencyKey: record.key,
	}
	if receipt.AlreadySent {
		return receipt, nil
	}
	if e = r.allow(web.Now(), len(parts)-record.delivered); e == nil {
		e = r.probe(web)
	}
	if e == nil {
		e = r.deliver(web, id, parts, &receipt)
	}
	receipt.qualify(e)
	return receipt, e
}

func (receipt *Receipt) add(p *part, bytes int) {
	receipt.Delivered++
	receipt.Bytes += bytes
	if p.keyword != "" {
		receipt.Keyword = p.keyword
	}
	if receipt.Mentions == nil {
		receipt.Mentions = p.mentions
	}
}

// qualify adds to an Error what the record of earlier attempts tells, and how to
// send only what is missing.
func (receipt *Receipt) qualify(e *Error) {
	if e == nil || receipt.Delivered == 0 && !receipt.MayBeDelivered {
		return
	}
	if !e.Unknown() && receipt.MayBeDelivered {
		e.Message += " An earlier attempt had no clear answer and may have arrived all the same."
	}
	again := ` with idempotencyKey "` + receipt.IdempotencyKey + `"; the message arrives at most once.`
	if receipt.Delivered > 0 {
		again = ` with idempotencyKey "` + receipt.IdempotencyKey + `"; only the missing parts are sent.`
	}
	if e.RetryAfter > 0 { // rather than send a new message
		e.Advice = waitText(e.RetryAfter) + "."
	}
	switch {
	case receipt.IdempotencyKey != "" && e.RetryAfter > 0:
		e.Advice += " Then call again" + again
	case receipt.IdempotencyKey != "" && e.Unknown():
		e.Advice = "Call again" + again
	case receipt.IdempotencyKey != "":
		e.Advice += " To repeat it unchanged, call again" + again
	case e.Unknown():
		e.Retryable = false
		e.Advice = "Send it again only if a second copy does no harm: without a right clock on the host, DingTalk cannot recognize a repeat. " +
			"A message sent with an idempotencyKey can be repeated safely."
	}
	if receipt.IdempotencyKey == "" && receipt.Delivered > 0 {
		e.Advice += " A repeat would send all parts."
	}
}

// check refuses what the operator does not allow.
func (r *Robot) check(m *Message) *Error {
	if !m.Mentions.All || r.AllowAtAll {
		return nil
	}
	return &Error{
		Reason:    ReasonPolicy,
		Message:   "The message was not sent: the operator does not allow mentioning everybody.",
		Advice:    "Send it without atAll; to notify individuals, list them in atMobiles.",
		ConfigKey: schema.KeyAllowAtAll,
	}
}

// allow refuses what the clock or the rate does not allow.
func (r *Robot) allow(now int64, parts int) *Error {
	if clockUnset(now) && r.Secret != "" {
		return clockError(now)
	}
	r.window.limit = r.MessagesPerMinute
	return r.window.allow(now, parts)
}

// probe sends a GET without any credential, once, before anything is sent. If the host does not allow the
// address or the network fails, the call traps with an error that quotes the
// address, and this one may be read by anybody.
func (r *Robot) probe(web Env) *Error {
	if r.probed {
		return nil
	}
	if status, _ := web.Send("GET", r.Address.Base, nil); status == 0 {
		return ParseResponse(0, nil)
	}
	r.probed = true
	return nil
}

// deliver posts the parts that are missing, up to the first that fails.
func (r *Robot) deliver(web Env, id messageID, parts []part, receipt *Receipt) *Error {
	record := r.log.claim(id)
	for i := record.delivered; i < len(parts); i++ {
		body := r.body(&parts[i], r.uuid(&id, i, len(parts)))
		e := r.sendPart(web, body, record, len(parts)-i)
		receipt.MayBeDelivered = record.state == mayBeDelivered
		if e != nil {
			r.explainKeyword(&parts[i], e)
			record.repeatUntil = r.window.now + repeatPeriod + int64(e.RetryAfter)*1000
			r.log.release(record)
			return e
		}
		receipt.add(&parts[i], len(body))
	}
	record.state = allDelivered
	return nil
}

// explainKeyword tells that the configured keyword is wrong, rather than that one
// should be configured.
func (r *Robot) explainKeyword(p *part, e *Error) {
	if keyword, _ := findKeyword(r.Keywords, p.message, p.chunk.text); keyword != "" && e.ConfigKey == schema.KeyKeywords {
		e.Advice = "The configured keyword " + keyword + (" is not one of the robot's; have the operator correct " + schema.KeyKeywords + ".")
	}
}

// sendPart posts the first of the missing parts, and retries while its outcome is
// unknown, unless DingTalk could not recognize a repeat or the rate does not
// allow a repeat and the parts after it.
func (r *Robot) sendPart(web Env, body []byte, record *sendRecord, missing int) *Error {
	for retries := 0; ; retries++ {
		e := r.sendOnce(web, body, record)
		if e == nil || !e.Unknown() || retries == r.MaxRetries || record.key == "" {
			return e
		}
		if full := r.window.allow(web.Now(), missing); full != nil {
			e.Message += " It was not retried: the robot has used up the messages of this minute."
			e.RetryAfter = full.RetryAfter
			return e
		}
	}
}

// sendOnce posts a body once, under a new signature. If the call traps, the part
// counts and may be delivered, and the next call probes the address first.
func (r *Robot) sendOnce(web Env, body []byte, record *sendRecord) *Error {
	now := web.Now()
	sign := ""
	if r.Secret != "" {
		sign = Sign(r.Secret, now)
	}
	s, before := r.State, record.state
	record.state, s.probed = mayBeDelivered, false
	s.window.reserve(now)
	record.repeatUntil = s.window.now + repeatPeriod
	status, reply := web.Send("POST", r.url(now, sign), body)
	e := ParseResponse(status, reply)
	if status == 302 && !e.HasErrcode && len(s.window.sent) >= burst {
		e = lockError()
	}
	s.probed = true
	switch {
	case e == nil:
		record.state = notDelivered
		record.delivered++
	case !e.Unknown():
		record.state = before
	}
	s.window.commit(web.Now(), e)
	return e
}

// url returns the address of a request made at now.
func (r *Robot) url(now int64, sign string) string {
	w := strictjson.Writer{Bytes: make([]byte, 0, 256)}
	w.Raw(r.Address.Base)
	w.Raw("?access_token=")
	w.Raw(r.Token)
	if sign != "" {
		w.Raw("&timestamp=")
		w.Int(now)
		w.Raw("&sign=")
		w.Raw(encodeURIComponent(sign))
	}
	if r.Address.Query != "" {
		w.Raw("&")
		w.Raw(r.Address.Query)
	}
	return string(w.Bytes)
}

// A DryRun is what a message would be on the wire: the result of a dry run.
type DryRun struct {
	Address      string // redacted
	Bodies       []string
	Sizes        []int  // of the bodies as they would be sent, in bytes
	Keyword      string // that the message holds, or ""
	KeywordAdded bool

	Lines []string // the first and the last line of each part, shortened
	Wrong []string // what clients show wrongly
}

// DryRun does what Send does before the first request, and counts nothing. m must
// be made with HidePeople, so that the caller cannot learn the numbers and ids of
// those whom it mentions by name, nor confirm a guess.
func (r *Robot) DryRun(web Env, m Message, key string) (v DryRun, receipt Receipt, e *Error) {
	if e := r.check(&m); e != nil {
		return v, receipt, e
	}
	parts, e := r.split(&m)
	if e == nil {
		e = r.allow(web.Now(), len(parts))
	}
	if e != nil {
		return v, receipt, e
	}
	id, _ := r.identify(web, &m, len(parts), key)
	for i := range parts {
		body := string(r.body(&parts[i], r.uuid(&id, i, len(parts))))
		v.Sizes = append(v.Sizes, len(body))
		v.Bodies = append(v.Bodies, body)
		v.Lines = append(v.Lines, firstAndLast(parts[i].chunk.text))
		receipt.Bytes += len(body)
	}
	v.Address = r.Address.shown() + "?access_token=" + redacted
	if r.Secret != "" {
		v.Address += "&timestamp=" + redacted + "&sign=" + redacted
	}
	if r.Address.Query != "" {
		v.Address += "&" + redacted
	}
	keyword, found := findKeyword(r.Keywords, &m, m.Text)
	v.Keyword, v.KeywordAdded = keyword, !found
	if m.Type.Markdown {
		v.Wrong = shownWrongly(m.Text)
	}
	receipt.Total, receipt.IdempotencyKey, receipt.Mentions = len(parts), id.key, parts[0].mentions
	return v, receipt, nil
}
