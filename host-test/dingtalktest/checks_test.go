package dingtalktest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// rows returns the lines of a file in testdata, without what comes before the first blank line.
func rows(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	_, table, found := strings.Cut(string(data), "\n\n")
	if err != nil || !found {
		t.Fatalf("%s has no table: %v", name, err)
	}
	return strings.Split(strings.TrimSpace(table), "\n")
}

// sections returns the sections of a file in testdata.
func sections(t *testing.T, name string) []txtar.File {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + name)
	if err != nil || len(archive.Files) == 0 {
		t.Fatalf("%s has no sections: %v", name, err)
	}
	return archive.Files
}

// checkRefused sends a request in each wording, and expects the answer, which may be the same in all, and a record of it.
func checkRefused(t *testing.T, name string, o Options, change func(*http.Request), want []answer) {
	t.Helper()
	for w := range wordingNames {
		o.Wording = Wording(w)
		s, req := newServer(o), request(hello)
		change(req)
		got, q, want := do(t, s, req), s.Requests()[0], want[w%len(want)]
		if got != want {
			t.Errorf("%s, %v: answer\n%v, want\n%v", name, o.Wording, got, want)
		}
		if len(s.Messages()) != 0 || q.Message != nil || !strings.HasPrefix(q.Explanation, "refused: ") {
			t.Errorf("%s: stored %d messages, explained %q", name, len(s.Messages()), q.Explanation)
		}
		if q.Code != want.Code || q.Text != want.Text || q.Status != 200 {
			t.Errorf("%s: recorded %d, %d %s", name, q.Status, q.Code, q.Text)
		}
	}
}

