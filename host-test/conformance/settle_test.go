package main

import (
	"testing"

	"dingtalk-plugin/host-test/conformance/internal/protocol"

	"github.com/google/go-cmp/cmp"
)

func TestSettle(t *testing.T) {
	s := &protocol.Settings{Config: map[string]string{"DINGTALK_BOT_ACCESS_TOKEN": "t.k"}}
	for _, one := range []struct {
		want, got string
		fits      bool
	}{
		{`"<uuid>"`, `"0123456789abcdef0123456789abcdef"`, true},
		{`"<uuid>"`, `"0123456789abcdef0123456789abcdeg"`, false},
		{`"access_token=<token>"`, `"access_token=t.k"`, true},
		{`"access_token=<token>"`, `"access_token=tok"`, false},
		{`{"a":["<text>"]}`, `{"a":["two\nlines"]}`, true},
		{`{"a":["<text>"]}`, `{"a":["b","c"]}`, false},
		{`"<seconds>"`, `60`, true},
		{`"<seconds>"`, `0`, false},
		{`"<number>"`, `45390`, true},
		{`"<number>"`, `"45390"`, false},
		{`"<nothing>"`, `"anything"`, false},
	} {
		want := decoded(one.want)
		if settled := settle(want, decoded(one.got), s); cmp.Equal(want, settled) != one.fits {
			t.Errorf("%s stands for %s: want %v", one.want, one.got, one.fits)
		}
	}
}
