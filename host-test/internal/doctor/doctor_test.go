package doctor

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
)

// Credentials whose like stands nowhere else.
const (
	token  = "CANARYtokenCANARYtoken0123456789"
	secret = "SECcanaryCANARYcanary/+=0123456789"
)

// A state is something that can be wrong, and what the doctor must say of it.
type state struct {
	name     string
	robot    func(*dingtalktest.Options)
	fault    string
	handler  http.HandlerFunc  // in the robot's place
	values   map[string]string // "" removes a key
	hosts    []string
	ahead    time.Duration // the robot's clock
	wrong    []string      // what is found wrong, all of it
	untested []string      // what is not tested, but for keywords and a runner's hosts
	says     string        // a part of the report
}

// after is what is not tested when the address was never asked for the rest.
var after = []string{"token, signature, IP address"}

var states = []state{
	{name: "well", says: "it is accepted, and a false one is refused"},
	{name: "well without a signature", robot: func(o *dingtalktest.Options) { o.Secret = "" }, values: map[string]string{config.Secret: ""}, says: "the robot wants none"},
	{name: "well with the whole address for a token", values: map[string]string{config.Webhook: "", config.Token: "$ROBOT/robot/send?access_token=" + token + "&timestamp=1&sign=x"}},
	{name: "well with a bare host", values: map[string]string{config.Webhook: "$ROBOT"}, says: "/robot/send"},
	{name: "well with texts of 2020", robot: func(o *dingtalktest.Options) { o.Wording = dingtalktest.WordingLegacy; o.StringCodes = true }, says: "a false one is refused"},
	{name: "a needless secret", robot: func(o *dingtalktest.Options) { o.Secret = "" }, untested: []string{"signature"}, says: "a false one is not refused either"},

	{name: "wrong token", robot: func(o *dingtalktest.Options) { o.Token = "another" }, wrong: []string{"access token"}, untested: []string{"robot", "signature", "IP address"}, says: "300005"},
	{name: "wrong token, as told in 2020", robot: func(o *dingtalktest.Options) { o.Token, o.TokenCode = "another", 300001 }, wrong: []string{"access token"}, untested: []string{"robot", "signature", "IP address"}, says: "300001"},
	{name: "no token", values: map[string]string{config.Token: ""}, wrong: []string{"access token"}, untested: after},
	{name: "token and secret exchanged", values: map[string]string{config.Token: "SEC" + strings.Repeat("0", 64)}, wrong: []string{"access token"}, untested: after, says: "Exchange"},
	{name: "a token with a blank", values: map[string]string{config.Token: "CANARY CANARY"}, wrong: []string{"access token"}, untested: after},

	{name: "wrong secret", values: map[string]string{config.Secret: secret + "x"}, wrong: []string{"signature"}, untested: []string{"IP address"}, says: "签名不匹配"},
	{name: "wrong secret, as told in 2022", robot: func(o *dingtalktest.Options) { o.Wording = dingtalktest.Wording2022 }, values: map[string]string{config.Secret: secret + "x"}, wrong: []string{"signature"}, untested: []string{"IP address"}},
	{name: "missing secret", values: map[string]string{config.Secret: ""}, wrong: []string{"signature"}, untested: []string{"IP address"}, says: "加签"},
	{name: "quoted secret", values: map[string]string{config.Secret: `"` + secret + `"`}, wrong: []string{"secret"}, untested: after},
	{name: "a secret of another form", robot: func(o *dingtalktest.Options) { o.Secret = "CANARYsecret" }, values: map[string]string{config.Secret: "CANARYsecret"}, says: "does not begin with SEC"},

	{name: "clock slow", ahead: 2 * time.Hour, wrong: []string{"clock", "signature"}, untested: []string{"IP address"}, says: "2h0m"},
	{name: "clock a little slow", ahead: 10 * time.Minute, says: "signatures hold for an hour"},
	{name: "clock slow, no signature", ahead: 2 * time.Hour, robot: func(o *dingtalktest.Options) { o.Secret = "" }, values: map[string]string{config.Secret: ""}},

	{name: "IP address not allowed", robot: func(o *dingtalktest.Options) { o.AllowIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, wrong: []string{"IP address"}, says: "白名单"},
	{name: "disabled", robot: func(o *dingtalktest.Options) { o.Disabled = true }, wrong: []string{"robot"}, untested: []string{"signature", "IP address"}, says: "switched off"},
	{name: "dissolved", robot: func(o *dingtalktest.Options) { o.Dissolved = true }, wrong: []string{"robot"}, untested: []string{"signature", "IP address"}, says: "dissolved"},
	{name: "removed", robot: func(o *dingtalktest.Options) { o.Removed = true }, wrong: []string{"robot"}, untested: []string{"signature", "IP address"}, says: "removed"},

	{name: "refused connection", values: map[string]string{config.Webhook: "http://127.0.0.1:1/robot/send"}, wrong: []string{"network"}, untested: after, says: "the connection was refused"},
	{name: "unknown name", values: map[string]string{config.Webhook: "https://robot.invalid/robot/send"}, wrong: []string{"network"}, untested: after, says: "its name is not known"},
	{name: "no TLS there", values: map[string]string{config.Webhook: "https:$AUTHORITY/robot/send"}, wrong: []string{"network"}, untested: after, says: "does not speak TLS"},
	{name: "plain http", values: map[string]string{config.Webhook: "http://oapi.dingtalk.com/robot/send?access_token=" + token}, wrong: []string{"address"}, untested: after, says: "unencrypted"},
	{name: "plain http to a name like this machine's", values: map[string]string{config.Webhook: "http://127.0.0.1.example/robot/send"}, wrong: []string{"address"}, untested: after},
	{name: "no address", values: map[string]string{config.Webhook: "robot/send"}, wrong: []string{"address"}, untested: after},
	{name: "a token for an address", values: map[string]string{config.Webhook: "https://" + strings.Repeat("0", 64)}, wrong: []string{"address"}, untested: after},
	{name: "another scheme", values: map[string]string{config.Webhook: "ftp://oapi.dingtalk.com/"}, wrong: []string{"address"}, untested: after},

	{name: "busy", fault: "busy", untested: []string{"access token", "robot", "signature", "IP address"}, says: "-1"},
	{name: "gateway", fault: "gateway", untested: []string{"access token"}, says: "502"},
	{name: "dropped", fault: "drop-before", wrong: []string{"network"}, says: "the connection broke"},
	{name: "locked", handler: answer(`{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`), wrong: []string{"robot"}, untested: []string{"signature", "IP address"}, says: "ten minutes"},
	{name: "quota used up", handler: answer(`{"errcode":90020,"errmsg":"x"}`), wrong: []string{"quota"}, untested: []string{"signature", "IP address"}},
	{name: "accepted", handler: answer(`{"errcode":0,"errmsg":"ok"}`), untested: []string{"access token", "robot", "signature", "IP address"}, says: "not DingTalk's own"},
	{name: "query dropped", handler: answer(`{"errcode":40035,"errmsg":"缺少参数 access_token"}`), wrong: []string{"request"}, untested: []string{"access token", "robot", "signature", "IP address"}, says: "drops the query"},
	{name: "keyword first", handler: answer(`{"errcode":310000,"errmsg":"keywords not in content"}`), wrong: []string{"keywords"}, untested: []string{"signature"}},
	{name: "punished", handler: answer(`{"status":1111,"punish":"deny"}`), wrong: []string{"network"}, untested: after, says: "five minutes"},
	{name: "login page", handler: answer("<html>please log in</html>"), wrong: []string{"network"}, untested: after, says: "text/plain"},
	{name: "other JSON", handler: answer("[]"), wrong: []string{"network"}, untested: after},
	{name: "redirected", handler: redirect, wrong: []string{"network"}, untested: after, says: "redirects to elsewhere.example"},
	{name: "echo", handler: echo, untested: []string{"access token", "robot", "signature", "IP address"}, says: "***"},

	{name: "allowed host", hosts: []string{"127.0.0.1"}, says: "allowed by 127.0.0.1"},
	{name: "allowed by a pattern", hosts: []string{"a", "127.*"}, says: "allowed by 127.*"},
	{name: "missing allowed host", hosts: []string{"oapi.dingtalk.com"}, wrong: []string{"allowed host"}, says: `Put "127.0.0.1" into`},
	{name: "no allowed host", hosts: []string{}, wrong: []string{"allowed host"}},
	{name: "allowed with a scheme", hosts: []string{"http://127.0.0.1"}, wrong: []string{"allowed host"}, says: "http://127.0.0.1 allows nothing"},

	{name: "unexpanded", values: map[string]string{config.Secret: "${CANARYcanary}"}, wrong: []string{config.Secret, "signature"}, untested: []string{"IP address"}, says: "still reads ${…}"},
	{name: "unknown key", values: map[string]string{"DINGTALK_BOT_TOKEN": "x"}, says: "knows no such key"},
	{name: "robots", values: map[string]string{config.Token: "", config.Secret: "",
		config.Robots: `{"a":{"accessToken":"` + token + `","secret":"` + secret + `"},"b":{"accessToken":"` + token + `"}}`},
		wrong: []string{"signature"}, untested: []string{"IP address"}, says: "The robot b"},
	{name: "no robots", values: map[string]string{config.Robots: `[]`}, wrong: []string{config.Robots}},
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(body, "errcode") {
			body := `{"errcode":43002,"errmsg":"需要POST请求"}`
			w.Write([]byte(body))
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte(body))
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "https://elsewhere.example/?access_token="+token, http.StatusFound)
}

