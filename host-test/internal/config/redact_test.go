package config

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

func TestRedact(t *testing.T) {
	const token = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
	r := NewRedactor(map[string]string{
		schema.KeySecret: "pass/word+of==ours",
		schema.KeyRobots: `{"a":{"accessToken":"https://someone:userpassword@robots.example/send?access_token=abcdefghijklmnop","secret":"secretive"}}`,
	})
	r.Add("sig/na+ture=")
	backward := []byte("pass/word+of==ours")
	slices.Reverse(backward)
	const withheld = "(withheld, because it contains a credential)"
	tests := []struct{ text, want string }{
		{"nothing to hide", "nothing to hide"},
		{"https://oapi.dingtalk.com/robot/send at 192.168.100.200:38123", "https://oapi.dingtalk.com/robot/send at 192.168.100.200:38123"},
		{"DINGTALK_BOT_MESSAGES_PER_MINUTE, ops-alerts-production-eu-west-1", "DINGTALK_BOT_MESSAGES_PER_MINUTE, ops-alerts-production-eu-west-1"},
		{"since 2025-11-19, 310000 错误描述:关键词不匹配", "since 2025-11-19, 310000 错误描述:关键词不匹配"},

		{"x" + token + ".y", "***.y"},
		{"SEC" + token, "***"},
		{"SECqrstuvwxyzabc", "***"},
		{"call 13800138000!", "call ***!"},
		{"id f47ac10b-58cc-4372-a567-0e02b2c3d479", "id ***"},

		{"a pass/word+of==ours b pass%2Fword%2Bof%3D%3Dours c pass%2Fword+of==ours", "a *** b *** c ***"},
		{"secretive abcdefghijklmnop userpassword sig%2Fna%2Bture%3D", "*** *** *** ***"},
		{"p.a.s.s w.o.r.d o.f o.u.r.s", withheld},
		{"PASS WORD OF OURS", withheld},
		{string(backward), withheld},
		{"x " + hex.EncodeToString([]byte("secretive")), "x ***"},
		{"x " + hex.EncodeToString([]byte("pass/word+of==ours"))[:18], "x ***"},
		{base64.StdEncoding.EncodeToString([]byte("pass/word+of==ours")), "***"},
		{"\x1b[31mred\n\u202eline\u200b", " [31mred  line "},
	}
	for _, tt := range tests {
		if got := r.Redact(tt.text); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.text, got, tt.want)
		}
	}
}

// A credential pasted in place of a host is not shown, and AllowedHosts still
// returns what is configured.
func TestShownHosts(t *testing.T) {
	token := strings.Repeat("0a1b2c3d", 7)
	for _, address := range []string{"https://" + token + "/robot/send", "https://oapi." + token + ".example", "https://13800138000.example"} {
		for _, values := range []map[string]string{{schema.KeyWebhookURL: address}, {schema.KeyAccessToken: address}, {schema.KeyRobots: `{"a":{"webhookUrl":"` + address + `"}}`}} {
			if got := ShownHosts(values); strings.Contains(got, "0a1b2c3d") || strings.Contains(got, "138001380") || !strings.Contains(got, "***") {
				t.Errorf("%v: shown %s", values, got)
			}
			if got := AllowedHosts(values); len(got) != 1 || !strings.Contains(address, got[0]) {
				t.Errorf("%v: allowed %q", values, got)
			}
		}
	}
	if got := ShownHosts(nil); got != "oapi.dingtalk.com" {
		t.Errorf("shown %s", got)
	}
}
