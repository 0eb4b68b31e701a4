package main

import (
	"testing"

	"dingtalk-plugin/host-test/internal/scenario"
)

// All is compared but what a runner may change and the cause of a trap.
func TestNormalize(t *testing.T) {
	for _, one := range []struct {
		name, call, want, got string
		same                  bool
	}{
		{"members in another order", "t", `{"structuredContent":{"a":1,"b":2}}`, `{ "structuredContent":{"b":2,"a":1}}`, true},
		{"a member of the runner", "t", `{"content":[]}`, `{"content":[],"_meta":{}}`, true},
		{"another value", "t", `{"structuredContent":{"a":1}}`, `{"structuredContent":{"a":2}}`, false},
		{"another text", "t", `{"content":[{"type":"text","text":"a"}]}`, `{"content":[{"type":"text","text":"b"}]}`, false},
		{"an error", "t", `{"content":[]}`, `{"content":[],"isError":true}`, false},
		{"another cause", "t", scenario.Trap + ": refused", scenario.Trap, true},
		{"no trap", "t", scenario.Trap, `{"content":[]}`, false},
		{"arguments in another order", "describe", "tool `a` `b?`\n  b: c d", "tool `b?` `a`\n  b: c d", true},
		{"another argument", "describe", "tool `a`", "tool `a` `b`", false},
		{"tools in another order", "describe", "a\nb", "b\na", false},
	} {
		step := &scenario.Step{Call: one.call}
		if d := diff(normalize(step, one.want), normalize(step, one.got)); (d == "") != one.same {
			t.Errorf("%s: %s", one.name, d)
		}
	}
}
