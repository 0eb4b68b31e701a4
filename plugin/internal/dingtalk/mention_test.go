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

// The tokens that DingTalk sees are found. testdata/mentions.json has texts by the
// type of message in which they mention 13800000001.
func TestLocateMentions(t *testing.T) {
	for where, texts := range readJSON[map[string][]string](t, "mentions.json") {
		for _, text := range texts {
			for _, kind := range []string{"text", "Markdown"} {
				var m Mentions
				m.addMobiles([]string{"13800000001"})
				m.locate(text, kind == "Markdown")
				if got, want := len(m.missing(text)) == 0, strings.Contains(where, kind); got != want {
					t.Errorf("%q in %s: mentioned is %v, want %v", text, kind, got, want)
				}
			}
		}
	}
}

// Names become tokens, and notify whom they should. testdata/names.json has Markdown
// unless it names another type, the names in atNames, the text that is sent, and the
// ids of those who are notified.
func TestResolveNames(t *testing.T) {
	options := &MessageOptions{People: []Person{
		{Name: "张三", ID: "13800000001"}, {Name: "张三丰", ID: "13800000002"}, {Name: "张", ID: "13800000003"},
		{Name: "li", ID: "u-li", IsUserID: true}, {Name: "li wei", ID: "u-wei", IsUserID: true}, {Name: "li@b.com", ID: "u-b", IsUserID: true},
		{Name: "老张", ID: "+86-13800000001"}, {Name: "li lei", ID: "13800000004"},
	}}
	types := map[string]*MessageType{"": Markdown, "text": Text, "actionCard": ActionCard}
	for _, test := range readJSON[[]struct{ Name, Type, Text, Listed, Want, Notified string }](t, "names.json") {
		m := Message{Type: types[test.Type], Text: test.Text}
		if e := m.resolveNames(options, SplitList(test.Listed)); e != nil {
			t.Errorf("%s: %v", test.Name, e)
		}
		var notified []string
		for _, mention := range m.Mentions.People {
			notified = append(notified, mention.ID)
		}
		if got := strings.Join(notified, " "); m.Text != test.Want || got != test.Notified {
			t.Errorf("%s: got %q %q, want %q %q", test.Name, m.Text, got, test.Want, test.Notified)
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
		{mobiles: numbers(51), fault: "more than 50 people"},
		{mobiles: numbers(5000), fault: "more than 50 people"},
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
		got := strings.Join(append(m.ids(false), m.ids(true)...), " ")
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
