package dingtalk

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// hasToken reports whether text has the token and not only a longer one.
func hasToken(text, id string) bool {
	return regexp.MustCompile("@" + regexp.QuoteMeta(id) + `([^-\w]|$)`).MatchString(text)
}

// The tokens that DingTalk sees are found.
func TestLocateMentions(t *testing.T) {
	for _, test := range []struct {
		text            string
		inText, inMarks bool // it mentions 13800000001 in plain text, in Markdown
	}{
		{"@13800000001", true, true},
		{"看 @13800000001 吧", true, true},
		{"请@13800000001 看", true, true},
		{"@13800000001请看", false, false},
		{"@13800000001，请看", true, true},
		{"@13800000001。", true, true},
		{"@13800000001.", true, true},
		{"@13800000001😀", false, false},
		{"@13800000001,@13800000002", true, true},
		{"@138000000012", false, false},
		{"@138000000012 @13800000001", true, true},
		{"@13800000001-2", false, false},
		{"@13800000001.example", false, false},
		{"@+86-13800000001", false, false},
		{"13800000001", false, false},
		{"x@13800000001", false, false},
		{"1@13800000001", false, false},
		{"é@13800000001", false, false},
		{"Ａ@13800000001", false, false},
		{"x@13800000001 @13800000001", true, true},
		{"(@13800000001)", true, true},
		{"**@13800000001**", true, true},
		{"https://a.example/@13800000001", false, false},
		{"https://a.example/ @13800000001", true, true},
		{"见https://a.example/b，@13800000001", true, true},
		{"a.example/@13800000001/b", false, false},
		{"@13800000002/@13800000001", true, true},
		{"[a](/@13800000001)", true, false},
		{"[@13800000001](https://a.example)", true, true},
		{"`@13800000001`", true, false},
		{"it`s @13800000001", true, true},
		{"``a ` @13800000001``", true, false},
		{"`a\n@13800000001` b", true, false},
		{"`a\n\n@13800000001` b", true, true},
		{"```\n@13800000001\n```", true, false},
		{"```\na\n```\n@13800000001", true, true},
		{"", false, false},
	} {
		for _, markdown := range []bool{false, true} {
			var m Mentions
			m.addMobiles([]string{"13800000001"})
			m.locate(test.text, markdown)
			want := markdown && test.inMarks || !markdown && test.inText
			if got := len(m.missing(test.text)) == 0; got != want {
				t.Errorf("%q, Markdown %v: mentioned is %v, want %v", test.text, markdown, got, want)
			}
		}
	}
}

