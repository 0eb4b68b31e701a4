package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
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

type examineTest struct {
	name    string
	robot   func(*dingtalktest.Options)
	fault   string
	handler http.HandlerFunc  // replaces the fake server
	values  map[string]string // "" removes a key
	hosts   []string
	ahead   time.Duration // of the robot's clock
	fail    []string      // all checks that fail
	unknown []string      // all checks that are unknown, but for keywords and allowed hosts
	output  string        // part of the report
}

// What is unknown after a request was rejected, or if none was made.
var (
	blocked        = []string{"token, signature, IP address"}
	afterRequest   = []string{"access token", "robot", "signature", "IP address"}
	afterToken     = afterRequest[1:]
	afterRobot     = afterRequest[2:]
	afterSignature = afterRequest[3:]
)

var examineTests = []examineTest{
	{name: "valid", output: "it is accepted, and a false one is rejected"},
	{name: "no signature", robot: func(o *dingtalktest.Options) { o.Secret = "" }, values: map[string]string{schema.KeySecret: ""}, output: "the robot requires none"},
	{name: "full address as token", values: map[string]string{schema.KeyWebhookURL: "", schema.KeyAccessToken: "$ROBOT/robot/send?access_token=" + token + "&timestamp=1&sign=x"}},
	{name: "bare host", values: map[string]string{schema.KeyWebhookURL: "$ROBOT"}, output: "/robot/send"},
	{name: "texts of 2020", robot: func(o *dingtalktest.Options) { o.Wording = dingtalktest.WordingLegacy; o.StringCodes = true }, output: "a false one is rejected"},
	{name: "unneeded secret", robot: func(o *dingtalktest.Options) { o.Secret = "" }, unknown: []string{"signature"}, output: "a false one is not rejected either"},

	{name: "wrong token", robot: func(o *dingtalktest.Options) { o.Token = "another" }, fail: []string{"access token"}, unknown: afterToken, output: "300005"},
	{name: "half a token", values: map[string]string{schema.KeyAccessToken: "abc"}, fail: []string{"access token"}, unknown: afterToken, output: "it has 3 characters, and DingTalk's have 64"},
	{name: "wrong token, code of 2020", robot: func(o *dingtalktest.Options) { o.Token, o.TokenCode = "another", 300001 }, fail: []string{"access token"}, unknown: afterToken, output: "300001"},
	{name: "no token", values: map[string]string{schema.KeyAccessToken: ""}, fail: []string{"access token"}, unknown: blocked},
	{name: "token and secret exchanged", values: map[string]string{schema.KeyAccessToken: "SEC" + strings.Repeat("0", 64)}, fail: []string{"access token"}, unknown: blocked, output: "Exchange"},
	{name: "space in token", values: map[string]string{schema.KeyAccessToken: "CANARY CANARY"}, fail: []string{"access token"}, unknown: blocked},

	{name: "wrong secret", values: map[string]string{schema.KeySecret: secret + "x"}, fail: []string{"signature"}, unknown: afterSignature, output: "签名不匹配"},
	{name: "wrong secret, text of 2022", robot: func(o *dingtalktest.Options) { o.Wording = dingtalktest.Wording2022 }, values: map[string]string{schema.KeySecret: secret + "x"}, fail: []string{"signature"}, unknown: afterSignature},
	{name: "missing secret", values: map[string]string{schema.KeySecret: ""}, fail: []string{"signature"}, unknown: afterSignature, output: "加签"},
	{name: "quoted secret", values: map[string]string{schema.KeySecret: `"` + secret + `"`}, fail: []string{"secret"}, unknown: blocked},
	{name: "secret without SEC", robot: func(o *dingtalktest.Options) { o.Secret = "CANARYsecret" }, values: map[string]string{schema.KeySecret: "CANARYsecret"}, output: "does not begin with SEC"},

	{name: "clock slow", ahead: 2 * time.Hour, fail: []string{"clock"}, unknown: []string{"signature", "IP address"}, output: "this machine's is 2 hours behind the answer's"},
	{name: "clock fast", ahead: -26 * time.Hour, fail: []string{"clock"}, unknown: []string{"signature", "IP address"}, output: "this machine's is 26 hours ahead of the answer's"},
	{name: "clock slow, wrong secret", ahead: 2 * time.Hour,
		handler: answerAt(2*time.Hour, `{"errcode":310000,"errmsg":"sign not match"}`), fail: []string{"clock", "signature"}, unknown: afterSignature},
	{name: "clock a little slow", ahead: 10 * time.Minute, output: "10 minutes behind the answer's; signatures are valid for an hour"},
	{name: "clock slow, no signature", ahead: 2 * time.Hour, robot: func(o *dingtalktest.Options) { o.Secret = "" }, values: map[string]string{schema.KeySecret: ""}},

	{name: "IP address not allowed", robot: func(o *dingtalktest.Options) { o.AllowIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, fail: []string{"IP address"}, output: "白名单"},
	{name: "disabled", robot: func(o *dingtalktest.Options) { o.Disabled = true }, fail: []string{"robot"}, unknown: afterRobot, output: "switched off"},
	{name: "dissolved", robot: func(o *dingtalktest.Options) { o.Dissolved = true }, fail: []string{"robot"}, unknown: afterRobot, output: "dissolved"},
	{name: "removed", robot: func(o *dingtalktest.Options) { o.Removed = true }, fail: []string{"robot"}, unknown: afterRobot, output: "removed"},

	{name: "connection refused", values: map[string]string{schema.KeyWebhookURL: "http://127.0.0.1:1/robot/send"}, fail: []string{"network"}, unknown: blocked, output: "the connection was refused"},
	{name: "unknown host", values: map[string]string{schema.KeyWebhookURL: "https://robot.invalid/robot/send"}, fail: []string{"network"}, unknown: blocked, output: "its name is unknown"},
	{name: "no TLS there", values: map[string]string{schema.KeyWebhookURL: "https:$AUTHORITY/robot/send"}, fail: []string{"network"}, unknown: blocked, output: "does not speak TLS"},
	{name: "plain http", values: map[string]string{schema.KeyWebhookURL: "http://oapi.dingtalk.com/robot/send?access_token=" + token}, fail: []string{"address"}, unknown: blocked, output: "unencrypted"},
	{name: "plain http to a name like a loopback address", values: map[string]string{schema.KeyWebhookURL: "http://127.0.0.1.example/robot/send"}, fail: []string{"address"}, unknown: blocked},
	{name: "relative address", values: map[string]string{schema.KeyWebhookURL: "robot/send"}, fail: []string{"address"}, unknown: blocked},
	{name: "token as host", values: map[string]string{schema.KeyWebhookURL: "https://" + strings.Repeat("0", 64)}, fail: []string{"address"}, unknown: blocked},
	{name: "another scheme", values: map[string]string{schema.KeyWebhookURL: "ftp://oapi.dingtalk.com/"}, fail: []string{"address"}, unknown: blocked},

	{name: "busy", fault: "busy", unknown: afterRequest, output: "-1"},
	{name: "gateway", fault: "gateway", unknown: []string{"access token"}, output: "502"},
	{name: "dropped", fault: "drop-before", fail: []string{"network"}, output: "the connection broke"},
	{name: "locked", handler: answer(`{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`), fail: []string{"robot"}, unknown: afterRobot, output: "ten minutes"},
	{name: "API quota exhausted", handler: answer(`{"errcode":90020,"errmsg":"x"}`), fail: []string{"quota"}, unknown: afterRobot, output: "API calls"},
	{name: "webhook quota exhausted", handler: answer(`{"errcode":90030,"errmsg":"webhook over limit"}`), fail: []string{"quota"}, unknown: afterRobot, output: "3000"},
	{name: "accepted", handler: answer(`{"errcode":0,"errmsg":"ok"}`), unknown: afterRequest, output: "not DingTalk's own"},
	{name: "query dropped", handler: answer(`{"errcode":40035,"errmsg":"缺少参数 access_token"}`), fail: []string{"request"}, unknown: afterRequest, output: "drops the query"},
	{name: "keyword first", handler: answer(`{"errcode":310000,"errmsg":"keywords not in content"}`), fail: []string{"keywords"}, unknown: []string{"signature"}},
	{name: "locked by the gateway", handler: answer(`{"status":1111,"punish":"deny"}`), fail: []string{"network"}, unknown: blocked, output: "five minutes"},
	{name: "login page", handler: answer("<html>please log in</html>"), fail: []string{"network"}, unknown: blocked, output: "text/plain"},
	{name: "other JSON", handler: answer("[]"), fail: []string{"network"}, unknown: blocked},
	{name: "redirected", handler: redirect, fail: []string{"network"}, unknown: blocked, output: "redirects to elsewhere.example"},
	{name: "protocols switched", handler: switchProtocols, fail: []string{"network"}, unknown: blocked},
	{name: "echo", handler: echo, unknown: afterRequest, output: "***"},

	{name: "allowed host", hosts: []string{"127.0.0.1"}, output: "allowed by 127.0.0.1"},
	{name: "allowed by a glob", hosts: []string{"a", "127.*"}, output: "allowed by 127.*"},
	{name: "host not allowed", hosts: []string{"oapi.dingtalk.com"}, fail: []string{"allowed host"}, output: `Put "127.0.0.1" into`},
	{name: "no allowed host", hosts: []string{}, fail: []string{"allowed host"}},
	{name: "allowed host with a scheme", hosts: []string{"http://127.0.0.1"}, fail: []string{"allowed host"}, output: "http://127.0.0.1 matches no host"},

	{name: "unexpanded", values: map[string]string{schema.KeySecret: "${CANARYcanary}"}, fail: []string{schema.KeySecret}, unknown: []string{"signature", "IP address"}, output: "still reads ${…}"},
	{name: "unexpanded token", values: map[string]string{schema.KeyAccessToken: "${CANARYcanary}"}, fail: []string{schema.KeyAccessToken}, unknown: blocked, output: "not tested, because of " + schema.KeyAccessToken},
	{name: "unknown key", values: map[string]string{"DINGTALK_BOT_COLOR": "x"}, output: "does not know this key"},
	{name: "mistyped key beside the right one", values: map[string]string{"DINGTALK_BOT_TOKEN": "x"}, output: "Did you mean DINGTALK_BOT_ACCESS_TOKEN?"},
	{name: "mistyped key", values: map[string]string{schema.KeyAccessToken: "", "DINGTALK_BOT_ACESS_TOKEN": "x"}, fail: []string{"DINGTALK_BOT_ACESS_TOKEN"}, unknown: blocked, output: "Rename it to DINGTALK_BOT_ACCESS_TOKEN."},
	{name: "robots", values: map[string]string{schema.KeyAccessToken: "", schema.KeySecret: "",
		schema.KeyRobots: `{"a":{"accessToken":"` + token + `","secret":"` + secret + `"},"b":{"accessToken":"` + token + `"}}`},
		fail: []string{"signature"}, unknown: afterSignature, output: "The robot b"},
	{name: "malformed robots", values: map[string]string{schema.KeyRobots: `[]`}, fail: []string{schema.KeyRobots}},
}

// answerAt is answer with a clock that is ahead.
func answerAt(ahead time.Duration, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		answer(body)(w, r)
	}
}

