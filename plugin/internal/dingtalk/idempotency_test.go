package dingtalk

import "testing"

func TestFingerprint(t *testing.T) {
	link := Link{Title: "a", URL: "b", Picture: "c"}
	seen := map[fingerprint]int{}
	for i, m := range []Message{
		{Type: Text},
		{Type: Markdown},
		{Type: Text, Title: "a"},
		{Type: Text, Text: "a"},
		{Type: Text, Text: "a\x00"},
		{Type: Text, Text: "12345678"},
		{Type: Text, Text: "12345678\x00"},
		{Type: Text, Text: "a", Mentions: Mentions{All: true}},
		{Type: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}}}},
		{Type: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "b"}, {ID: "c"}}}},
		{Type: Text, Text: "a", Mentions: Mentions{People: []Mention{{ID: "a"}, {ID: "b"}, {ID: "c"}}}},
		{Type: Text, Text: "a", Links: []Link{link}},
		{Type: Text, Text: "a", Links: []Link{link, link}},
		{Type: Text, Text: "a", ButtonsHorizontal: true},
	} {
		f := m.fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("messages %d and %d have one fingerprint", other, i)
		}
		seen[f] = i
	}
}
