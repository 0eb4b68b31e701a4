package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"
)

// Whatever comes in, call answers with a result, and the next good call works.
func TestHostileInput(t *testing.T) {
	for build := range builds {
		t.Run(builds[build].name, func(t *testing.T) {
			run, plugin := start(t, build, &scenario.Scenario{})
			for name, input := range hostile() {
				plugin.hostile(t, name, input)
				run.Advance(4 * time.Second) // 15 good calls a minute
			}
		})
	}
}

func (r *instance) hostile(t *testing.T, name string, input []byte) {
	t.Helper()
	output, err := r.CallExport(t.Context(), "call", input)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	checkResult(t, output)
	if !strings.Contains(string(output), `"isError":true`) {
		t.Errorf("%s was taken: %s", name, output)
	}
	result, err := r.Plugin.Call(t.Context(), "send_text_message", json.RawMessage(`{"text":"still here"}`))
	if err != nil || result.IsError {
		t.Fatalf("the call after %s: %v %+v", name, err, result)
	}
}

// hostile inputs, by what is wrong with them.
func hostile() map[string][]byte {
	call := func(arguments string) []byte {
		return []byte(`{"params":{"name":"send_text_message","arguments":` + arguments + `}}`)
	}
	inputs := map[string][]byte{
		"empty":                 {},
		"a byte":                {0},
		"cut":                   []byte(`{"params":{"name":"send_text_mess`),
		"deep arrays":           []byte(strings.Repeat("[", 100000)),
		"deep objects":          []byte(strings.Repeat(`{"a":`, 100000)),
		"deep, closed":          call(strings.Repeat("[", 100000) + strings.Repeat("]", 100000)),
		"a 5 MB text":           call(`{"text":"` + strings.Repeat("x", 5<<20) + `"}`),
		"a 5 MB name":           []byte(`{"params":{"name":"` + strings.Repeat("x", 5<<20) + `"}}`),
		"a long name":           []byte(`{"params":{"name":"` + strings.Repeat("x", 1000000) + `"}}`),
		"a long argument":       call(`{"` + strings.Repeat("x", 1000000) + `":1}`),
		"many arguments":        call(`{` + strings.Repeat(`"x":1,`, 100000) + `"x":1}`),
		"a million mobiles":     call(`{"text":"a","atMobiles":[` + strings.Repeat(`1,`, 400000) + `1]}`),
		"quotes":                call(`{"text":"` + strings.Repeat(`\"`, 500000) + `"}`),
		"invalid UTF-8":         call("{\"text\":\"\xff\xfe\"}"),
		"half a surrogate pair": call(`{"text":"\ud83d"}`),
		"a control character":   call("{\"text\":\"\x01\"}"),
		"NaN":                   call(`{"text":NaN}`),
		"huge number":           call(`{"text":1e999}`),
		"trailing":              append(call(`{"text":"a"}`), '}'),
	}
	for _, wrong := range []string{"null", "true", "0", "1.5", `"x"`, "[]", "{}"} {
		inputs["input "+wrong] = []byte(wrong)
		inputs["params "+wrong] = []byte(`{"params":` + wrong + `}`)
		inputs["name "+wrong] = []byte(`{"params":{"name":` + wrong + `,"arguments":{"text":"a"}}}`)
		inputs["arguments "+wrong] = call(wrong)
		if wrong != `"x"` {
			inputs["text "+wrong] = call(`{"text":` + wrong + `}`)
		}
		if wrong != "null" {
			inputs["atAll "+wrong] = call(`{"text":"a","atAll":` + strings.Replace(wrong, "true", `"true"`, 1) + `}`)
			inputs["atMobiles "+wrong] = call(`{"text":"a","atMobiles":[` + wrong + `]}`)
		}
	}
	return inputs
}

// describe answers without configuration, whatever its input.
func TestDescribeCannotFail(t *testing.T) {
	for build := range builds {
		plugin, err := host.Load(t.Context(), module(t, build), &host.Options{Cache: cache, DefaultClock: true})
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Close(t.Context())
		want, err := plugin.CallExport(t.Context(), "describe", nil)
		if err != nil || !json.Valid(want) {
			t.Fatalf("%v: %s", err, want)
		}
		for _, input := range hostile() {
			if got, err := plugin.CallExport(t.Context(), "describe", input); err != nil || string(got) != string(want) {
				t.Fatalf("%v: %s", err, got)
			}
		}
	}
}

// FuzzCall sends foreign bytes through the module itself. Seeds come from the
// hostile inputs; `make fuzz` runs it.
func FuzzCall(f *testing.F) {
	for _, input := range hostile() {
		if len(input) < 1000 {
			f.Add(input)
		}
	}
	f.Add([]byte(`{"params":{"name":"send_markdown_message","arguments":{"title":"t","text":"a","atMobiles":["13800000001"]}}}`))
	fake := dingtalktest.New(&dingtalktest.Options{Token: "token", PerMinute: -1})
	recorder := record(f, fake)
	plugin, err := host.Load(f.Context(), module(f, 0), &host.Options{
		Config:       map[string]string{"DINGTALK_BOT_WEBHOOK_URL": recorder.URL + "?access_token=token", "DINGTALK_BOT_MESSAGES_PER_MINUTE": "0"},
		AllowedHosts: []string{"127.0.0.1"}, Cache: cache,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		output, err := plugin.CallExport(t.Context(), "call", input)
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, output)
	})
}
