package dingtalktest

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one HTTP request that reached the robot, and what it was told. It holds no credentials, except those that the
// sender put into the body.
type Request struct {
	Seq    int // 1 for the first since New or Clear
	Time   time.Time
	Method string
	Path   string
	Query  string // as sent, with the values of access_token, sign and their like replaced by ***
	Header http.Header
	Body   []byte // as sent, at most Options.MaxBody of it

	TokenKnown   bool // the access token was the robot's
	SignVerified bool // the robot has a secret, and sign was made with it (perhaps too long ago)

	Status      int    // of the answer; 0 when the connection was closed instead
	Code        int    // errcode of the answer; 0 when it had none
	Text        string // errmsg of the answer; "" when it had none
	Explanation string // in a sentence, what was checked and what came of it

	Message   *Message // when it was accepted
	Duplicate bool     // its msgUuid had been accepted before: the answer is ok, and nothing is stored
}

// newRequest notes down what arrived, without its credentials.
func newRequest(req *http.Request, o Options, now time.Time, body []byte) Request {
	query := req.URL.Query()
	return Request{
		Time:         now,
		Method:       req.Method,
		Path:         o.conceal(req.URL.Path),
		Query:        o.conceal(maskQuery(req.URL.RawQuery)),
		Header:       o.maskHeader(req.Header),
		Body:         body[:min(len(body), o.maxBody())],
		TokenKnown:   equal(query.Get("access_token"), o.token()),
		SignVerified: o.Secret != "" && equal(query.Get("sign"), signature(o.Secret, query.Get("timestamp"))),
	}
}

// readBody returns up to one byte more than the limit, which is how the size check learns that there was more. It swallows
// more than it returns, for a client must be able to finish before it can read the answer. What a client that broke off has
// sent is judged as it is, and so is what a slow one has sent in time.
func readBody(w http.ResponseWriter, req *http.Request, o Options) []byte {
	connection := http.NewResponseController(w) // whose errors say that there are no deadlines, as in a recorder
	_ = connection.SetReadDeadline(deadline(o.timeout()))
	body, _ := io.ReadAll(io.LimitReader(req.Body, int64(o.maxBody())+1))
	_, _ = io.Copy(io.Discard, io.LimitReader(req.Body, maxDiscarded))
	if n, err := req.Body.Read(make([]byte, 1)); n == 0 && err == io.EOF {
		// It came whole. The deadline would be taken for the client's leaving while a slow fault waits.
		_ = connection.SetReadDeadline(time.Time{})
	} else {
		w.Header().Set("Connection", "close") // nobody reads the rest
	}
	return bytes.Clone(body) // without the room that reading left
}

// maxDiscarded is how much of an overlong body is swallowed.
const maxDiscarded = 16 << 20

// equal compares credentials in constant time, like a robot that has real ones to protect.
func equal(got, want string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }

// maskQuery works on the raw query, so that the record shows a mangled one as mangled.
func maskQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); found && value != "" && (err != nil || secretName(name)) {
			pairs[i] = key + "=***"
		}
	}
	return strings.Join(pairs, "&")
}

func (o Options) maskHeader(h http.Header) http.Header {
	masked := h.Clone()
	for name, values := range masked {
		for i := range values {
			if secretName(name) {
				values[i] = "***"
			} else {
				values[i] = o.conceal(values[i])
			}
		}
	}
	return masked
}

// secretName tells by its name that a parameter or header holds a credential: also those that a confused sender invents.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"token", "sign", "secret", "auth", "cookie"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// conceal takes the robot's own credentials out of places where they have no business, such as the path. Short ones are left
// alone: they are no secrets, and hiding every "t" would hide the request.
func (o Options) conceal(s string) string {
	for _, credential := range []string{o.token(), o.Secret} {
		if len(credential) >= 8 {
			s = strings.ReplaceAll(s, credential, "***")
		}
	}
	return s
}

// The sentences of Request.Explanation are made here: what was found, then what a fault made of it.

// refuse notes down an answer other than ok.
func (v *visit) refuse(no *refusal) {
	v.seen.Code, v.seen.Text = no.code, no.text(v.opts.Wording, no.arg)
	v.remark("refused: " + no.why)
}