// echo is a robot that repeats what it was sent, and colours the terminal.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte(`{"errcode":7,"errmsg":"\u001b[31m` + r.URL.RawQuery + " " + r.URL.Query().Get("sign") + " " + secret + `"}`))
}

func TestStates(t *testing.T) {
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) { s.examine(t) })
	}
}

func (s *state) examine(t *testing.T) {
	options := dingtalktest.Options{Token: token, Secret: secret}
	if s.robot != nil {
		s.robot(&options)
	}
	fake := dingtalktest.New(&options)
	fake.AdvanceClock(s.ahead)
	if fault, known := dingtalktest.FaultByName(s.fault); known {
		fake.InjectFaults(fault, fault)
	}
	server := httptest.NewServer(fake)
	defer server.Close()
	if s.handler != nil {
		server.Config.Handler = s.handler
	}
	c := &Target{Source: "a test", Values: s.configuration(server.URL), Hosts: s.hosts, HostsKnown: s.hosts != nil}
	report := Examine(t.Context(), c, &Options{Timeout: 5 * time.Second, Transport: &http.Transport{}}) // past any proxy
	s.check(t, report)
	if got := len(fake.Messages()); got != 0 {
		t.Errorf("%d messages were posted", got)
	}
}

func (s *state) configuration(address string) map[string]string {
	values := map[string]string{config.Token: token, config.Secret: secret, config.Webhook: address + "/robot/send"}
	maps.Copy(values, s.values)
	for key, value := range values {
		value = strings.ReplaceAll(value, "$ROBOT", address)
		values[key] = strings.ReplaceAll(value, "$AUTHORITY", strings.TrimPrefix(address, "http:"))
		if value == "" {
			delete(values, key)
		}
	}
	return values
}

