package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

func TestReadRobots(t *testing.T) {
	const other, third = "https://oapi.dingtalk.io/robot/send", "https://robots.example/send?access_token=t"
	tests := []struct {
		name   string
		values map[string]string
		want   []Robot
		hosts  []string
	}{
		{"nothing", nil, []Robot{{Webhook: DefaultWebhook}}, []string{"oapi.dingtalk.com"}},
		{"token", map[string]string{schema.KeyAccessToken: " t ", schema.KeySecret: "SEC"}, []Robot{{Webhook: DefaultWebhook, Token: "t", Secret: "SEC"}}, []string{"oapi.dingtalk.com"}},
		{"unexpanded", map[string]string{schema.KeyAccessToken: "${T}", schema.KeyWebhookURL: "${W}"}, []Robot{{Webhook: DefaultWebhook}}, []string{"oapi.dingtalk.com"}},
		{"address", map[string]string{schema.KeyWebhookURL: other, schema.KeyAccessToken: "t"}, []Robot{{Webhook: other, Token: "t"}}, []string{"oapi.dingtalk.io"}},
		{"address as token", map[string]string{schema.KeyAccessToken: third}, []Robot{{Webhook: third}}, []string{"robots.example"}},
		{"both addresses", map[string]string{schema.KeyWebhookURL: other, schema.KeyAccessToken: third}, []Robot{{Webhook: other, Token: third}}, []string{"oapi.dingtalk.io"}},
		{"loopback", map[string]string{schema.KeyWebhookURL: "http://[::1]:80/"}, []Robot{{Webhook: "http://[::1]:80/"}}, []string{"::1"}},
		{"relative address", map[string]string{schema.KeyWebhookURL: "robot"}, []Robot{{Webhook: "robot"}}, nil},
		{"robots", map[string]string{schema.KeyAccessToken: third, schema.KeyRobots: `{"b":{"accessToken":"x","secret":"SEC","keywords":"k"},"a":{"webhookUrl":"` + other + `"}}`},
			[]Robot{{Name: "a", Webhook: other}, {Name: "b", Webhook: DefaultWebhook, Token: "x", Secret: "SEC", Keywords: "k"}},
			[]string{"oapi.dingtalk.io", "oapi.dingtalk.com"}},
		{"robots inherit the address", map[string]string{schema.KeyWebhookURL: other, schema.KeyRobots: `{"a":{},"b":{"webhookUrl":""},"c":{"accessToken":"` + third + `","webhookUrl":""}}`},
			[]Robot{{Name: "a", Webhook: other}, {Name: "b", Webhook: DefaultWebhook}, {Name: "c", Webhook: third}},
			[]string{"oapi.dingtalk.io", "oapi.dingtalk.com", "robots.example"}},
		{"robots that share a host", map[string]string{schema.KeyRobots: `{"a":{"accessToken":"x"},"b":{"accessToken":"y"}}`},
			[]Robot{{Name: "a", Webhook: DefaultWebhook, Token: "x"}, {Name: "b", Webhook: DefaultWebhook, Token: "y"}}, []string{"oapi.dingtalk.com"}},
		{"robots that are no object", map[string]string{schema.KeyAccessToken: "t", schema.KeyRobots: `["a"]`}, nil, nil},
		{"robot that is no object", map[string]string{schema.KeyAccessToken: "t", schema.KeyRobots: `{"a":1}`}, nil, nil},
	}
	for _, tt := range tests {
		if got := ReadRobots(tt.values); !slices.Equal(got, tt.want) {
			t.Errorf("%s: robots = %+v, want %+v", tt.name, got, tt.want)
		}
		if got := AllowedHosts(tt.values); !slices.Equal(got, tt.hosts) {
			t.Errorf("%s: hosts = %q, want %q", tt.name, got, tt.hosts)
		}
	}
}