// change returns a change to a request, as testdata/refusals.txt names it.
func change(key, value string) func(*http.Request) {
	return func(r *http.Request) {
		switch key {
		case "method":
			r.Method = value
		case "query":
			r.URL.RawQuery = value
		case "type":
			r.Header.Set("Content-Type", value)
		case "bytes":
			n, _ := strconv.Atoi(value)
			r.Body = io.NopCloser(strings.NewReader(sized(n)))
		case "body":
			if literal, err := strconv.Unquote(value); err == nil {
				value = literal
			}
			r.Body = io.NopCloser(strings.NewReader(value))
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, section := range sections(t, "refusals.txt") {
		var o Options
		var want []answer
		var changes []func(*http.Request)
		for line := range strings.Lines(string(section.Data)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if code, err := strconv.Atoi(key); err == nil {
				want = append(want, answer{code, value})
			} else if key != "options" {
				changes = append(changes, change(key, value))
			} else if err := json.Unmarshal([]byte(value), &o); err != nil {
				t.Fatal(err)
			}
		}
		if changes == nil {
			changes = append(changes, func(*http.Request) {})
		}
		for _, change := range changes {
			checkRefused(t, section.Name, o, change, want)
		}
	}
}

// lacks is the answer to a missing field, whose path is written with blanks: "markdown title".
func lacks(code int, path string) []answer {
	const docs = "请参考本接口对应文档查看参数获取方式，或者在https://open.dingtalk.com/document/  搜索对应文档;"
	name := strings.ReplaceAll(path, " ", " --》 ")
	return []answer{
		Wording2023:   {code, "错误描述:参数 " + name + " 缺失，或者参数格式不正确; 解决方案:请填充上对应参数;参考链接:" + docs},
		Wording2022:   {code, "description:参数 " + name + " 缺失，或者参数格式不正确; solution:请填充上对应参数;link:" + docs},
		WordingLegacy: {code, "miss param : " + strings.ReplaceAll(path, " ", "->")},
	}
}

func TestMissingFields(t *testing.T) {
	for _, row := range rows(t, "missing.txt") {
		f := strings.Split(row, "\t") // errcode, field, body
		code, _ := strconv.Atoi(f[0])
		checkRefused(t, f[2], Options{}, change("body", f[2]), lacks(code, f[1]))
	}
}

func link(address string) string {
	return `{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"` + address + `"}}`
}

// sized returns a message of exactly that many bytes.
func sized(n int) string {
	return strings.Replace(hello, "hello", strings.Repeat("x", n-len(hello)+len("hello")), 1)
}

func TestLargestBody(t *testing.T) {
	if got := post(t, newServer(Options{}), sized(20000)); got != ok {
		t.Errorf("20000 bytes: %v", got)
	}
}

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func TestAllowIPs(t *testing.T) {
	s := newServer(Options{AllowIPs: prefixes("10.0.0.0/8", "192.0.2.1/32")})
	for address, want := range map[string]int{
		"192.0.2.1:1234": 0, "10.9.8.7:1": 0, "[::ffff:10.1.1.1]:1": 0, "192.0.2.2:1": 310000, "nonsense": 310000,
	} {
		req := request(hello)
		req.RemoteAddr = address
		req.Header.Set("X-Forwarded-For", "10.0.0.1")
		if got := do(t, s, req); got.Code != want {
			t.Errorf("%s: code %d, want %d", address, got.Code, want)
		}
	}
}

func TestKeywordPlaces(t *testing.T) {
	for _, row := range rows(t, "keywords.txt") {
		want, body, _ := strings.Cut(row, "\t")
		s := newServer(Options{Keywords: []string{"zebra", "KEY"}})
		if got := post(t, s, body); strconv.Itoa(got.Code) != want {
			t.Errorf("%s: code %d, want %s", body, got.Code, want)
		}
		if m := s.Messages(); want == "0" && m[0].Keyword != "KEY" {
			t.Errorf("%s: keyword %q", body, m[0].Keyword)
		}
	}
}

// mistake is something wrong with the robot's options, with the message, which is a link, or with the request.
type mistake struct {
	key, value string // "options", "msgtype" and "link" besides those of change
	code       int
	text       string // tells answers with the same code apart
}

// mistakes are in the order of the checks.
var mistakes = []mistake{
	{"method", "PUT", 43002, ""},
	{"query", "", 40035, "access_token"},
	{"body", "{", 40035, "json"},
	{"type", "text/plain", 43004, ""},
	{"options", `{"token":"another"}`, 300005, ""},
	{"options", `{"removed":true}`, 400106, ""},
	{"options", `{"disabled":true}`, 400102, ""},
	{"options", `{"dissolved":true}`, 400013, ""},
	{"options", `{"secret":"SECx"}`, 310000, "签名不匹配"},
	{"options", `{"allowIPs":["10.0.0.0/8"]}`, 310000, "白名单"},
	{"msgtype", `"file"`, 400105, ""},
	{"link", `{"title":null}`, 400303, ""},
	{"link", `{"text":"` + strings.Repeat("x", 20000) + `"}`, 460101, ""},
	{"options", `{"keywords":["zebra"]}`, 310000, "关键词"},
	{"link", `{"messageUrl":"ftp://a.example/"}`, 430101, ""},
	{"options", `{"perMinute":1}`, 410100, ""},
}

// TestCheckOrder makes every two mistakes at once: the answer is about the first.
func TestCheckOrder(t *testing.T) {
	for i, first := range mistakes {
		for _, second := range mistakes[i+1:] {
			s := newServer(Options{PerMinute: 2})
			post(t, s, link("https://a.example/"))
			if got := do(t, s, withMistakes(t, s, first, second)); got.Code != first.code || !strings.Contains(got.Text, first.text) {
				t.Errorf("%.40v and %.40v: answer %v", first, second, got)
			}
		}
	}
}

// withMistakes returns a request, and changes the robot's options.
func withMistakes(t *testing.T, s *Server, both ...mistake) *http.Request {
	t.Helper()
	message := struct {
		Type string         `json:"msgtype"`
		Link map[string]any `json:"link"`
	}{"link", object{"title": "a", "text": "b", "messageUrl": "https://a.example/"}}
	o := s.Options()
	for _, m := range both {
		if into := map[string]any{"options": &o, "msgtype": &message.Type, "link": &message.Link}[m.key]; into != nil {
			if err := json.Unmarshal([]byte(m.value), into); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.SetOptions(func(current *Options) { *current = o })
	body, _ := json.Marshal(message)
	req := request(string(body))
	for _, m := range both {
		change(m.key, m.value)(req)
	}
	return req
}

// vectors were computed with other programs than this one (Python, OpenSSL).
var vectors = []struct{ secret, timestamp, sign, encoded string }{
	{"this is secret", "1577262236757", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=", "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"},
	{"SEC000000000000000000000", "1700000000000",
		"1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=", "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"},
	{"SECf3b1c0ffee1234567890abcdef1234567890abcdef1234567890abcdef12345678", "1763683200000",
		"YyuE/VzzLi9oYKlhchvm/3g1/+cSiNBcG5ICtbiWobo=", "YyuE%2FVzzLi9oYKlhchvm%2F3g1%2F%2BcSiNBcG5ICtbiWobo%3D"},
	{"SECdemo0000000000000000000000000000000000000000000000000000000000", "1763683200001",
		"W133+GrITPT/Sh0E/Shah4Xp7SIHpQUJnrA09vap6OQ=", "W133%2BGrITPT%2FSh0E%2FShah4Xp7SIHpQUJnrA09vap6OQ%3D"},
	{"密钥 SEC/+=", "1763683200001", "w3m4+NtPu3PUKcf0U10yv8VtJvGdDXzpES7i+wy+a4Q=", "w3m4%2BNtPu3PUKcf0U10yv8VtJvGdDXzpES7i%2Bwy%2Ba4Q%3D"},
	{"SEC-test", "1700000000000", "Sf/ft2shUSqoR1REF+DS39IoTlwQRyDPwfM8S94ODOc=", "Sf%2Fft2shUSqoR1REF%2BDS39IoTlwQRyDPwfM8S94ODOc%3D"},
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := signature(v.secret, v.timestamp); got != v.sign || url.QueryEscape(got) != v.encoded {
			t.Errorf("signature(%q, %s) = %s, %s", v.secret, v.timestamp, got, url.QueryEscape(got))
		}
	}
}

type signedQuery struct {
	name  string
	query string
	late  time.Duration
	want  string
}

// signedQueries signs correctly, and in the ways that senders get wrong.
func signedQueries(timestamp, signature, encoded string) []signedQuery {
	const expired, mismatch = "签名过期", "签名不匹配"
	at, sign := "&timestamp="+timestamp, "&sign="+encoded
	unescaped := map[bool]string{true: mismatch, false: "ok"}[strings.Contains(signature, "+")] // which a query decodes to a space
	return []signedQuery{
		{"right", at + sign, 0, "ok"},
		{"an hour late", at + sign, time.Hour, "ok"},
		{"an hour early", at + sign, -time.Hour, "ok"},
		{"too late", at + sign, time.Hour + time.Millisecond, expired},
		{"too early", at + sign, -time.Hour - time.Millisecond, expired},
		{"seconds", strings.TrimSuffix(at, timestamp[10:]) + sign, 0, expired},
		{"not a number", "&timestamp=now" + sign, 0, expired},
		{"a plus", "&timestamp=%2B" + timestamp + sign, 0, expired},
		{"no timestamp", sign, 0, expired},
		{"no sign", at, 0, mismatch},
		{"neither", "", 0, mismatch},
		{"not encoded", at + "&sign=" + signature, 0, unescaped},
		{"encoded twice", at + "&sign=" + url.QueryEscape(encoded), 0, mismatch},
		{"another time", "&timestamp=" + timestamp[:12] + "9" + sign, 0, mismatch},
		{"no padding", at + strings.TrimSuffix(sign, "%3D"), 0, mismatch},
		{"signed again at the end", at + "&sign=x" + at + sign, 0, mismatch},
	}
}

// TestSignedRequests posts with the signatures in vectors.
func TestSignedRequests(t *testing.T) {
	for _, v := range vectors {
		made, _ := parseMillis(v.timestamp)
		for _, tt := range signedQueries(v.timestamp, v.sign, v.encoded) {
			s := New(&Options{Secret: v.secret, Now: func() time.Time { return made }})
			s.AdvanceClock(tt.late)
			req := request(hello)
			req.URL.RawQuery += tt.query
			if got := do(t, s, req); !strings.Contains(got.Text, tt.want) {
				t.Errorf("%s, %s: answer %v, want %s", v.secret, tt.name, got, tt.want)
			}
			if m := s.Messages(); tt.want == "ok" && (len(m) != 1 || !m[0].Signed || !s.Requests()[0].SignVerified) {
				t.Errorf("%s, %s: not recorded as signed", v.secret, tt.name)
			}
		}
	}
}

func TestUnsolicitedSignature(t *testing.T) {
	s := newServer(Options{})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=1&sign=x"
	if got := do(t, s, req); got != ok || s.Messages()[0].Signed {
		t.Errorf("answer = %v, signed %v", got, s.Messages()[0].Signed)
	}
}
