package dingtalktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
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
		SignVerified: o.verifies(query),
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

// object is a JSON object. A map is used because encoding/json matches struct fields in any case, and to DingTalk
// messageUrl and messageURL are different fields.
type object = map[string]any

// str returns the field if it is a string, and otherwise "".
func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// parseObject parses an object more strictly than encoding/json: keys must be unique and all text valid UTF-8.
func parseObject(body []byte) (object, error) {
	if len(body) == 0 {
		return nil, errors.New("it is empty")
	}
	if !utf8.Valid(body) {
		return nil, errors.New("it is not UTF-8")
	}
	// Unmarshal rejects what a decoder's tokens do not reveal, such as data after the value.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, err
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(body))}
	p.dec.UseNumber()
	root, ok := p.value().(object)
	switch {
	case p.duplicate != nil:
		return nil, fmt.Errorf("the key %q is duplicated", *p.duplicate)
	case !ok:
		return nil, errors.New("it is another kind of value")
	}
	return root, nil
}

// parser ignores the decoder's errors, because the text is known to be valid.
type parser struct {
	dec       *json.Decoder
	duplicate *string // a key that occurred twice in an object
}

func (p *parser) value() any {
	token, _ := p.dec.Token()
	switch token {
	case json.Delim('{'):
		members := object{}
		for p.dec.More() {
			key, _ := p.dec.Token()
			name := key.(string)
			if _, ok := members[name]; ok {
				p.duplicate = &name
			}
			members[name] = p.value()
		}
		_, _ = p.dec.Token() // the closing brace
		return members
	case json.Delim('['):
		elements := []any{}
		for p.dec.More() {
			elements = append(elements, p.value())
		}
		_, _ = p.dec.Token() // the closing bracket
		return elements
	}
	return token
}
