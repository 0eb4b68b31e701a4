package dingtalk

import (
	"net"
	"net/url"
	"strings"
	"testing"
)

func TestParseWebhook(t *testing.T) {
	for in, want := range map[string]Webhook{
		DefaultWebhook: {Base: DefaultWebhook},
		" https://oapi.dingtalk.com/robot/send?access_token=abc\n": {Base: DefaultWebhook, Token: "abc"},
		"HTTPS://OAPI.dingtalk.COM":                                {Base: DefaultWebhook},
		DefaultWebhook + "?access_token=a&timestamp=1&sign=b%3D":   {Base: DefaultWebhook, Token: "a"},
		DefaultWebhook + "?tenant=7&access_token=a&x":              {Base: DefaultWebhook, Query: "tenant=7&x", Token: "a"},
		"http://127.0.0.1:8080/robot/send":                         {Base: "http://127.0.0.1:8080/robot/send"},
		"http://localhost/x":                                       {Base: "http://localhost/x"},
		"http://[::1]:80/x":                                        {Base: "http://[::1]:80/x"},
	} {
		if got, fault := ParseWebhook(in); fault != "" || got != want {
			t.Errorf("ParseWebhook(%q) = %+v %q, want %+v", in, got, fault, want)
		}
	}
}

func TestParseWebhookRefuses(t *testing.T) {
	for want, list := range map[string][]string{ // by a part of the fault
		"not encrypted": {
			"http://oapi.dingtalk.com/robot/send", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/",
			"http://127.1/", "http://127.0.0.256/", "http://127.0.0.010/", "http://2130706433/",
		},
		"user name":                  {"http://127.0.0.1@evil.example/", "http://127.0.0.1:80@evil.example/"},
		"no address may hold":        {"http://evil.example\\@127.0.0.1/", "https://钉钉.example/", "https://a/b c"},
		"must not hold a #":          {"http://evil.example#@127.0.0.1/"},
		"unknown scheme":             {"ftp://oapi.dingtalk.com/"},
		"must begin with https://":   {"oapi.dingtalk.com/robot/send"},
		"no valid host":              {"https:///robot", "https://-a/", "https://a..b/", "https://[::2]/"},
		"invalid port":               {"https://a:/", "https://a:65536/", "https://a:99999999999/", "http://[::1]01/", "https://a:8x/"},
		"hexadecimal":                {"https://a/%zz"},
		"no access token holds":      {DefaultWebhook + "?access_token=a'b"},
		"more than one access_token": {DefaultWebhook + "?access_token=a&access_token=a", DefaultWebhook + "?access_token=&x=1&access_token=a"},
		"in the name of a parameter": {DefaultWebhook + "?access_token=a&access%5ftoken=b"},
	} {
		for _, in := range list {
			if _, fault := ParseWebhook(in); !strings.Contains(fault, want) {
				t.Errorf("ParseWebhook(%q): fault %q, want %q", in, fault, want)
			}
		}
	}
}

// For net/url, an accepted address has the same host, and that of plain http is a
// loopback host for package net.
func FuzzParseWebhook(f *testing.F) {
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
