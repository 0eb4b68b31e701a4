package dingtalktest

import (
	"strings"
	"testing"
	"unicode"
)

func TestRenderText(t *testing.T) {
	tests := []struct{ body, want string }{
		{
			`{"msgtype":"markdown","markdown":{"title":"Deploy finished","text":"## Deploy finished\r\n@13800000001\n"},"at":{"atMobiles":["13800000001","13800000002"]}}`,
			"┌ robot  00:00:00  [markdown]  Deploy finished\n" +
				"│ ## Deploy finished\n" +
				"│ @13800000001\n" +
				"├ not notified: 13800000002 (the text has no @13800000002)\n" +
				"└ notifies 13800000001 · 156 of 20000 bytes\n",
		},
		{
			`{"msgtype":"text","text":{"content":"部署\n\n完成"},"at":{"isAtAll":true}}`,
			"┌ robot  00:00:00  [text]  部署\n│ 部署\n│\n│ 完成\n└ notifies @all · 78 of 20000 bytes\n",
		},
		{
			`{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"https://a.example/p"}}`,
			"┌ robot  00:00:00  [link]  T\n│ x\n│ → https://a.example/\n│ picture https://a.example/p\n└ notifies nobody · 115 of 20000 bytes\n",
		},
		{
			`{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","btns":[{"title":"Yes","actionURL":"https://a.example/y"},{"title":"No","actionURL":"https://a.example/n"}]}}`,
			"┌ robot  00:00:00  [actionCard]  T\n│ x\n│ [ Yes ] → https://a.example/y\n│ [ No ] → https://a.example/n\n└ notifies nobody · 170 of 20000 bytes\n",
		},
		{
			`{"msgtype":"feedCard","feedCard":{"links":[{"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"}]}}`,
			"┌ robot  00:00:00  [feedCard]  A\n│ • A → https://a.example/\n│   picture https://a.example/p\n└ notifies nobody · 124 of 20000 bytes\n",
		},
		{
			`{"msgtype":"text","text":{"content":"\u001b[2Jred\tline \u202egnol\r\u0007"}}`,
			"┌ robot  00:00:00  [text]  �[2Jred    line �gnol��\n│ �[2Jred    line �gnol��\n└ notifies nobody · 77 of 20000 bytes\n",
		},
	}
	for _, tt := range tests {
		r := newRobot(Options{})
		if got := post(t, r, tt.body); got != ok {
			t.Errorf("%s: %v", tt.body, got)
			continue
		}
		if got := RenderText(r.Messages()[0]); got != tt.want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", tt.body, got, tt.want)
		}
	}
}

func TestRenderFacts(t *testing.T) {
	m := Message{MsgType: "text", NotificationTitle: strings.Repeat("长", 61), Mentions: []string{"1", "boss"}, Signed: true, Keyword: "k\n", Raw: make([]byte, 20000)}
	want := "┌ robot  00:00:00  [text]  " + strings.Repeat("长", 60) + "…\n" +
		`└ notifies 1, boss · signature verified · keyword "k\n" · 20000 of 20000 bytes` + "\n"
	if got := RenderText(m); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRenderZeroMessage(t *testing.T) {
	want := "┌ robot  00:00:00  []\n└ notifies nobody · 0 of 20000 bytes\n"
	if got := RenderText(Message{}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRenderRequest has what a terminal would obey wherever a sender can put it.
func TestRenderRequest(t *testing.T) {
	hostile := "\x1b[2J\u009b31m\u202e\u2066\u200b\u2028\U000e0041\n\r\x07"
	r := newRobot(Options{})
	req := request(`{"msgtype":"` + strings.NewReplacer("\x1b", `\u001b`, "\n", `\n`, "\r", `\r`, "\x07", `\u0007`).Replace(hostile) + `"}`)
	req.URL.Path = "/" + hostile
	do(t, r, req)
	do(t, r, request(hello))
	odd := request(hello)
	odd.Method = "GET" + strings.Repeat("X", 100)
	odd.URL.Path = "/" + strings.Repeat("长", 100)
	do(t, r, odd)
	seen := r.Requests()
	got := RenderRequest(seen[0])
	if strings.IndexFunc(strings.TrimSuffix(got, "\n"), func(c rune) bool { return !unicode.IsGraphic(c) }) >= 0 || strings.Count(got, "\n") != 1 || !strings.Contains(got, "[2J") {
		t.Errorf("a refusal: %q", got)
	}
	if got := RenderRequest(seen[1]); got != RenderText(*seen[1].Message) {
		t.Errorf("a message: %q", got)
	}
	if got := RenderRequest(seen[2]); len(got) > 1000 || !strings.HasPrefix(got, "GETXXXXXXXXXXXXXXXXX… /长") {
		t.Errorf("an overlong request: %q", got)
	}
}
