package webui

import (
	"net/http"
	"net/url"
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
