package dingtalk

import (
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/jsontext"
)

func TestMentioned(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{"@13800000001", true},
		{"看 @13800000001 吧", true},
		{"@13800000001请看", false},
		{"@13800000001，请看", true},
		{"@13800000001。", true},
		{"@13800000001😀", false},
		{"@13800000001,@13800000002", true},
		{"@138000000012", false},
		{"@138000000012 @13800000001", true},
		{"@13800000001-2", false},
		{"13800000001", false},
		{"", false},
	} {
		if got := mentioned(test.text, "13800000001"); got != test.want {
			t.Errorf("mentioned(%q) = %v, want %v", test.text, got, test.want)
		}
	}
}

func TestAddMobiles(t *testing.T) {
	for _, test := range []struct {
		mobiles []string
		want    []string
		fault   string // a part of it
	}{
		{nil, nil, ""},
		{[]string{"13800000001", " 13800000002 "}, []string{"13800000001", "13800000002"}, ""},
		{[]string{"13800000001", "13800000001"}, []string{"13800000001"}, ""},
		{[]string{"+86-13800000001", "+1-4155550100"}, []string{"+86-13800000001", "+1-4155550100"}, ""},
		{[]string{"13800000001", "张三"}, nil, "/atMobiles/1: not a mobile number"},
		{[]string{"@13800000001"}, nil, "atMobiles/0"},
		{[]string{"+8613800000001"}, nil, "atMobiles/0"},
		{[]string{"138 0000 0001"}, nil, "atMobiles/0"},
		{[]string{"1234"}, nil, "atMobiles/0"},
		{[]string{"+-1234"}, nil, "atMobiles/0"},
		{numbers(50), numbers(50), ""},
		{numbers(51), nil, "51 people"},
	} {
		var m Mentions
		e := m.AddMobiles(test.mobiles)
		if e == nil {
			e = m.check()
		}
		switch {
		case test.fault == "" && (e != nil || !slices.Equal(m.ids(false), test.want)):
			t.Errorf("%v: got %v %v, want %v", test.mobiles, m.ids(false), e, test.want)
		case test.fault != "" && (e == nil || !strings.Contains(e.Text, test.fault)):
			t.Errorf("%v: got %v, want %q", test.mobiles, e, test.fault)
		}
	}
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, digits(13800000000+int64(i), 11))
	}
	return list
}

// After reconciling, everybody stands in the text, the caller's text stands
// unchanged at its start, and doing it again changes nothing.
func FuzzMentions(f *testing.F) {
	f.Add("look @13800000001, and @138000000012", uint8(3))
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		var m Mentions
		if e := m.AddMobiles(numbers(int(n % 51))); e != nil {
			t.Fatal(e)
		}
		var tokens jsontext.Writer
		writeTokens(&tokens, m.missing(text))
		got := text + "\n" + string(tokens.Bytes)
		if !strings.HasPrefix(got, text) {
			t.Errorf("%q does not begin with %q", got, text)
		}
		for _, mention := range m.People {
			if !mentioned(got, mention.ID) {
				t.Errorf("%s is not in %q", mention.ID, got)
			}
		}
		if again := m.missing(got); len(again) > 0 {
			t.Errorf("still missing: %v", again)
		}
	})
}
