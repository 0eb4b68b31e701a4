package dingtalktest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is a request that the Server has answered. It holds no credentials, except what the sender put into the body.
type Request struct {
	Seq    int         `json:"seq"` // 1 for the first since New or Reset
	Time   time.Time   `json:"time"`
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  string      `json:"query"` // as sent, but with *** for the values of access_token, sign and the like
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"` // as sent, at most Options.MaxBody of it

	TokenKnown   bool `json:"tokenKnown"`   // the access token was the robot's
	SignVerified bool `json:"signVerified"` // the robot has a secret and sign was made with it, though perhaps too long ago

	Status      int    `json:"status"`      // of the answer; 0 if the connection was closed without one
	Code        int    `json:"errcode"`     // errcode of the answer; 0 if it had none
	Text        string `json:"errmsg"`      // errmsg of the answer; "" if it had none
	Explanation string `json:"explanation"` // a sentence about what was checked, and about the injected fault

	Message   *Message `json:"message,omitempty"` // the message, if it was accepted
	Fault     bool     `json:"fault"`             // an injected fault changed the answer, or came instead of one
	Duplicate bool     `json:"duplicate"`         // its msgUuid was accepted before: the answer is ok, and nothing is stored
}

func newRequest(req *http.Request, body []byte, o Options, now time.Time) Request {
	query := req.URL.Query()
	return Request{
		Time:         now,
		Method:       req.Method,
		Path:         o.redact(req.URL.Path),
		Query:        o.redact(redactQuery(req.URL.RawQuery)),
		Header:       o.redactHeader(req.Header),
		Body:         body[:min(len(body), o.MaxBody)],
		TokenKnown:   equal(query.Get("access_token"), o.Token),
		SignVerified: o.Secret != "" && equal(query.Get("sign"), signature(o.Secret, query.Get("timestamp"))),
	}
}

// maxDiscarded limits how much of an overlong body is read and dropped.
const maxDiscarded = 16 << 20

// readBody returns at most one byte more than MaxBody, which reveals that there was more. It discards more than that,
// because most clients read no answer before they have sent everything. What came of an incomplete body is handled.
func readBody(w http.ResponseWriter, req *http.Request, o Options) []byte {
	conn := http.NewResponseController(w) // errors are ignored: a ResponseRecorder supports no deadlines
	_ = conn.SetReadDeadline(deadline(o.Timeout))
	body, _ := io.ReadAll(io.LimitReader(req.Body, int64(o.MaxBody)+1))
	_, _ = io.Copy(io.Discard, io.LimitReader(req.Body, maxDiscarded))
	if n, err := req.Body.Read(make([]byte, 1)); n == 0 && err == io.EOF {
		// Lift the deadline: net/http would take its passing during a slow fault for a disconnected client.
		_ = conn.SetReadDeadline(time.Time{})
	} else {
		w.Header().Set("Connection", "close") // the rest is not read
	}
	return bytes.Clone(body) // without the spare capacity
}

// deadline returns the zero Time, which is none, for a negative timeout.
func deadline(timeout time.Duration) time.Time {
	if timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// redactQuery works on the raw query, so that a malformed one is recorded as it is.
func redactQuery(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); value != "" && (err != nil || isSecretName(name)) {
			pairs[i] = key + "=***"
		}
	}
	return strings.Join(pairs, "&")
}

func (o Options) redactHeader(h http.Header) http.Header {
	h = h.Clone()
	for name, values := range h {
		for i := range values {
			if isSecretName(name) {
				values[i] = "***"
			}
			values[i] = o.redact(values[i])
		}
	}
	return h
}

// isSecretName reports whether a parameter or header holds a credential. It also finds names that senders make up.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"token", "sign", "secret", "auth", "cookie"}, func(part string) bool {
		return strings.Contains(name, part)
	})
}