func (s *state) check(t *testing.T, report *Report) {
	t.Helper()
	var wrong, untested []string
	for _, f := range report.Checks() {
		switch {
		case f.Status == Fail:
			wrong = append(wrong, f.Name)
		case f.Status == Unknown && f.Name != "keywords" && f.Name != "allowed hosts":
			untested = append(untested, f.Name)
		}
		if f.Status == Fail && f.Fix == "" {
			t.Errorf("there is no remedy for %+v", f)
		}
	}
	var printed bytes.Buffer
	report.Print(&printed)
	if !slices.Equal(wrong, s.wrong) || !slices.Equal(untested, s.untested) || !strings.Contains(printed.String(), s.says) {
		t.Errorf("wrong %q, want %q; untested %q, want %q; says %q:\n%s", wrong, s.wrong, untested, s.untested, s.says, &printed)
	}
	want := 0
	if len(s.wrong) > 0 {
		want = 1
	} else if slices.Contains(untested, "access token") {
		want = 2
	}
	if got := report.ExitCode(); got != want {
		t.Errorf("status %d, want %d", got, want)
	}
	for _, hidden := range []string{"CANARY", secret, url.QueryEscape(secret), "\x1b", "sign=x"} {
		if strings.Contains(printed.String(), hidden) {
			t.Errorf("%q stands in\n%s", hidden, &printed)
		}
	}
}

// An address with a certificate that nobody trusts is shown no credential, and
// neither is one that does not answer as a robot does.
func TestShownNoCredential(t *testing.T) {
	var queries []string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { queries = append(queries, r.URL.RawQuery) })
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	plain := httptest.NewServer(handler)
	defer plain.Close()
	for _, address := range []string{secure.URL, plain.URL} {
		c := &Target{Values: map[string]string{config.Token: token, config.Secret: secret, config.Webhook: address + "?access_token=" + token + "&a=b"}}
		if report := Examine(t.Context(), c, &Options{}); report.ExitCode() != 1 {
			t.Errorf("%s: nothing is wrong", address)
		}
	}
	if !slices.Equal(queries, []string{""}) {
		t.Errorf("queries %q, want an empty one", queries)
	}
}

func TestSlow(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c := &Target{Values: map[string]string{config.Token: token, config.Webhook: server.URL}}
	var printed bytes.Buffer
	Examine(t.Context(), c, &Options{Timeout: 20 * time.Millisecond}).Print(&printed)
	if !strings.Contains(printed.String(), "there is no answer") {
		t.Error(printed.String())
	}
}

func TestOpinion(t *testing.T) {
	tests := []struct {
		opinion PluginVerdict
		err     error
		verdict Status
		says    string
	}{
		{PluginVerdict{}, nil, OK, "takes this configuration"},
		{PluginVerdict{"not_configured", "X is no number."}, nil, Fail, "X is no number."},
		{PluginVerdict{"dry_run", "y"}, nil, Fail, "nothing is ever sent"},
		{PluginVerdict{}, errors.New("it is missing"), Unknown, "it is missing"},
	}
	for _, tt := range tests {
		c := &Target{Values: map[string]string{config.Webhook: "none"}}
		report := Examine(t.Context(), c, &Options{AskPlugin: func(context.Context, map[string]string) (PluginVerdict, error) { return tt.opinion, tt.err }})
		i := slices.IndexFunc(report.Checks(), func(f Check) bool { return f.Name == "the plugin's own word" })
		if f := report.Checks()[i]; f.Status != tt.verdict || !strings.Contains(f.Detail, tt.says) {
			t.Errorf("%+v: %+v", tt.opinion, f)
		}
	}
}

// The vectors were computed with other programs than this one.
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

// The keys are those of README's table.
func TestKnownKeys(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `"+config.Prefix+"(\\w+)` \\|").FindAllStringSubmatch(string(text), -1) {
		want = append(want, row[1])
	}
	if !slices.Equal(knownKeys, want) {
		t.Errorf("keys %q, want %q", knownKeys, want)
	}
}
