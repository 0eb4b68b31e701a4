package webui

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

// TestSwitches posts before, while and after each switch is on.
func TestSwitches(t *testing.T) {
	const keyword = "Deploy"
	codes := map[string]int{"token": 300005, "secret": 310000, "keyword": 310000, "ip": 310000, "disabled": 400102, "removed": 400106, "rate": 410100}
	for _, s := range toggles {
		g := newGroup(t, dingtalktest.Options{Keywords: []string{keyword}})
		for i, want := range []int{0, codes[s.Name], codes[s.Name], 0} {
			if i != 2 {
				on := i == 1
				if status, text := g.api(t, "PATCH", "switches", fmt.Sprintf(`{%q:%v}`, s.Name, on)); status != 200 || !strings.Contains(text, fmt.Sprintf(`%q:%v`, s.Name, on)) {
					t.Errorf("%s %v: %d %s", s.Name, on, status, text)
				}
				if n := strings.Count(g.get(t, "/"), `aria-checked="true"`); (n == 1) != on {
					t.Errorf("%s %v: the page shows %d switches on", s.Name, on, n)
				}
			}
			if i == 3 {
				g.api(t, "PUT", "clock", `{"ahead":"11m"}`) // past the lock
			}
			if got := g.post(t, textBody(keyword)); got != want {
				t.Errorf("%s: errcode %d for message %d, want %d", s.Name, got, i, want)
			}
		}
	}
}

// TestSwitchOnFromTheBeginning turns off what no switch has turned on.
func TestSwitchOnFromTheBeginning(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{Disabled: true})
	g.api(t, "PATCH", "switches", `{"disabled":false}`)
	if got := g.post(t, textBody("x")); got != 0 {
		t.Errorf("errcode %d", got)
	}
}

// TestAPI makes the calls in testdata/api.txt, as a test suite does.
func TestAPI(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{}, Options{Example: func(*dingtalktest.Options, string) string { return "" }})
	g.post(t, `{"msgtype":"text","text":{"content":"deploy \u0040 138 @138"},"at":{"atMobiles":["138"]}}`)
	weekly := strings.TrimSuffix(markdownBody("Weekly", "report"), "}") + `,"msgUuid":"u"}`
	for _, body := range []string{weekly, `{"msgtype":"text","text":{}}`, weekly} {
		g.post(t, body)
	}
	calls := strings.ReplaceAll(readFile(t, "testdata/api.txt"), "$1", formatCursor(g.Requests()[0].Cursor()))
	list := regexp.MustCompile(`(?m)^([A-Z]+) (\S+) ?(.*)\n\t(\d+) (.*)$`).FindAllStringSubmatch(calls, -1)
	if want := strings.Count(calls, "\n\t"); len(list) != want || want < 30 {
		t.Errorf("%d of %d calls can be read", len(list), want)
	}
	for _, c := range list {
		status, text := g.api(t, c[1], c[2], c[3])
		if ok, err := regexp.MatchString("(?s)"+c[5], text); fmt.Sprint(status) != c[4] || !ok || err != nil {
			t.Errorf("%s %s %s: %d, want %s; no %s in\n%s", c[1], c[2], c[3], status, c[4], c[5], text)
		}
	}
	if status, text := g.api(t, "POST", "faults", `{"name":"`+strings.Repeat("x", maxInput)+`"}`); status != 400 || !strings.Contains(text, "too large") {
		t.Errorf("a large body: %d %s", status, text)
	}
}

// TestTexts requires that each text of the page is in the table of each language, and that nothing else is in it.
func TestTexts(t *testing.T) {
	all := map[string]bool{}
	used := regexp.MustCompile(`\bt[ (]"((?:[^"\\]|\\.)*)"`)
	for _, pattern := range []string{"*.go", "web/*.html", "web/*.js"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			for _, m := range used.FindAllStringSubmatch(readFile(t, name), -1) {
				all[m[1]] = all[m[1]] || !strings.HasSuffix(name, "_test.go")
			}
		}
	}
	for _, s := range toggles {
		all[s.Title], all[s.About] = true, true
	}
	for _, headline := range headlines {
		all[headline] = true
	}
	for _, m := range phoneMarks {
		all[m.About] = true
	}
	zh, en := newLanguage("zh"), newLanguage("en")
	for _, name := range dingtalktest.FaultNames() {
		all["fault "+name] = true
		if en.Texts["fault "+name] == "" {
			t.Errorf("no English text for the fault %s", name)
		}
	}
	for text, ours := range all {
		if _, ok := zh.Texts[text]; ours && !ok {
			t.Errorf("no Chinese text for %q", text)
		}
	}
	for text := range zh.Texts {
		if !all[text] {
			t.Errorf("the page has no %q", text)
		}
	}
}