func TestPointAllAt(t *testing.T) {
	values := map[string]string{
		schema.KeyAccessToken: "real", schema.KeySecret: "SECreal", schema.KeyMaxParts: "2",
		schema.KeyRobots: `{"a":{"accessToken":"https://robots.example/?access_token=real","default":true},"b":{"webhookUrl":"https://oapi.dingtalk.io"}}`,
	}
	to := Robot{Webhook: "http://127.0.0.1:1/robot/send", Token: "fake", Secret: "SECfake"}
	got := PointAllAt(values, to)
	if hosts := AllowedHosts(got); !slices.Equal(hosts, []string{"127.0.0.1"}) {
		t.Errorf("hosts = %q", hosts)
	}
	for _, robot := range ReadRobots(got) {
		robot.Name = ""
		if robot != to {
			t.Errorf("robot = %+v, want %+v", robot, to)
		}
	}
	var named map[string]map[string]any
	if err := json.Unmarshal([]byte(got[schema.KeyRobots]), &named); err != nil || named["a"]["default"] != true || got[schema.KeyMaxParts] != "2" {
		t.Errorf("other settings were lost: %v, %v", got, err)
	}
	if values[schema.KeyAccessToken] != "real" {
		t.Error("PointAllAt changed its argument")
	}
	for _, bad := range []string{"", "[]", `{"a":null}`} {
		if got := PointAllAt(map[string]string{schema.KeyRobots: bad}, to); got[schema.KeyRobots] != bad || got[schema.KeyAccessToken] != "fake" {
			t.Errorf("malformed robots %q: %v", bad, got)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Setenv(schema.KeyAccessToken, "a=b")
	t.Setenv("DINGTALK_OTHER", "x")
	if got := FromEnvironment(); got[schema.KeyAccessToken] != "a=b" || got["DINGTALK_OTHER"] != "" {
		t.Errorf("values = %v", got)
	}
}

func TestRobotNames(t *testing.T) {
	tests := []struct {
		robots, defaultName string
		names               []string
	}{
		{"", "", nil},
		{"${ROBOTS}", "", nil},
		{"[]", "", nil},
		{`{"b":{},"a":{}}`, "", []string{"a", "b"}},
		{`{"b":{"default":true},"a":{"default":false}}`, "b", []string{"a", "b"}},
		{`{"a":{"accessToken":"t"}}`, "a", []string{"a"}},
	}
	for _, tt := range tests {
		names, defaultName := RobotNames(map[string]string{schema.KeyRobots: tt.robots})
		if defaultName != tt.defaultName || !slices.Equal(names, tt.names) {
			t.Errorf("%s: %q, %q, want %q, %q", tt.robots, names, defaultName, tt.names, tt.defaultName)
		}
	}
}

func TestMissing(t *testing.T) {
	const token = "0123456789abcdefCANARY"
	tests := []struct {
		name   string
		values map[string]string
		want   []string // a part of each sentence
	}{
		{"token", map[string]string{schema.KeyAccessToken: token}, nil},
		{"address", map[string]string{schema.KeyAccessToken: DefaultWebhook + "?access_token=" + token}, nil},
		{"address as webhook", map[string]string{schema.KeyWebhookURL: DefaultWebhook + "?access_token=" + token}, nil},
		{"nothing", nil, []string{schema.KeyAccessToken}},
		{"blank", map[string]string{schema.KeyAccessToken: " "}, []string{schema.KeyAccessToken}},
		{"not expanded", map[string]string{schema.KeyAccessToken: "${TOKEN}"}, []string{schema.KeyAccessToken}},
		{"webhook alone", map[string]string{schema.KeyWebhookURL: DefaultWebhook}, []string{schema.KeyAccessToken}},
		{"robots", map[string]string{schema.KeyRobots: `{"a":{"accessToken":"` + token + `"},"b":{},"c":{"accessToken":""}}`}, []string{"robot b ", "robot c "}},
		{"no robots", map[string]string{schema.KeyRobots: `{"a":"` + token + `"`}, []string{schema.KeyRobots}},
		{"token as name", map[string]string{schema.KeyAccessToken: token, schema.KeyRobots: `{"` + token + `":{}}`}, []string{"***"}},
	}
	for _, tt := range tests {
		got := Missing(tt.values)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q", tt.name, got)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i], want) || strings.Contains(got[i], token) {
				t.Errorf("%s: %q, want %q", tt.name, got[i], want)
			}
		}
	}
}
