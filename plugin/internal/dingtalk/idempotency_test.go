package dingtalk

import "testing"

func TestFingerprint(t *testing.T) {
	link := Link{Title: "a", URL: "b", Picture: "c"}
	seen := map[fingerprint]int{}
	for i, m := range []Message{
		{Kind: Text},
		{Kind: Markdown},
		{Kind: Text, Title: "a"},
		{Kind: Text, Text: "a"},
		{Kind: Text, Text: "a\x00"},
		{Kind: Text, Text: "12345678"},
		{Kind: Text, Text: "12345678\x00"},
		{Kind: Text, Text: "a", Mentions: Mentions{All: true}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}}}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}, {ID: "c"}}}},
		{Kind: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "a"}, {ID: "b"}, {ID: "c"}}}},
		{Kind: Text, Text: "a", Links: []Link{link}},
		{Kind: Text, Text: "a", Links: []Link{link, link}},
		{Kind: Text, Text: "a", ButtonsHorizontal: true},
	} {
		f := m.fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("messages %d and %d have one fingerprint", other, i)
		}
		seen[f] = i
	}
}