// TestExplanations requires a translation of each explanation in dingtalktest.
func TestExplanations(t *testing.T) {
	_, known, _ := strings.Cut(readFile(t, "web/zh.json"), `"explanations"`)
	sources, _ := filepath.Glob("../../dingtalktest/*.go")
	said := regexp.MustCompile("(?:refuse\\([^\"`\\n]*|missing[^\"\\n]*|miss\\([^\"\\n]*|interrupt\\(|explainFault\\(|errors.New\\()[\"`](.+?)[\"`][,) +]")
	n := 0
	for _, name := range sources {
		for _, m := range said.FindAllStringSubmatch(readFile(t, name), -1) {
			if n++; strings.Contains(m[1], " ") && !strings.Contains(known, strings.ReplaceAll(strings.TrimSuffix(m[1], ": %v"), `"`, `\"`)) && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s says %q: no translation", name, m[1])
			}
		}
	}
	if n < 30 {
		t.Errorf("found %d explanations", n)
	}
	zh := newLanguage("zh")
	for _, tt := range []struct{ en, zh string }{
		{"accepted: token known, signature verified, keyword \"a, b; c\" found, message 1 of 20 in this minute", "已接收：token 正确，签名正确，含有关键词 \"a, b; c\"，本分钟第 1 / 20 条"},
		{"refused: the body has 20040 bytes, of at most 20000; fault: an injected error", "已拒绝：正文有 20040 字节，最多 20000 字节；故障：注入的错误"},
		{"the text has no @u1", "正文里没有 @u1"},
		{"refused: something new", "refused: something new"},
	} {
		if got := zh.explain(tt.en); got != tt.zh {
			t.Errorf("%s: %s, want %s", tt.en, got, tt.zh)
		}
	}
}

func TestLanguages(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody(""))
	for _, tt := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "en"}, {"", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh"}, {"", "", "zh-TW", "zh"}, {"", "", "en-US,zh;q=0.5", "en"},
		{"", "", "fr, ja;q=0.5", "en"}, {"", "", "de;q=0.1, zh;q=0.9", "zh"}, {"", "", ";;q=%00<", "en"},
		{"", "lang=zh", "en", "zh"}, {"", "lang=en", "zh", "en"}, {"", "lang=<b>", "zh", "zh"}, {"?lang=zh", "lang=en", "en", "zh"}, {"?lang=<b>", "", "en", "en"},
	} {
		res, html := g.do(t, "GET", "/"+tt.query, "", "Cookie", tt.cookie, "Accept-Language", tt.accept)
		word := map[string]string{"en": `<p class="why">refused: text.content is missing, empty or of another kind</p>`, "zh": `<p class="why">已拒绝：text.content 缺失、为空或类型不对</p>`}[tt.want]
		if !strings.Contains(html, `<html lang="`+tt.want+`">`) || !strings.Contains(html, word) {
			t.Errorf("%+v: no %s", tt, word)
		}
		if set := res.Header.Get("Set-Cookie"); strings.HasPrefix(set, "lang=zh; Path=/;") != (tt.query == "?lang=zh") {
			t.Errorf("%+v: cookie %q", tt, set)
		}
	}
	_, html := g.do(t, "GET", detailsPath(g.Requests()[0]), "", "Accept-Language", "zh")
	if !strings.Contains(html, `<html lang="zh">`) || !strings.Contains(html, "复制为 curl") {
		t.Errorf("details:\n%s", html)
	}
}

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
	tests := map[bool]string{
		true: "localhost localhost:8787 LOCALHOST:1 127.0.0.1 127.0.0.1:8787 127.9.8.7 [::1] [::1]:8787 [::ffff:127.0.0.1] " +
			"robot.local:80 ROBOT.LOCAL 192.0.2.9:8787 [2001:db8::9]:8787 " +
			"192.0.2.1 192.0.2.1:99", // where the client connected to
		false: " :8787 evil.example evil.example:8787 192.0.2.2 [2001:db8::1] " + // the first is empty
			"localhost.evil.example 127.0.0.1.evil.example evil.example. localhost. " +
			"localhost@evil.example 2130706433 0x7f.1 127.1 0.0.0.0 [::] robot.local.evil.example xrobot.local",
	}
	local := net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8787})
	for want, names := range tests {
		for name := range strings.SplitSeq(names, " ") {
			req := httptest.NewRequest("GET", "/", nil)
			req.Host = name
			req = req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, local))
			if got := servedAs(req, hosts); got != want {
				t.Errorf("servedAs(%q) = %v, want %v", name, got, want)
			}
		}
	}
}