// Names become tokens, and notify whom they should.
func TestResolveNames(t *testing.T) {
	options := &MessageOptions{People: []Person{
		{Name: "张三", ID: "13800000001"}, {Name: "张三丰", ID: "13800000002"}, {Name: "张", ID: "13800000003"},
		{Name: "li", ID: "u-li", IsUserID: true}, {Name: "li wei", ID: "u-wei", IsUserID: true}, {Name: "li@b.com", ID: "u-b", IsUserID: true},
		{Name: "老张", ID: "+86-13800000001"}, {Name: "li lei", ID: "13800000004"},
	}}
	for _, test := range []struct {
		name, text, names, want string
		who                     string // ids, in order
		kind                    *MessageType
	}{
		{"blank behind", "@张三 看", "", "@13800000001 看", "13800000001", Markdown},
		{"Chinese before", "请@张三 看", "", "请@13800000001 看", "13800000001", Markdown},
		{"Chinese punctuation", "（@张三），看", "", "（@13800000001），看", "13800000001", Markdown},
		{"emoji behind", "@张三🎉", "", "@13800000001 🎉", "13800000001", Markdown},
		{"end", "@li", "", "@u-li", "u-li", Markdown},
		{"full stop", "ask @li.", "", "ask @u-li.", "u-li", Markdown},
		{"longest", "@张三丰 @li wei", "", "@13800000002 @u-wei", "13800000002 u-wei", Markdown},
		{"shorter where the longer goes on", "@li weiss", "", "@u-li weiss", "u-li", Markdown},
		{"somebody else", "@张三疯 @张四", "", "@张三疯 @张四", "", Markdown},
		{"listed", "@张三请看", "张三", "@13800000001 请看", "13800000001", Markdown},
		{"another is listed", "@张三请看", "li", "@张三请看", "u-li", Markdown},
		{"the shorter is listed", "@张三丰 看", "张三", "@13800000002 看", "13800000001 13800000002", Markdown},
		{"Latin behind Chinese", "@张三ok", "", "@张三ok", "", Markdown},
		{"longer word", "@lisa @li2 @li-x @li_x", "li", "@lisa @li2 @li-x @li_x", "u-li", Markdown},
		{"host", "@li.wei @li.example", "", "@li.wei @li.example", "", Markdown},
		{"e-mail", "a@li.com a@li b-@li", "", "a@li.com a@li b-@li", "", Markdown},
		{"name with an @", "@li@b.com, see", "", "@u-b, see", "u-b", Markdown},
		{"letter before", "x@张三 5@张三 é@张三 я@张三", "", "x@张三 5@张三 é@张三 я@张三", "", Markdown},
		{"address", "https://medium.com/@li/post http://a/?q=@li&b", "", "https://medium.com/@li/post http://a/?q=@li&b", "", Markdown},
		{"address in brackets", "(https://medium.com/@li) <https://a/@li>", "", "(https://medium.com/@li) <https://a/@li>", "", Markdown},
		{"address without a scheme", "medium.com/@li, a.b/c/@li", "", "medium.com/@li, a.b/c/@li", "", Markdown},
		{"no address", "@li/@li wei 1.5/@li and/or/@li", "", "@u-li/@u-wei 1.5/@u-li and/or/@u-li", "u-li u-wei", Markdown},
		{"before an address", "@li:https://a/@li", "", "@u-li:https://a/@li", "u-li", Markdown},
		{"behind an address", "https://a/b @li 看https://a/b。@张三", "", "https://a/b @u-li 看https://a/b。@13800000001", "u-li 13800000001", Markdown},
		{"address beyond ASCII", "https://a.b/文档/@li/post https://例子.cn/@li [a](/文档/@li)", "", "https://a.b/文档/@li/post https://例子.cn/@li [a](/文档/@li)", "", Markdown},
		{"address with brackets", "https://a.b/x_(y)/@li", "", "https://a.b/x_(y)/@li", "", Markdown},
		{"Chinese names", "张三/@li 看https://a/b。张三/@li", "", "张三/@u-li 看https://a/b。张三/@u-li", "u-li", Markdown},
		{"target", "[@li](/@li)", "", "[@u-li](/@li)", "u-li", Markdown},
		{"code span", "`@li` @li ``a`@li``", "", "`@li` @u-li ``a`@li``", "u-li", Markdown},
		{"lone backtick", "it`s @li", "", "it`s @u-li", "u-li", Markdown},
		{"fence", "```\n@li\n```\n@li", "", "```\n@li\n```\n@u-li", "u-li", Markdown},
		{"open fence", "~~~\n@li\n", "", "~~~\n@li\n", "", Markdown},
		{"one person, two names", "@张三 @老张", "", "@13800000001 @13800000001", "13800000001", Markdown},
		{"the name that is listed first", "@张三", "老张", "@+86-13800000001", "+86-13800000001", Markdown},
		{"only listed", "see", "li,张三,li", "see", "u-li 13800000001", Markdown},
		{"unknown name", "@wang @", "wang", "@wang @", "", Markdown},
		{"plain text has no code", "`@li` [a](/@li)", "", "`@u-li` [a](/@u-li)", "u-li", Text},
		{"a card mentions by user id only", "@li lei", "li lei", "@u-li lei", "u-li", ActionCard},
	} {
		m := Message{Type: test.kind, Text: test.text}
		if e := m.resolveNames(options, SplitList(test.names)); e != nil {
			t.Errorf("%s: %v", test.name, e)
		}
		var who []string
		for _, mention := range m.Mentions.People {
			who = append(who, mention.ID)
		}
		if got := strings.Join(who, " "); m.Text != test.want || got != test.who {
			t.Errorf("%s: got %q %q, want %q %q", test.name, m.Text, got, test.want, test.who)
		}
	}
}

