package main

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/doctor"
	"dingtalk-plugin/schema"
)

// The plugin reports its configuration errors, and makes no request.
func TestDoctorAsksPlugin(t *testing.T) {
	fake := dingtalktest.New(nil)
	server := httptest.NewServer(fake)
	defer server.Close()
	tests := []struct {
		values map[string]string
		reason string
		text   string
	}{
		{map[string]string{schema.KeyAccessToken: "t"}, "", ""},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyTools: "send_link_message"}, "", ""},
		{map[string]string{schema.KeyRobots: `{"a":{"accessToken":"x"},"b":{"accessToken":"y"}}`}, "", ""},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyDryRun: "true"}, "dry_run", ""},
		{nil, "not_configured", schema.KeyAccessToken},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyMaxParts: "x"}, "not_configured", schema.KeyMaxParts},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyTools: "send_link_message", schema.KeyRetries: "x"}, "not_configured", schema.KeyRetries},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyTools: "x"}, "not_configured", schema.KeyTools},
		{map[string]string{schema.KeyAccessToken: "t", schema.KeyDryRun: "x"}, "not_configured", schema.KeyDryRun},
		{map[string]string{schema.KeyRobots: `{"a":{"accessToken":"x"},"b":{}}`}, "not_configured", "the second robot"},
	}
	for _, tt := range tests {
		values := map[string]string{schema.KeyWebhookURL: server.URL}
		maps.Copy(values, tt.values)
		got, err := askPlugin(t.Context(), module(t), cache, values)
		if err != nil || got.Reason != tt.reason || !strings.Contains(got.Text, tt.text) || (got.Key != "") != (tt.reason == "not_configured") {
			t.Errorf("%v: %+v, %v; want %s", tt.values, got, err, tt.reason)
		}
	}
	if got := len(fake.Requests()); got != 0 {
		t.Errorf("%d requests were made", got)
	}
	if _, err := (&cli{Plugin: "none.wasm"}).askPlugin(t.Context(), nil); err == nil {
		t.Error("a missing plugin causes no error")
	}
}

