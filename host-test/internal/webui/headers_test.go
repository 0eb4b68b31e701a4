package webui

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

func TestHeaders(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'none'; connect-src 'self'; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	}
	for _, path := range []string{"/", "/page.css", "/page.js", "/nothing"} {
		res, _ := g.get(t, path)
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
	}
}

// TestOtherSites tries every switch the way a page elsewhere would with the visitor's browser, and the ways that are fine.
func TestOtherSites(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	tests := []struct {
		header, value string
		want          int
	}{
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Sec-Fetch-Site", "same-site", 403},
		{"Origin", "https://evil.example", 403},
		{"Origin", "null", 403},
		{"Sec-Fetch-Site", "same-origin", 303},
		{"Sec-Fetch-Site", "none", 303},
		{"Origin", g.URL, 303},
		{"User-Agent", "curl", 303},
	}
	forms := map[string]url.Values{
		"/mood/secret": {"on": {"true"}}, "/mood/keyword": {"on": {"true"}}, "/mood/rate": {"on": {"true"}},
		"/mood/texts": {"generation": {"old"}}, "/mood/fault": {"name": {"busy"}}, "/mood/advance": {"by": {"1m"}}, "/mood/clear": nil,
	}
	for path, form := range forms {
		for _, tt := range tests {
			if status, text := g.turn(t, path, form, tt.header, tt.value); status != tt.want {
				t.Errorf("%s with %s %s: %d %q, want %d", path, tt.header, tt.value, status, text, tt.want)
			}
		}
	}
}

// TestRefusedSwitch makes sure that a refusal comes before the change.
func TestRefusedSwitch(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.turn(t, "/mood/secret", url.Values{"on": {"true"}}, "Sec-Fetch-Site", "cross-site")
	if got := g.post(t, textBody("x")); got != 0 {
		t.Errorf("errcode %d after a refused switch", got)
	}
	res, err := http.Get(g.URL + "/mood/secret?on=true")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := g.post(t, textBody("x")); got != 0 || res.StatusCode != 405 {
		t.Errorf("errcode %d after a GET that was answered with %d", got, res.StatusCode)
	}
}

// TestRebinding asks as a browser does on whose side a site's name was made to lead to this machine: everything fits but the
// name.
func TestRebinding(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("for the group alone"))
	for _, path := range []string{"/", "/events", "/page.js", "/requests/" + string(newMark(g.Requests()[0].Cursor()))} {
		req, _ := http.NewRequest("GET", g.URL+path, nil)
		req.Host = "evil.example:" + g.port()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s as evil.example: %d", path, res.StatusCode)
		}
		res.Body.Close()
	}
	status, text := g.turnAs(t, "evil.example:"+g.port(), "/mood/clear", nil, "Sec-Fetch-Site", "same-origin", "Origin", "http://evil.example:"+g.port())
	if status != http.StatusMisdirectedRequest || !strings.Contains(text, "Use localhost") || strings.Contains(text, "evil") {
		t.Errorf("a switch as evil.example: %d %s", status, text)
	}
	if len(g.Messages()) != 1 {
		t.Error("a foreign name emptied the group")
	}
}

func (g group) port() string {
	return g.Listener.Addr().(*net.TCPAddr).AddrPort().String()[len("127.0.0.1:"):]
}

// turnAs posts a form under a host name of its own.
func (g group) turnAs(t *testing.T, host, path string, form url.Values, headers ...string) (status int, text string) {
	t.Helper()
	return g.turn(t, path, form, append(headers, "Host", host)...)
}

func TestServedAs(t *testing.T) {
	hosts := []string{"Robot.local", "192.0.2.9", "2001:db8::9"}
	tests := []struct {
		host string
		want bool
	}{
		{"localhost", true}, {"localhost:8787", true}, {"LOCALHOST:1", true},
		{"127.0.0.1", true}, {"127.0.0.1:8787", true}, {"127.9.8.7", true}, {"[::1]", true}, {"[::1]:8787", true}, {"[::ffff:127.0.0.1]", true},
		{"robot.local:80", true}, {"ROBOT.LOCAL", true}, {"192.0.2.9:8787", true}, {"[2001:db8::9]:8787", true},
		{"192.0.2.1", true}, {"192.0.2.1:99", true}, // where the connection arrived

		{"", false}, {":8787", false}, {"evil.example", false}, {"evil.example:8787", false}, {"192.0.2.2", false}, {"[2001:db8::1]", false},
		{"localhost.evil.example", false}, {"127.0.0.1.evil.example", false}, {"evil.example.", false}, {"localhost.", false},
		{"localhost@evil.example", false}, {"2130706433", false}, {"0x7f.1", false}, {"127.1", false}, {"0.0.0.0", false}, {"[::]", false},
		{"robot.local.evil.example", false}, {"xrobot.local", false},
	}
	for _, tt := range tests {
		req := httptest.NewRequest("GET", "/", nil)
		req.Host = tt.host
		req = req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8787})))
		if got := servedAs(req, hosts); got != tt.want {
			t.Errorf("%q is served: %v", tt.host, got)
		}
	}
}
