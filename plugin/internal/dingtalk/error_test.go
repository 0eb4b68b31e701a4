package dingtalk

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// An errcodeTest is an errmsg that users got, in one of three wordings, and what
// must come of it.
type errcodeTest struct {
	Error
	Cause  string // a part of the message
	Thread string // on GitHub, that the errmsg comes from
}

func errcodeTests(t *testing.T) []errcodeTest { return readJSON[[]errcodeTest](t, "errcodes.json") }

func TestErrcodes(t *testing.T) {
	for _, test := range errcodeTests(t) {
		reply, _ := json.Marshal(map[string]any{"errcode": test.Code, "errmsg": test.Msg})
		got := ParseResponse(200, reply)
		if got == nil {
			t.Errorf("%d %s: accepted", test.Code, test.Msg)
			continue
		}
		want := test.Error
		want.HasErrcode, want.Message, want.Advice = true, got.Message, got.Advice
		if *got != want || !strings.Contains(got.Message, test.Cause) || got.Advice == "" {
			t.Errorf("%d %s: got %+v, want %+v, %q", test.Code, test.Msg, got, want, test.Cause)
		}
	}
}

func TestParseResponse(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		reply  string
		reason Reason // "" is success
		text   string // a part of the explanation
	}{
		{"number", 200, `{"errcode":0,"errmsg":"ok"}`, "", ""},
		{"string", 200, `{"errcode":"0","errmsg":"ok"}`, "", ""},
		{"refusal as a string", 200, `{"errcode":"300005","errmsg":"token is not exist"}`, ReasonRefused, "code: 300005"},
		{"success under 502", 502, `{"errcode":0}`, ReasonUnknown, "HTTP 502"},
		{"success under 404", 404, `{"errcode":0}`, ReasonRefused, "HTTP 404"},
		{"no errcode", 200, `{}`, ReasonUnknown, "without a usable errcode"},
		{"null errcode", 200, `{"errcode":null}`, ReasonUnknown, "without a usable errcode"},
		{"true errcode", 200, `{"errcode":true}`, ReasonUnknown, "without a usable errcode"},
		{"fraction", 200, `{"errcode":0.5}`, ReasonUnknown, "without a usable errcode"},
		{"array", 200, `[0]`, ReasonUnknown, "without a usable errcode"},
		{"empty", 200, ``, ReasonUnknown, "an empty body"},
		{"page", 502, "<html><h1>502 Bad Gateway</h1>", ReasonUnknown, "HTTP 502 with a web page"},
		{"gateway refusal", 400, "<html>tengine</html>", ReasonRefused, "HTTP 400 with a web page"},
		{"redirect", 302, "", ReasonRefused, "HTTP 302"},
		{"cut", 200, `{"errcode":0,"errm`, ReasonUnknown, "cut short"},
		{"binary", 200, "\x00\x01\xff", ReasonUnknown, "binary"},
		{"text", 200, "ok", ReasonUnknown, "not JSON"},
		{"deep", 200, strings.Repeat("[", 5000), ReasonUnknown, "not JSON"},
		{"megabyte", 200, `{"errcode":0,"x":"` + strings.Repeat("x", MaxResponse), ReasonUnknown, "overlong"},
		{"punished, JSON", 200, `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"1"}`, ReasonRate, "firewall"},
		{"punished, page", 200, `<html><script src="/x5/punish?action=deny">`, ReasonRate, "firewall"},
		{"punished with an errcode", 200, `{"errcode":130101,"errmsg":"send too fast","punish":"deny"}`, ReasonRate, "locked for ten minutes"},
		{"HTTP is off", 0, "", ReasonHTTPDisabled, "switched off"},
	} {
		var reason Reason
		var text string
		if e := ParseResponse(test.status, []byte(test.reply)); e != nil {
			reason, text = e.Reason, e.Message
		}
		if reason != test.reason || !strings.Contains(text, test.text) {
			t.Errorf("%s: got %q %q, want %q %q", test.name, reason, text, test.reason, test.text)
		}
	}
}

// An error is short, a single line, and holds no credential.
func FuzzParseResponse(f *testing.F) {
	f.Add(200, []byte(`{"errcode":310000,"errmsg":"sign not match CANARYTOKEN ab%2B%2Fc%3D 138-0000-0001"}`))
	f.Add(502, []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, reply []byte) {
		e := ParseResponse(status, reply)
		var parsed struct{ Errcode json.Number }
		if e == nil {
			if err := json.Unmarshal(reply, &parsed); err != nil || strings.Trim(parsed.Errcode.String(), "+-0") != "" {
				t.Fatalf("%q is accepted (%v)", reply, err)
			}
			return
		}
		all := e.Message + e.Advice + e.Msg
		if len(all) > 2000 || strings.ContainsAny(all, "\n\r\x00") {
			t.Errorf("too long or more than a line: %q", all)
		}
		if e.HasErrcode {
			assertHarmless(t, e.Msg)
		}
	})
}

// assertHarmless fails if a text holds more than words of the vocabulary, numbers
// with four digits in all, Chinese and punctuation.
func assertHarmless(t *testing.T, msg string) {
	t.Helper()
	digits := 0
	for _, link := range documentation {
		msg = strings.ReplaceAll(msg, link, " ")
	}
	msg = regexp.MustCompile(`ip (\d+\.){3}\d+ not in whitelist`).ReplaceAllString(msg, "")
	for _, word := range regexp.MustCompile(`[^\s\p{Han}，。、；：！？（）《》【】“”‘’…—.,:;!?()\[\]<>\-_='"/#*]+`).FindAllString(msg, -1) {
		if strings.Contains(vocabulary, " "+strings.ToLower(word)+" ") {
			continue
		}
		if digits += len(word); strings.Trim(word, "0123456789") != "" || digits > 4 {
			t.Errorf("%q holds %q", msg, word)
		}
	}
}
