package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/schema"
)

// Credentials that occur nowhere else.
const (
	token  = "CANARYtokenCANARYtoken0123456789"
	secret = "SECcanaryCANARYcanary/+=0123456789"
)

// An examineTest is a robot, a configuration, and what the doctor says of them. In its
// values, $TOKEN and $SECRET are those above, and $ROBOT and $AUTHORITY the robot's address.
type examineTest struct {
	Name         string
	Robot        json.RawMessage // how its options differ from those of a robot with token and secret
	Fault        string
	Answer       string            // to every POST, in place of the fake server's
	Handler      string            // one of handlers, in place of the fake server
	MinutesAhead int               // of the robot's clock
	Values       map[string]string // "" removes a key
	Hosts        []string
	Fail         []string // all checks that fail
	Unknown      []string // all checks that are unknown, but for keywords and allowed hosts
	Output       string   // part of the report
}

var handlers = map[string]http.HandlerFunc{"redirect": redirect, "switch protocols": switchProtocols, "echo": echo}

// answer returns a robot with a clock that is ahead, which answers every POST with
// the body. Unless that has an errcode, it answers the probe with it, too.
func answer(body string, ahead time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "text/plain")
		if r.Method == http.MethodGet && strings.Contains(body, "errcode") {
			io.WriteString(w, `{"errcode":43002,"errmsg":"需要POST请求"}`)
			return
		}
		io.WriteString(w, body)
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "https://elsewhere.example/?access_token="+token, http.StatusFound)
}

// switchProtocols is a server that answers 101 and then nothing. The body of such
// a response does not end with the request's context.
func switchProtocols(w http.ResponseWriter, _ *http.Request) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	}
}

// echo is a robot that returns the credentials it received, and an escape sequence.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte(`{"errcode":7,"errmsg":"\u001b[31m` + r.URL.RawQuery + " " + r.URL.Query().Get("sign") + " " + secret + `"}`))
}

func TestExamine(t *testing.T) {
	data, err := os.ReadFile("testdata/examine.json")
	if err != nil {
		t.Fatal(err)
	}
	var tests []examineTest
	decode(t, data, &tests)
	for _, tt := range tests {
		t.Run(tt.Name, tt.run)
	}
}

// decode decodes JSON. A misspelled member is an error.
func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func (tt *examineTest) run(t *testing.T) {
	options := dingtalktest.Options{Token: token, Secret: secret}
	if tt.Robot != nil {
		decode(t, tt.Robot, &options)
	}
	fake, ahead := dingtalktest.New(&options), time.Duration(tt.MinutesAhead)*time.Minute
	fake.AdvanceClock(ahead)
	if fault, known := dingtalktest.FaultByName(tt.Fault); known {
		fake.InjectFaults(fault, fault)
	} else if tt.Fault != "" {
		t.Fatalf("unknown fault %q", tt.Fault)
	}
	server := httptest.NewServer(fake)
	defer server.Close()
	switch {
	case tt.Answer != "":
		server.Config.Handler = answer(tt.Answer, ahead)
	case handlers[tt.Handler] != nil:
		server.Config.Handler = handlers[tt.Handler]
	case tt.Handler != "":
		t.Fatalf("unknown handler %q", tt.Handler)
	}
	target := &Target{Source: say("a test"), Values: tt.configuration(server.URL), Hosts: tt.Hosts, HostsKnown: tt.Hosts != nil}
	tt.check(t, Examine(t.Context(), &Options{Timeout: 5 * time.Second, Transport: &http.Transport{}}, target)) // without a proxy
	if got := len(fake.Messages()); got != 0 {
		t.Errorf("%d messages were posted", got)
	}
}

func (tt *examineTest) configuration(address string) map[string]string {
	values := map[string]string{schema.KeyAccessToken: token, schema.KeySecret: secret, schema.KeyWebhookURL: address + "/robot/send"}
	maps.Copy(values, tt.Values)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	fill := strings.NewReplacer("$TOKEN", token, "$SECRET", secret, "$ROBOT", address, "$AUTHORITY", strings.TrimPrefix(address, "http:"))
	for key, value := range values {
		values[key] = fill.Replace(value)
	}
	return values
}