// Replacing names must not make a text grow without bound.
func TestResolveNamesIsBounded(t *testing.T) {
	options := &MessageOptions{People: []Person{{Name: "a", ID: strings.Repeat("u", 64), IsUserID: true}}}
	m := Message{Type: Text, Text: strings.Repeat("@a ", 150000)}
	if e := m.resolveNames(options, nil); e == nil || e.Reason != ReasonArguments {
		t.Errorf("got %v and %d bytes", e, len(m.Text))
	}
}

// The index finds what looking at each person finds.
func TestNameIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "ab\xe5\xff"[random.IntN(4)]
		}
		return string(b)
	}
	for range 300 {
		options := &MessageOptions{}
		for range random.IntN(20) {
			options.People = append(options.People, Person{Name: word(1 + random.IntN(5))})
		}
		for range 50 {
			text, odd := word(random.IntN(8)), random.IntN(2)
			accept := func(p *Person, rest string) bool {
				if p.Name+rest != text {
					t.Fatalf("%q and %q are not %q", p.Name, rest, text)
				}
				return len(rest)%2 == odd
			}
			want := ""
			for i := range options.People {
				name := options.People[i].Name
				if strings.HasPrefix(text, name) && len(name) > len(want) && accept(&options.People[i], text[len(name):]) {
					want = name
				}
			}
			got := ""
			if p := options.index().longest(text, accept); p != nil {
				got = p.Name
			}
			if got != want {
				t.Fatalf("%q among %v: got %q, want %q", text, options.People, got, want)
			}
		}
	}
}

func TestAddMentions(t *testing.T) {
	for _, test := range []struct {
		mobiles, users []string
		want           string // ids, in order
		fault          string // a part of it
	}{
		{},
		{mobiles: []string{"13800000001", " 13800000002 "}, want: "13800000001 13800000002"},
		{mobiles: []string{"13800000001", "13800000001"}, want: "13800000001"},
		{mobiles: []string{"+86-13800000001", "+1-4155550100"}, want: "+86-13800000001 +1-4155550100"},
		{mobiles: []string{"+86-13800000001", "13800000001", "+1-13800000001"}, want: "+86-13800000001 +1-13800000001"},
		{mobiles: []string{"13800000001", "+86-13800000001"}, want: "13800000001"},
		{mobiles: []string{" "}, fault: "atMobiles[0]: not a mobile number"},
		{mobiles: []string{"13800000001", "\u3000\u200b"}, fault: "atMobiles[1]: not a mobile number"},
		{mobiles: []string{"13800000001", "张三"}, fault: "atMobiles[1]: not a mobile number"},
		{mobiles: []string{"@13800000001"}, fault: "atMobiles[0]"},
		{mobiles: []string{"+8613800000001"}, fault: "atMobiles[0]"},
		{mobiles: []string{"138 0000 0001"}, fault: "atMobiles[0]"},
		{mobiles: []string{"1234"}, fault: "atMobiles[0]"},
		{mobiles: []string{"+-1234"}, fault: "atMobiles[0]"},
		{mobiles: numbers(50), want: strings.Join(numbers(50), " ")},
		{mobiles: numbers(51), fault: "more than the 50 people"},
		{mobiles: numbers(5000), fault: "more than the 50 people"},
		{users: []string{"u-1", "u_2", " u-1 "}, want: "u-1 u_2"},
		{users: []string{" "}, fault: "atUserIds[0]: not a user id"},
		{users: []string{"u1", "\u3000"}, fault: "atUserIds[1]: not a user id"},
		{users: []string{"\u00a0\u200b\ufeff"}, fault: "atUserIds[0]"},
		{users: []string{"@u1"}, fault: "atUserIds[0]"},
		{users: []string{"a+b"}, fault: "atUserIds[0]"},
	} {
		var m Mentions
		e := m.addMobiles(test.mobiles)
		if e == nil {
			e = m.addUserIDs(test.users)
		}
		if e == nil {
			e = m.check()
		}
		got := strings.Join(append(m.mobiles(), m.userIDs()...), " ")
		switch {
		case test.fault == "" && (e != nil || got != test.want):
			t.Errorf("%.60q: got %.60s %v, want %s", append(test.mobiles, test.users...), got, e, test.want)
		case test.fault != "" && (e == nil || !strings.Contains(e.Message, test.fault)):
			t.Errorf("%.60q: got %v, want %q", append(test.mobiles, test.users...), e, test.fault)
		case len(m.People) > MaxMentions+1:
			t.Errorf("%d people are kept", len(m.People))
		}
	}
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, pad(13800000000+int64(i), 11))
	}
	return list
}

