package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/host-test/internal/scenario"
)

// call refuses every malformed input with a result, and the next good call works.
func TestMalformedInput(t *testing.T) {
	tool := &listTools(t, nil)[0]
	for build := range builds {
		t.Run(builds[build].name, func(t *testing.T) {
			run, plugin := start(t, build, &scenario.Scenario{})
			for name, input := range malformedInputs() {
				output, err := plugin.CallExport(t.Context(), "call", input)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				checkResult(t, tool, output)
				if !strings.Contains(string(output), `"isError":true`) {
					t.Errorf("%s was accepted: %s", name, output)
				}
				sendText(t, plugin.Plugin, "after "+name)
				run.Advance(4 * time.Second) // 15 good calls a minute
			}
		})
	}
}

// malformedInputs are named after what is wrong with them.
func malformedInputs() map[string][]byte {
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

// describe needs no configuration, and ignores its input.
func TestDescribeIgnoresInput(t *testing.T) {
	for build := range builds {
		plugin := load(t, build, host.Options{DefaultClock: true})
		want := describe(t, plugin)
		if !json.Valid(want) {
			t.Fatalf("%s", want)
		}
		for name, input := range malformedInputs() {
			if got, err := plugin.CallExport(t.Context(), "describe", input); err != nil || string(got) != string(want) {
				t.Fatalf("%s: %v: %s", name, err, got)
			}
		}
	}
}

// FuzzCall sends foreign bytes through the module itself; `make fuzz` runs it.
func FuzzCall(f *testing.F) {
	for _, input := range malformedInputs() {
		if len(input) < 1000 {
			f.Add(input)
		}
	}
	f.Add([]byte(`{"params":{"name":"send_markdown_message","arguments":{"title":"t","text":"a","atMobiles":["13800000001"]}}}`))
	_, values := newUnlimitedFake(f)
	plugin := load(f, 0, host.Options{Config: values})
	tool := &listTools(f, nil)[0]
	f.Fuzz(func(t *testing.T, input []byte) {
		output, err := plugin.CallExport(t.Context(), "call", input)
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, tool, output)
	})
}