func (tt *examineTest) check(t *testing.T, report *Report) {
	t.Helper()
	var fail, unknown []string
	for _, c := range report.Checks() {
		switch {
		case c.Status == Fail && c.Fix == nil:
			t.Errorf("%+v has no fix", c)
		case c.Status == Fail:
			fail = append(fail, c.Name.String())
		case c.Status == Unknown && !slices.Contains([]string{"keywords", "allowed hosts"}, c.Name.String()):
			unknown = append(unknown, c.Name.String())
		}
	}
	output := printed(report)
	if !slices.Equal(fail, tt.Fail) || !slices.Equal(unknown, tt.Unknown) || !strings.Contains(output, tt.Output) {
		t.Errorf("fail %q, want %q; unknown %q, want %q; want output %q:\n%s", fail, tt.Fail, unknown, tt.Unknown, tt.Output, output)
	}
	wantCode := 0
	if len(fail) > 0 || slices.Contains(unknown, "access token") {
		wantCode = 1
	}
	if got := report.ExitCode(); got != wantCode {
		t.Errorf("exit code %d, want %d", got, wantCode)
	}
	inChinese := printedIn(report, zh)
	if got, want := outline(inChinese, zh), outline(output, nil); !slices.Equal(got, want) {
		t.Errorf("Chinese lines %q, English ones %q:\n%s", got, want, inChinese)
	}
	for _, hidden := range []string{"CANARY", secret, url.QueryEscape(secret), "\x1b", "sign=x"} {
		if strings.Contains(output+inChinese, hidden) {
			t.Errorf("%q is in\n%s%s", hidden, output, inChinese)
		}
	}
}

func printed(report *Report) string { return printedIn(report, nil) }

func printedIn(report *Report, l Language) string {
	var output bytes.Buffer
	report.Print(&output, l, nil)
	return output.String()
}

// outline returns what each line of a report is: the English word of its status,
// an arrow before a fix, or nothing.
func outline(output string, l Language) (lines []string) {
	for line := range strings.Lines(output) {
		kind, _, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		known := ""
		for status := OK; status <= Info; status++ {
			if kind == status.word().in(l) {
				known = status.word().String()
			}
		}
		if kind == "→" {
			known = kind
		}
		lines = append(lines, known)
	}
	return lines
}

// An address with an untrusted certificate receives no credential, and neither
// does one that does not answer as a robot does.
func TestProbeWithoutCredentials(t *testing.T) {
	var queries []string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { queries = append(queries, r.URL.RawQuery) })
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	plain := httptest.NewServer(handler)
	defer plain.Close()
	for _, address := range []string{secure.URL, plain.URL} {
		target := &Target{Source: say("a test"), Values: map[string]string{schema.KeyAccessToken: token, schema.KeySecret: secret, schema.KeyWebhookURL: address + "?access_token=" + token + "&a=b"}}
		if report := Examine(t.Context(), &Options{}, target); report.ExitCode() != 1 {
			t.Errorf("%s: exit code %d, want 1", address, report.ExitCode())
		}
	}
	if !slices.Equal(queries, []string{""}) {
		t.Errorf("queries %q, want one empty query", queries)
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	target := &Target{Source: say("a test"), Values: map[string]string{schema.KeyAccessToken: token, schema.KeyWebhookURL: server.URL}}
	output := printed(Examine(t.Context(), &Options{Timeout: 20 * time.Millisecond}, target))
	if !strings.Contains(output, "it did not answer in time") {
		t.Error(output)
	}
}