// With the missing tokens, everybody is in the text, and nobody is missing then.
func FuzzMentions(f *testing.F) {
	f.Add("look @13800000001, and @138000000012", uint8(3), true)
	f.Add("`@13800000000` https://a/@13800000000 x@13800000000", uint8(1), true)
	f.Fuzz(func(t *testing.T, text string, n uint8, markdown bool) {
		var m Mentions
		if e := m.addMobiles(numbers(int(n % 51))); e != nil {
			t.Fatal(e)
		}
		m.locate(text, markdown)
		var tokens strictjson.Writer
		writeTokens(&tokens, m.missing(text))
		got := text + "\n\n" + string(tokens.Bytes)
		for _, mention := range m.People {
			if !hasToken(got, mention.ID) {
				t.Errorf("%s is not in %q", mention.ID, got)
			}
		}
		again := Mentions{People: slices.Clone(m.People)}
		for i := range again.People {
			again.People[i].end = 0
		}
		open := codeScanner{text: text}
		for c := open.next(); c.from < len(text); c = open.next() {
			if c.fenced && c.to == len(text) {
				return // the tokens are in a fence that the caller left open
			}
		}
		again.locate(got, markdown)
		if missing := again.missing(got); len(missing) > 0 {
			t.Errorf("%q: still missing: %v", got, missing)
		}
	})
}

// A text without a mention stays as it is, a mention ends with its token, and a
// dry run makes a text of equal length.
func FuzzResolveNames(f *testing.F) {
	f.Add("@张三 `@li` https://a/@li @li.", true)
	f.Fuzz(func(t *testing.T, text string, markdown bool) {
		if !utf8.ValidString(text) {
			return
		}
		people := []Person{{Name: "张三", ID: "13800000001"}, {Name: "li", ID: "u-1", IsUserID: true}, {Name: "@", ID: "u-2", IsUserID: true}}
		kind := Text
		if markdown {
			kind = Markdown
		}
		m := Message{Type: kind, Text: text}
		if e := m.resolveNames(&MessageOptions{People: people}, nil); e != nil {
			return
		}
		if len(m.Mentions.People) == 0 && m.Text != text {
			t.Fatalf("%q became %q without a mention", text, m.Text)
		}
		for _, mention := range m.Mentions.People {
			if !hasToken(m.Text[:mention.end], mention.ID) {
				t.Errorf("%q became %q, where no token ends at %d", text, m.Text, mention.end)
			}
		}
		hidden := Message{Type: kind, Text: text}
		hidden.resolveNames(&MessageOptions{People: people, HidePeople: true}, nil)
		if len(hidden.Text) != len(m.Text) {
			t.Errorf("%q became %q, and %q in a dry run", text, m.Text, hidden.Text)
		}
	})
}