// answer returns a robot that answers every POST with the body. Unless that has
// an errcode, it answers the probe with it, too.
func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if r.Method == http.MethodGet && strings.Contains(body, "errcode") {
			w.Write([]byte(`{"errcode":43002,"errmsg":"需要POST请求"}`))
			return
		}
		w.Write([]byte(body))
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
	for _, tt := range examineTests {
		t.Run(tt.name, func(t *testing.T) {
			options := dingtalktest.Options{Token: token, Secret: secret}
			if tt.robot != nil {
				tt.robot(&options)
			}
			fake := dingtalktest.New(&options)
			fake.AdvanceClock(tt.ahead)
			if fault, known := dingtalktest.FaultByName(tt.fault); known {
				fake.InjectFaults(fault, fault)
			}
			server := httptest.NewServer(fake)
			defer server.Close()
			if tt.handler != nil {
				server.Config.Handler = tt.handler
			}
			target := &Target{Source: say("a test"), Values: tt.configuration(server.URL), Hosts: tt.hosts, HostsKnown: tt.hosts != nil}
			tt.check(t, Examine(t.Context(), &Options{Timeout: 5 * time.Second, Transport: &http.Transport{}}, target)) // without a proxy
			if got := len(fake.Messages()); got != 0 {
				t.Errorf("%d messages were posted", got)
			}
		})
	}
}

func (tt *examineTest) configuration(address string) map[string]string {
	values := map[string]string{schema.KeyAccessToken: token, schema.KeySecret: secret, schema.KeyWebhookURL: address + "/robot/send"}
	maps.Copy(values, tt.values)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	for key, value := range values {
		values[key] = strings.NewReplacer("$ROBOT", address, "$AUTHORITY", strings.TrimPrefix(address, "http:")).Replace(value)
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
	if !slices.Equal(fail, tt.fail) || !slices.Equal(unknown, tt.unknown) || !strings.Contains(output, tt.output) {
		t.Errorf("fail %q, want %q; unknown %q, want %q; want output %q:\n%s", fail, tt.fail, unknown, tt.unknown, tt.output, output)
	}
	want := 0
	if len(tt.fail) > 0 {
		want = 1
	} else if slices.Contains(unknown, "access token") {
		want = 1
	}
	if got := report.ExitCode(); got != want {
		t.Errorf("exit code %d, want %d", got, want)
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
