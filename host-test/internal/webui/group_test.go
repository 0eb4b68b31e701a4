package webui

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

const secret = "SEC-page-test-0123456789abcdef"

// group is a robot and its page on one server, as a command mounts them.
type group struct {
	*dingtalktest.Server
	*site
}

// A site is the server's address and client.
type site = httptest.Server

func newGroup(t testing.TB, o dingtalktest.Options) group {
	t.Helper()
	o.Secret = secret
	r := dingtalktest.New(&o)
	mux := http.NewServeMux()
	mux.Handle("/robot/send", r)
	mux.Handle("/", Handler(r, nil))
	srv := httptest.NewServer(mux)
	t.Cleanup(func() {
		srv.CloseClientConnections() // ends the events
		srv.Close()
	})
	return group{r, srv}
}

// post sends a signed body and returns the errcode; a closed connection is -2 and an answer without one -3.
func (g group) post(t testing.TB, body string) int {
	t.Helper()
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(now + "\n" + secret))
	query := url.Values{
		"access_token": {dingtalktest.DefaultToken}, "timestamp": {now}, "sign": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	res, err := http.Post(g.URL+"/robot/send?"+query.Encode(), "application/json; charset=utf-8", strings.NewReader(body))
	if err != nil {
		return -2
	}
	defer res.Body.Close()
	answer := struct{ Errcode *int }{}
	if json.NewDecoder(res.Body).Decode(&answer) != nil || answer.Errcode == nil {
		return -3
	}
	return *answer.Errcode
}

// get returns the answer to a GET of the page's.
func (g group) get(t testing.TB, path string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(g.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// turn posts a form to a switch and returns the status.
func (g group) turn(t testing.TB, path string, form url.Values, headers ...string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequest("POST", g.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Host = req.Header.Get("Host")                // "" is the server's own
	res, err := http.DefaultTransport.RoundTrip(req) // which follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// quote returns a string as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(b)
}

func textBody(content string) string {
	return `{"msgtype":"text","text":{"content":` + quote(content) + `}}`
}

func markdownBody(title, text string) string {
	return `{"msgtype":"markdown","markdown":{"title":` + quote(title) + `,"text":` + quote(text) + `}}`
}
