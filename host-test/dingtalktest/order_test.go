package dingtalktest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// wrong is one thing that is wrong with a setting or a message. A message is a link, which every check has an opinion on.
type wrong struct {
	name    string
	options func(*Options)
	message func(root, link map[string]any)
	request func(*http.Request)
	garbage string // after the JSON
	code    int
}

// wrongs are in the order of the checks.
var wrongs = []wrong{
	{name: "method", code: 43002, request: func(r *http.Request) { r.Method = "PUT" }},
	{name: "no token", code: 40035, request: func(r *http.Request) { r.URL.RawQuery = "" }},
	{name: "json", code: 40035, garbage: "}"},
	{name: "content type", code: 43004, request: contentType("text/plain")},
	{name: "token", code: 300005, options: func(o *Options) { o.Token = "another" }},
	{name: "removed", code: 400106, options: func(o *Options) { o.Removed = true }},
	{name: "disabled", code: 400102, options: func(o *Options) { o.Disabled = true }},
	{name: "dissolved", code: 400013, options: func(o *Options) { o.Dissolved = true }},
	{name: "sign", code: 310000, options: func(o *Options) { o.Secret = "SECx" }},
	{name: "address", code: 310000, options: func(o *Options) { o.AllowIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }},
	{name: "msgtype", code: 400105, message: func(root, _ map[string]any) { root["msgtype"] = "file" }},
	{name: "field", code: 400303, message: func(_, link map[string]any) { delete(link, "title") }},
	{name: "size", code: 460101, message: func(_, link map[string]any) { link["text"] = strings.Repeat("x", 20000) }},
	{name: "keyword", code: 310000, options: func(o *Options) { o.Keywords = []string{"zebra"} }},
	{name: "link", code: 430101, message: func(_, link map[string]any) { link["messageUrl"] = "ftp://a.example/" }},
	{name: "rate", code: 410100, options: func(o *Options) { o.PerMinute = 1 }},
}

// texts of the answers that share their code with another check.
var telling = map[string]string{
	"no token": "access_token", "json": "json", "sign": "签名不匹配", "address": "白名单", "keyword": "关键词",
}

// TestOrder takes every two things that can be wrong at once: the answer is about the first.
func TestOrder(t *testing.T) {
	for i, first := range wrongs {
		for _, second := range wrongs[i+1:] {
			r := newRobot(Options{PerMinute: 2})
			if got := post(t, r, link("https://a.example/")); got != ok {
				t.Fatalf("before: %v", got)
			}
			got := do(t, r, spoil(r, first, second))
			if got.Code != first.code || !strings.Contains(got.Text, telling[first.name]) {
				t.Errorf("%s and %s: answer %v", first.name, second.name, got)
			}
		}
	}
}

// spoil configures the robot and makes the request that has both things wrong.
func spoil(r *Server, both ...wrong) *http.Request {
	link := map[string]any{"title": "a", "text": "b", "messageUrl": "https://a.example/"}
	root := map[string]any{"msgtype": "link", "link": link}
	garbage := ""
	for _, w := range both {
		if w.options != nil {
			r.SetOptions(w.options)
		}
		if w.message != nil {
			w.message(root, link)
		}
		garbage += w.garbage
	}
	body, _ := json.Marshal(root)
	req := request(string(body) + garbage)
	for _, w := range both {
		if w.request != nil {
			w.request(req)
		}
	}
	return req
}
