package webui

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

func TestAddresses(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	}
	for _, tt := range []struct {
		path, contentType string
		status            int
	}{
		{"/", "text/html; charset=utf-8", 200},
		{"/page.css", "text/css; charset=utf-8", 200},
		{"/page.js", "text/javascript; charset=utf-8", 200},
		{"/nothing", "text/plain; charset=utf-8", 404},
		{"/page.html", "text/plain; charset=utf-8", 404},
		{"/requests/1-1", "text/plain; charset=utf-8", 404},
		{"/favicon.svg", "image/svg+xml", 200},
		{"/zh.json", "text/plain; charset=utf-8", 404},
		{"/api/v1/messages", "application/json; charset=utf-8", 200},
		{"/api/v1/requests/1-1", "application/json; charset=utf-8", 404},
		{"/api/v1/nothing", "text/plain; charset=utf-8", 404},
	} {
		res, _ := g.do(t, "GET", tt.path, "")
		if got := res.Header.Get("Content-Type"); res.StatusCode != tt.status || got != tt.contentType {
			t.Errorf("%s: %d %q, want %d %q", tt.path, res.StatusCode, got, tt.status, tt.contentType)
		}
		for name, want := range headers {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.path, name, got, want)
			}
		}
	}
}

// TestCrossOrigin calls the API as another site's page would, and as the page and programs do.
func TestCrossOrigin(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	calls := []struct{ method, path, body string }{
		{"PATCH", "robot", `{"disabled":true}`}, {"PATCH", "switches", `{"secret":true}`}, {"POST", "faults", `{"name":"busy"}`},
		{"PUT", "clock", `{"ahead":"1m"}`}, {"DELETE", "faults", ""}, {"DELETE", "requests", ""},
	}
	for _, tt := range []struct {
		header, value string
		refused       bool
	}{
		{"Sec-Fetch-Site", "cross-site", true},
		{"Sec-Fetch-Site", "same-site", true},
		{"Origin", "https://evil.example", true},
		{"Origin", "null", true},
		{"Sec-Fetch-Site", "same-origin", false},
		{"Sec-Fetch-Site", "none", false},
		{"Origin", g.URL, false},
		{"User-Agent", "curl", false},
	} {
		for _, c := range calls {
			before, faults := g.Options(), g.Faults()
			status, text := g.api(t, c.method, c.path, c.body, tt.header, tt.value)
			if (status == 403) != tt.refused || status >= 300 && status != 403 {
				t.Errorf("%s %s with %s %s: %d %q", c.method, c.path, tt.header, tt.value, status, text)
			}
			if tt.refused && (!reflect.DeepEqual(g.Options(), before) || !reflect.DeepEqual(g.Faults(), faults) || g.ClockOffset() != 0) {
				t.Errorf("%s %s with %s %s changed something", c.method, c.path, tt.header, tt.value)
			}
		}
	}
}

// TestDNSRebinding sends what a browser sends after another site's name was pointed here: only the name is wrong.
func TestDNSRebinding(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("for the group alone"))
	host := "evil.example:" + strings.TrimPrefix(g.URL, "http://127.0.0.1:")
	for _, path := range []string{"/", "/events", "/page.js", "/api/v1/messages", detailsPath(g.Requests()[0])} {
		if res, _ := g.do(t, "GET", path, "", "Host", host); res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s as evil.example: %d", path, res.StatusCode)
		}
	}
	status, text := g.api(t, "DELETE", "requests", "", "Host", host, "Sec-Fetch-Site", "same-origin", "Origin", "http://"+host)
	if status != http.StatusMisdirectedRequest || !strings.Contains(text, "Use localhost") || strings.Contains(text, "evil") {
		t.Errorf("the API as evil.example: %d %s", status, text)
	}
	if len(g.Messages()) != 1 {
		t.Error("a foreign name emptied the group")
	}
}

func TestServedAs(t *testing.T) {
	hosts := []string{"Robot.local", "192.0.2.9", "2001:db8::9"}
	tests := map[bool][]string{
		true: {
			"localhost", "localhost:8787", "LOCALHOST:1",
			"127.0.0.1", "127.0.0.1:8787", "127.9.8.7", "[::1]", "[::1]:8787", "[::ffff:127.0.0.1]",
			"robot.local:80", "ROBOT.LOCAL", "192.0.2.9:8787", "[2001:db8::9]:8787",
			"192.0.2.1", "192.0.2.1:99", // where the client connected to
		},
		false: {
			"", ":8787", "evil.example", "evil.example:8787", "192.0.2.2", "[2001:db8::1]",
			"localhost.evil.example", "127.0.0.1.evil.example", "evil.example.", "localhost.",
			"localhost@evil.example", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::]",
			"robot.local.evil.example", "xrobot.local",
		},
	}
	local := net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8787})
	for want, names := range tests {
		for _, name := range names {
			req := httptest.NewRequest("GET", "/", nil)
			req.Host = name
			req = req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, local))
			if got := servedAs(req, hosts); got != want {
				t.Errorf("servedAs(%q) = %v, want %v", name, got, want)
			}
		}
	}
}