// redact hides the robot's credentials where a sender should not have put them, such as the path. It leaves short ones,
// because replacing every "t" would make the record unreadable.
func (o Options) redact(s string) string {
	for _, credential := range []string{o.Token, o.Secret} {
		if len(credential) >= 8 {
			s = strings.ReplaceAll(s, credential, "***")
		}
	}
	return s
}

// explain adds a part to the explanation.
func (q *Request) explain(text string) {
	if q.Explanation != "" {
		q.Explanation += "; "
	}
	q.Explanation += text
}

// explainFault records that a fault changed the answer.
func (q *Request) explainFault(how string) {
	q.Fault = true
	q.explain("fault: " + how)
}

// interrupt records that a fault replaces the robot's answer.
func (q *Request) interrupt(how string) {
	if q.Explanation == "" {
		q.explain("not looked at")
	}
	q.Code, q.Text = 0, ""
	q.explainFault(how)
}

// history keeps the newest items within a limit of number and of bytes.
type history[T any] struct {
	items []T
	sizes []int
	bytes int
}

// add returns the oldest items if it must drop them. It always keeps the newest.
func (h *history[T]) add(item T, size, maxItems, maxBytes int) (dropped []T) {
	h.items, h.sizes = append(h.items, item), append(h.sizes, size)
	h.bytes += size
	n := 0
	for last := len(h.items) - 1; n < last && (len(h.items)-n > maxItems || h.bytes > maxBytes); n++ {
		h.bytes -= h.sizes[n]
	}
	dropped = slices.Clone(h.items[:n])
	clear(h.items[:n]) // so that the array does not keep what they refer to
	h.items, h.sizes = h.items[n:], h.sizes[n:]
	return dropped
}

// remove removes the item at i.
func (h *history[T]) remove(i int) {
	h.bytes -= h.sizes[i]
	h.items, h.sizes = slices.Delete(h.items, i, i+1), slices.Delete(h.sizes, i, i+1)
}

// position returns where the request at a cursor is or, if it is not kept, where it would be.
func position(kept []Request, c Cursor) (i int, found bool) {
	i, found = slices.BinarySearchFunc(kept, c.Seq, func(q Request, seq int) int { return q.Seq - seq })
	return i, found && kept[i].Time.Equal(c.Time)
}

// Cursor is a position in the history of requests: after the one with this Seq and Time. The zero value is before the
// first. Seq alone would be ambiguous after a Reset.
type Cursor struct {
	Seq  int
	Time time.Time
}

// Cursor returns the position after this request.
func (q Request) Cursor() Cursor { return Cursor{q.Seq, q.Time} }

// RequestsAfter returns up to limit requests after the cursor, oldest first. If the request at the cursor is no longer
// kept, unless RemoveRequest has removed it, it returns the oldest and false. It copies no more than it returns, so that many clients can follow a long history.
func (s *Server) RequestsAfter(c Cursor, limit int) (requests []Request, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.requests.items
	start, found := position(kept, c)
	switch {
	case found:
		start++
	case slices.ContainsFunc(s.removed, func(r Cursor) bool { return r.Seq == c.Seq && r.Time.Equal(c.Time) }):
		found = true
	default:
		start, found = 0, c.Seq == 0
	}
	return append(requests, kept[start:min(start+limit, len(kept))]...), found
}

// itemSize is about what an entry of a slice or map occupies, including a string's header.
const itemSize = 64

// size returns about how much memory the request occupies.
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

// size counts the body twice: as it was sent, and as the strings that were read from it.
func (m *Message) size() int {
	n := 8*itemSize + 2*len(m.Raw) + itemSize*(len(m.At.Mobiles)+len(m.At.UserIDs)+len(m.Mentions)+len(m.FeedCard))
	for _, u := range m.Unnotified {
		n += 2*itemSize + len(u.Reason)
	}
	if m.ActionCard != nil {
		n += itemSize * len(m.ActionCard.Buttons)
	}
	return n
}