func TestPluginVerdict(t *testing.T) {
	tests := []struct {
		verdict PluginVerdict
		err     error
		status  Status
		detail  string
	}{
		{PluginVerdict{}, nil, OK, "accepts this configuration"},
		{PluginVerdict{Reason: "not_configured", Key: schema.KeyMaxParts, Text: "X is no number."}, nil, Fail, "X is no number."},
		{PluginVerdict{Reason: "not_configured", Key: schema.KeyWebhookURL, Text: "X is no address."}, nil, Info, "because of the address"},
		{PluginVerdict{Reason: "dry_run", Text: "y"}, nil, Fail, "nothing is ever sent"},
		{PluginVerdict{}, errors.New("it is missing"), Unknown, "it is missing"},
	}
	for _, tt := range tests {
		ask := func(context.Context, map[string]string) (PluginVerdict, error) { return tt.verdict, tt.err }
		report := Examine(t.Context(), &Options{AskPlugin: ask}, &Target{Source: say("a test"), Values: map[string]string{schema.KeyWebhookURL: "none"}})
		if c := report.sections[2].checks[0]; c.Name.String() != "plugin" || c.Status != tt.status || !strings.Contains(c.Detail.String(), tt.detail) {
			t.Errorf("%+v: %+v", tt.verdict, c)
		}
	}
}

// Robots beyond the plugin's limit are not checked.
func TestMaxRobots(t *testing.T) {
	var robots strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&robots, `,"r%d":{"accessToken":"%032d","webhookUrl":"none"}`, i, i)
	}
	report := Examine(t.Context(), &Options{}, &Target{Source: say("a test"), Values: map[string]string{schema.KeyRobots: "{" + robots.String()[1:] + "}"}})
	if n := len(report.sections); n != 67 || report.sections[65].title.String() != "More robots" {
		t.Errorf("%d sections", n)
	}
}

// The signatures were computed with other programs.
func TestSign(t *testing.T) {
	for _, v := range []struct{ secret, timestamp, want string }{
		{"this is secret", "1577262236757", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="},
		{"密钥 SEC/+=", "1763683200001", "w3m4+NtPu3PUKcf0U10yv8VtJvGdDXzpES7i+wy+a4Q="},
	} {
		if got := sign(v.secret, v.timestamp); got != v.want {
			t.Errorf("sign(%q, %s) = %s, want %s", v.secret, v.timestamp, got, v.want)
		}
	}
}

func TestNearestKey(t *testing.T) {
	for key, want := range map[string]string{
		"DINGTALK_BOT_ACESS_TOKEN": schema.KeyAccessToken, "DINGTALK_BOT_TOKEN": schema.KeyAccessToken, "DINGTALK_ACCESS_TOKEN": schema.KeyAccessToken,
		"DINGTALK_BOT_SECERT": schema.KeySecret, "dingtalk_bot_secret": schema.KeySecret, "DINGTALK_SECRET": schema.KeySecret, "DING_TALK_BOT_SECRET": schema.KeySecret,
		"DINGTALK_BOT_WEBHOOK": schema.KeyWebhookURL, "DINGTALK_BOT_KEYWORD": schema.KeyKeywords, "DINGTALK_BOT_ROBOT": schema.KeyRobots,
		"DINGTALK_BOT_COLOR": "", "DINGTALK_BOT_": "", "DINGTALK_MCP_TOKEN": "", "DINGTALK_PLUGIN": "", "PATH": "", "RUST_LOG": "", "": "",
	} {
		if got := nearestKey(key); got != want {
			t.Errorf("%q is %q, want %q", key, got, want)
		}
	}
}

func TestDescribeOffset(t *testing.T) {
	for ahead, want := range map[time.Duration]string{
		0: "the answer's to the second", time.Second: "1 second ahead of the answer's", -90 * time.Second: "90 seconds behind the answer's",
		-10 * time.Minute: "10 minutes behind the answer's", 119 * time.Minute: "2 hours ahead of the answer's",
		-8 * time.Hour: "8 hours behind the answer's", 1461 * 24 * time.Hour: "1461 days ahead of the answer's",
	} {
		if got := describeOffset(ahead).String(); got != "this machine's is "+want {
			t.Errorf("%v is %s, want %s", ahead, got, want)
		}
	}
}