// praise says what an accepted message was checked for.
func (v *visit) praise() string {
	text := "accepted: token known"
	if v.message.Signed {
		text += ", signature verified"
	}
	if v.message.Keyword != "" {
		text += fmt.Sprintf(", keyword %q found", v.message.Keyword)
	}
	if limit := v.opts.perMinute(); limit > 0 {
		text += fmt.Sprintf(", message %d of %d in this minute", v.message.MinuteIndex, limit)
	}
	return text
}

// interrupt notes down that the sender does not get the answer that the checks gave.
func (v *visit) interrupt(how string) {
	if v.seen.Explanation == "" {
		v.remark("not looked at")
	}
	v.seen.Code, v.seen.Text = 0, ""
	v.remark("fault: " + how)
}

func (v *visit) remark(text string) {
	if v.seen.Explanation != "" {
		text = v.seen.Explanation + "; " + text
	}
	v.seen.Explanation = text
}

// history keeps the newest of what is added to it, bounded by number and by bytes, so that a robot may run for weeks and be
// sent anything.
type history[T any] struct {
	items []T
	sizes []int
	bytes int
}

// add returns the oldest items, which it drops where they exceed a limit. The newest always stays.
func (h *history[T]) add(item T, size, maxItems, maxBytes int) (dropped []T) {
	h.items, h.sizes = append(h.items, item), append(h.sizes, size)
	h.bytes += size
	n := 0
	for last := len(h.items) - 1; n < last && (len(h.items)-n > maxItems || h.bytes > maxBytes); n++ {
		h.bytes -= h.sizes[n]
	}
	dropped = append(dropped, h.items[:n]...)
	clear(h.items[:n]) // the array lives on, and what they held must not
	h.items, h.sizes = h.items[n:], h.sizes[n:]
	return dropped
}

// Cursor is a place in a robot's history: the last request that its owner has seen. The zero value is before the first. A
// number alone would not do, because after a Clear they start again.
type Cursor struct {
	Seq  int
	Time time.Time
}

// Cursor returns the place after this request.
func (q Request) Cursor() Cursor { return Cursor{q.Seq, q.Time} }

// is tells whether the cursor is the place after this request.
func (c Cursor) is(q Request) bool { return c.Seq == q.Seq && c.Time.Equal(q.Time) }

// RequestsAfter returns up to limit requests that follow the cursor, oldest first. It copies no more than these, so that many
// can follow a long history. Found is false when the request at the cursor is kept no longer, and then the oldest are returned.
func (r *Server) RequestsAfter(c Cursor, limit int) (requests []Request, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.requests.items
	from := 0
	if c.Seq != 0 && len(kept) > 0 {
		from = c.Seq - kept[0].Seq + 1
		found = 0 < from && from <= len(kept) && c.is(kept[from-1])
	}
	if !found {
		from, found = 0, c.Seq == 0
	}
	return append(requests, kept[from:min(from+limit, len(kept))]...), found
}

// itemSize is what an entry of a list or of a map takes, a string's header among it.
const itemSize = 64

// size is about what the request holds of memory.
func (q *Request) size() int {
	n := 8*itemSize + len(q.Method) + len(q.Path) + len(q.Query) + len(q.Body) + len(q.Text) + len(q.Explanation)
	for name, values := range q.Header {
		n += 2*itemSize + len(name)
		for _, value := range values {
			n += itemSize + len(value)
		}
	}
	if q.Message != nil {
		n += q.Message.size()
	}
	return n
}

// size counts the body twice: as it was sent, and as the strings that were read of it.
func (m *Message) size() int {
	n := 8*itemSize + 2*len(m.Raw) + itemSize*(len(m.At.Mobiles)+len(m.At.UserIDs)+len(m.Mentions)) + 2*itemSize*len(m.Unnotified)
	for _, missed := range m.Unnotified {
		n += len(missed.Reason)
	}
	if m.ActionCard != nil {
		n += itemSize * len(m.ActionCard.Buttons)
	}
	return n + itemSize*len(m.FeedCard)
}
