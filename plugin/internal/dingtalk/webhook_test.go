package dingtalk

import (
	"net"
	"net/url"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		in    string
		want  Webhook
		fault string // a part of it
	}{
		{in: DefaultWebhook, want: Webhook{Base: DefaultWebhook}},
		{in: " https://oapi.dingtalk.com/robot/send?access_token=abc\n", want: Webhook{Base: DefaultWebhook, Token: "abc"}},
		{in: "HTTPS://OAPI.dingtalk.COM", want: Webhook{Base: DefaultWebhook}},
		{in: DefaultWebhook + "?access_token=a&timestamp=1&sign=b%3D", want: Webhook{Base: DefaultWebhook, Token: "a"}},
		{in: DefaultWebhook + "?tenant=7&access_token=a&x", want: Webhook{Base: DefaultWebhook, Query: "tenant=7&x", Token: "a"}},
		{in: "http://127.0.0.1:8080/robot/send", want: Webhook{Base: "http://127.0.0.1:8080/robot/send"}},
		{in: "http://localhost/x", want: Webhook{Base: "http://localhost/x"}},
		{in: "http://[::1]:80/x", want: Webhook{Base: "http://[::1]:80/x"}},
		{in: "http://oapi.dingtalk.com/robot/send", fault: "not encrypted"},
		{in: "http://127.0.0.1.evil.example/", fault: "not encrypted"},
		{in: "http://127.0.0.1@evil.example/", fault: "user name"},
		{in: "http://127.0.0.1:80@evil.example/", fault: "user name"},
		{in: "http://localhost.evil.example/", fault: "not encrypted"},
		{in: "http://127.1/", fault: "not encrypted"},
		{in: "http://127.0.0.256/", fault: "not encrypted"},
		{in: "http://127.0.0.010/", fault: "not encrypted"},
		{in: "http://2130706433/", fault: "not encrypted"},
		{in: "http://evil.example\\@127.0.0.1/", fault: "no address may hold"},
		{in: "http://evil.example#@127.0.0.1/", fault: "must not hold a #"},
		{in: "ftp://oapi.dingtalk.com/", fault: "unknown scheme"},
		{in: "oapi.dingtalk.com/robot/send", fault: "must begin with https://"},
		{in: "https:///robot", fault: "no valid host"},
		{in: "https://-a/", fault: "no valid host"},
		{in: "https://a..b/", fault: "no valid host"},
		{in: "https://[::2]/", fault: "no valid host"},
		{in: "https://a:/", fault: "invalid port"},
		{in: "https://a:65536/", fault: "invalid port"},
		{in: "https://a:99999999999/", fault: "invalid port"},
		{in: "http://[::1]01/", fault: "invalid port"},
		{in: "https://a:8x/", fault: "invalid port"},
		{in: "https://a/%zz", fault: "hexadecimal"},
		{in: "https://钉钉.example/", fault: "no address may hold"},
		{in: "https://a/b c", fault: "no address may hold"},
		{in: DefaultWebhook + "?access_token=a'b", fault: "no access token holds"},
		{in: DefaultWebhook + "?access_token=a&access_token=a", fault: "more than one access_token"},
		{in: DefaultWebhook + "?access_token=&x=1&access_token=a", fault: "more than one access_token"},
		{in: DefaultWebhook + "?access_token=a&access%5ftoken=b", fault: "in the name of a parameter"},
	} {
		got, fault := ParseWebhook(test.in)
		if test.fault == "" && (fault != "" || got != test.want) {
			t.Errorf("ParseAddress(%q) = %+v %q, want %+v", test.in, got, fault, test.want)
		}
		if test.fault != "" && !strings.Contains(fault, test.fault) {
			t.Errorf("ParseAddress(%q): fault %q, want %q", test.in, fault, test.fault)
		}
	}
}

// For net/url, an accepted address has the same host, and that of plain http is a
// loopback host for package net.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{DefaultWebhook, "http://127.0.0.1:80@evil.example/", "http://[::1]/a?b=c", "http://127.9.9.9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, fault := ParseWebhook(s)
		if fault != "" {
			return
		}
		u, err := url.Parse(got.Base + "?" + got.Query)
		if err != nil {
			t.Fatalf("%q: %v", got.Base, err)
		}
		original, err := url.Parse(strings.TrimSpace(s))
		if err != nil || !strings.EqualFold(original.Hostname(), u.Hostname()) || u.User != nil {
			t.Fatalf("%q became %q (%v)", s, got.Base, err)
		}
		if u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
			t.Fatalf("plain http to %q", u.Hostname())
		}
	})
}