// The exit code is that of the report, for the environment and for a file.
func TestDoctorExitCode(t *testing.T) {
	group := startFakeServer(nil)
	defer group.Close()
	for _, key := range []string{schema.KeyAccessToken, schema.KeySecret, schema.KeyWebhookURL} {
		t.Setenv(key, group.config[key])
	}
	file := func(hosts string) string {
		name := filepath.Join(t.TempDir(), "config.json")
		text := fmt.Sprintf(`{"plugins":{"ding":{"url":"file:///plugin.wasm","runtime_config":{"allowed_hosts":[%s],
			"env_vars":{"DINGTALK_BOT_ACCESS_TOKEN":"${%s}","DINGTALK_BOT_SECRET":"${%s}","DINGTALK_BOT_WEBHOOK_URL":"${%s}"}}}}}`,
			hosts, schema.KeyAccessToken, schema.KeySecret, schema.KeyWebhookURL)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	tests := []struct {
		name    string
		command doctorCommand
		change  func(*dingtalktest.Options)
		want    error
	}{
		{"environment", doctorCommand{}, nil, nil},
		{"environment, disabled", doctorCommand{}, func(o *dingtalktest.Options) { o.Disabled = true }, exitError(1)},
		{"environment, busy", doctorCommand{}, nil, exitError(1)},
		{"environment, disabled, in Chinese", doctorCommand{Lang: "zh"}, func(o *dingtalktest.Options) { o.Disabled = true }, exitError(1)},
		{"file", doctorCommand{Config: file(`"127.0.0.1"`)}, nil, nil},
		{"file, host not allowed", doctorCommand{Config: file(`"oapi.dingtalk.com"`), Name: "ding"}, nil, exitError(1)},
	}
	standard := os.Stdout
	defer func() { os.Stdout = standard }()
	for _, tt := range tests {
		group.robot.SetOptions(func(o *dingtalktest.Options) { o.Disabled = false })
		if tt.change != nil {
			group.robot.SetOptions(tt.change)
		}
		if strings.HasSuffix(tt.name, "busy") {
			busy, _ := dingtalktest.FaultByName("busy")
			group.robot.InjectFaults(busy)
		}
		var err error
		if os.Stdout, err = os.Create(filepath.Join(t.TempDir(), "out")); err != nil {
			t.Fatal(err)
		}
		got := tt.command.Run(t.Context(), &cli{Plugin: pluginFile})
		printed, _ := os.ReadFile(os.Stdout.Name())
		os.Stdout.Close()
		section := map[string]string{"": "\nFor your information\n", "zh": "\n供参考\n"}[tt.command.Lang]
		if got != tt.want || !strings.Contains(string(printed), section) || strings.Contains(string(printed), group.config[schema.KeySecret]) {
			t.Errorf("%s: %v, want %v:\n%s", tt.name, got, tt.want, printed)
		}
	}
	if got := len(group.robot.Messages()); got != 0 {
		t.Errorf("%d messages were posted", got)
	}
}

// The locale chooses the language, of errors too, and --lang overrides it.
func TestDoctorLanguage(t *testing.T) {
	b := buildCommand(t)
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"plugins":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const en, zh = "the file has no entry with keys of this plugin", "文件里没有带本插件配置项的条目"
	for _, tt := range []struct{ locale, lang, want string }{
		{"C", "", en}, {"zh_CN.UTF-8", "", zh}, {"C", "--lang=zh", zh}, {"zh_CN.UTF-8", "--lang=en", en},
	} {
		t.Setenv("LC_ALL", tt.locale)
		out, complaint, status := run(b.command(t, strings.Fields("doctor --config "+file+" "+tt.lang)...), "")
		if status == 0 || !strings.Contains(out+complaint, tt.want) {
			t.Errorf("%s %s: status %d, %s%s", tt.locale, tt.lang, status, out, complaint)
		}
	}
}

// Without --config, the environment counts if it has a key, and else the files.
func TestDoctorTargets(t *testing.T) {
	home := t.TempDir()
	for _, key := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA", "XDG_CACHE_HOME", "LOCALAPPDATA"} {
		t.Setenv(key, home)
	}
	t.Chdir(t.TempDir())
	sources := func(name string) (all []string) {
		targets, err := doctor.Targets("", name)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			all = append(all, target.Source.String())
		}
		return all
	}
	check := func(what, name string, want ...string) {
		if got := sources(name); !slices.Equal(got, want) {
			t.Errorf("%s: examines %q, want %q", what, got, want)
		}
	}
	check("nothing", "", "Files", "the environment")
	if err := os.WriteFile(filepath.Join(home, ".claude.json"), []byte(`{"mcpServers":{"a":{"env":{"DINGTALK_BOT_SECRET":"x"}},"b":{"env":{"DINGTALK_BOT_SECRET":"y"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	server := func(name string) string { return filepath.Join("~", ".claude.json") + ", server " + name }
	check("a file", "", server("a"), server("b"), "Files")
	check("a name", "b", server("b"), "Files")
	t.Setenv(schema.KeyAccessToken, "x")
	check("the environment", "", "the environment")
	check("the environment and a name", "b", server("b"), "Files")
}

func TestLocaleLanguage(t *testing.T) {
	for _, tt := range []struct{ all, messages, lang, want string }{
		{"", "", "", "en"}, {"", "", "en_US.UTF-8", "en"}, {"", "", "C.UTF-8", "en"},
		{"", "", "zh_CN.UTF-8", "zh"}, {"", "", "zh_TW.utf8", "zh"}, {"", "", "zh_CN", "zh"}, {"", "", "zh", "zh"}, {"", "", "zh_CN.UTF-8@pinyin", "zh"},
		{"", "zh_CN.UTF-8", "en_US.UTF-8", "zh"}, {"C", "zh_CN.UTF-8", "zh_CN.UTF-8", "en"}, {"zh_CN.UTF-8", "C", "C", "zh"},
		{"", "", "zh_CN.GB18030", "en"}, {"", "", "zh_TW.Big5", "en"}, // which cannot show UTF-8
	} {
		locale := map[string]string{"LC_ALL": tt.all, "LC_MESSAGES": tt.messages, "LANG": tt.lang}
		if got := localeLanguage(func(name string) string { return locale[name] }); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
