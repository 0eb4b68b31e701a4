package dingtalktest

import (
	"bytes"
	"crypto/subtle"
	"io"
	"net/http"
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
