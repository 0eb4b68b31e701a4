package webui

import (
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
)

func TestCurl(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("it's"))
	q := g.Requests()[0]
	want := `# ROBOT=https://oapi.dingtalk.com, or the address of this page
curl "$ROBOT/robot/send?access_token=$TOKEN&sign=$SIGN&timestamp=$TIMESTAMP" \
  -H 'Content-Type: application/json; charset=utf-8' \
  --data-raw '{"msgtype":"text","text":{"content":"it'\''s"}}'`
	if got := (entry{Request: q}).Curl(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestNoCredential looks for credentials in all that the page shows of a request.
func TestNoCredential(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody("x"))
	query, _ := url.ParseQuery(g.Requests()[0].Query)
	if query.Get("sign") != "***" || query.Get("access_token") != "***" {
		t.Fatalf("the server has not redacted %v", query)
	}
	details := g.get(t, detailsPath(g.Requests()[0]))
	for _, credential := range []string{dingtalktest.DefaultToken, secret} {
		if strings.Contains(g.get(t, "/")+details, credential) {
			t.Errorf("the page shows %s", credential)
		}
	}
	for _, want := range []string{"$TOKEN", "$TIMESTAMP", "$SIGN", "***", "verified", "of 20000 bytes", "message 1 within a minute", "none required"} {
		if !strings.Contains(details, want) {
			t.Errorf("the details have no %s", want)
		}
	}
}

// TestCurlInShell runs the command with a curl that prints its arguments. What the sender wrote must come out as written, and
// nothing else must happen.
func TestCurlInShell(t *testing.T) {
	for _, s := range append(hostile(), `$(touch hit)`, "`touch hit`", `';touch hit;'`, `"$TOKEN"`, `\`, "@/etc/hostname", "a\nb", `{[x]}`, "!!", "%61", "é文") {
		fake := dingtalktest.New(nil)
		fake.ServeHTTP(httptest.NewRecorder(), request(s))
		e := entry{Request: fake.Requests()[0]}
		cmd := exec.Command("sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n"+e.Curl())
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"ROBOT=http://r", "TOKEN=tt", "TIMESTAMP=ss", "SIGN=gg"}
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		args := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		body := strings.TrimSuffix(strings.TrimPrefix(shellQuote(s), "'"), "'")
		body = strings.ReplaceAll(body, `'\''`, "'")
		if len(args) != 5 || args[1] != "-H" || args[3] != "--data-raw" || args[4] != body {
			t.Errorf("%q: arguments %q", s, args)
			continue
		}
		if u, err := url.Parse(args[0]); err != nil || u.Host != "r" || u.Path != "/robot/"+s || u.Query().Get("access_token") != "tt" {
			t.Errorf("%q: address %q, %v", s, args[0], err)
		}
		if left, _ := exec.Command("ls", cmd.Dir).Output(); len(left) > 0 {
			t.Errorf("%q: the command made %s", s, left)
		}
	}
}

func TestLongBody(t *testing.T) {
	g := newGroup(t, dingtalktest.Options{})
	g.post(t, textBody(strings.Repeat("x", 100_000)))
	e := entry{Request: g.Requests()[0]}
	if raw := e.Raw(); len(raw) > maxBodyShown+1000 || !strings.Contains(raw, "and 75464 bytes more") {
		t.Errorf("raw has %d bytes and ends with %q", len(raw), raw[len(raw)-40:])
	}
	if curl := e.Curl(); !strings.HasSuffix(curl, "--data-binary @body.json # 100040 bytes") {
		t.Errorf("curl: %s", curl)
	}
}
