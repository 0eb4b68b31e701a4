package dingtalktest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequestIsRecorded(t *testing.T) {
	v := vectors[3]
	r := newRobot(Options{Secret: v.secret, Keywords: []string{"hell"}})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=" + v.timestamp + "&sign=" + v.encoded
	do(t, r, req)
	m := r.Messages()[0]
	want := Request{
		Seq: 1, Time: midnight, Method: "POST", Path: "/robot/send",
		Query:        "access_token=***&timestamp=" + v.timestamp + "&sign=***",
		Header:       http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:         []byte(hello),
		TokenKnown:   true,
		SignVerified: true,
		Status:       200, Code: 0, Text: "ok",
		Explanation: `accepted: token known, signature verified, keyword "hell" found, message 1 of 20 in this minute`,
		Message:     &m,
	}
	if diff := cmp.Diff(want, r.Requests()[0]); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestMaskQuery(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"", ""},
		{"access_token=abc", "access_token=***"},
		{"access_token=", "access_token="},
		{"access_token", "access_token"},
		{"a=1&access_token=abc&b=2", "a=1&access_token=***&b=2"},
		{"access_token=a&access_token=b", "access_token=***&access_token=***"},
		{"Access%5FToken=abc&TOKEN=abc", "Access%5FToken=***&TOKEN=***"},
		{"access_token=https%3A%2F%2Fa.example%2F%3Faccess_token%3Dabc", "access_token=***"},
		{"sign=a%2Bb%3D&timestamp=1", "sign=***&timestamp=1"},
		{"secret=SECx", "secret=***"},
		{"acc%zz=abc", "acc%zz=***"},
	}
	for _, tt := range tests {
		if got := redactQuery(tt.raw); got != tt.want {
			t.Errorf("redactQuery(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// TestNoCredentials plants the credentials everywhere but in the body and looks for them in the whole record.
func TestNoCredentials(t *testing.T) {
	const token, secret = "planted-token-1111", "SECplanted-2222"
	r := newRobot(Options{Token: token, Secret: secret, Keywords: []string{"zebra"}})
	for _, q := range []string{"access_token=" + token, "x=" + token + "&y=" + secret, "access_token=my-own-3333&sign=my-own-3333"} {
		req := request(hello)
		req.URL.Path = "/robot/send/" + token
		req.URL.RawQuery = q
		for _, name := range []string{"Referer", "Sign", "Authorization", "Cookie", "X-Acs-Dingtalk-Access-Token"} {
			req.Header.Add(name, "x "+token+" "+secret)
		}
		req.Header.Set("Sign", "my-own-3333")
		do(t, r, req)
	}
	record := fmt.Sprintf("%+v", r.Requests())
	for _, s := range []string{token, secret, "my-own-3333"} {
		if strings.Contains(record, s) {
			t.Errorf("%s is in the record:\n%s", s, record)
		}
	}
	if !r.Requests()[0].TokenKnown || r.Requests()[2].TokenKnown {
		t.Error("whether the token was right is lost")
	}
}
