package dingtalktest

import (
	"strings"
	"testing"
	"unicode"
)

// hostile has what a terminal obeys or hides.
const hostile = "\x1b[2J\u009b31m\u202e\u2066\u200b\u2028\U000e0041\n\r\x07"

func TestRenderText(t *testing.T) {
	tests := []struct {
		message Message
		want    string
	}{
		{Message{}, "┌ robot  00:00:00  []\n└ notifies nobody · 0 of 20000 bytes\n"},
		{
			Message{MsgType: "text", NotificationTitle: strings.Repeat("长", 61), Mentions: []string{"1", "boss"}, Signed: true, Keyword: "k\n", Raw: make([]byte, 20000)},
			"┌ robot  00:00:00  [text]  " + strings.Repeat("长", 60) + "…\n" +
				`└ notifies 1, boss · signature verified · keyword "k\n" · 20000 of 20000 bytes` + "\n",
		},
		{
			Message{Text: "\x1b[2Jred\tline \u202egnol\r\u0007 👩\u200d💻", Mentions: []string{Everyone}},
			"┌ robot  00:00:00  []\n│ �[2Jred    line �gnol�� 👩\u200d💻\n└ notifies @all · 0 of 20000 bytes\n",
		},
	}
	for _, tt := range tests {
		if got := RenderText(tt.message); got != tt.want {
			t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
		}
	}
}

func TestRenderRequest(t *testing.T) {
	accepted := Request{Message: &Message{MsgType: "text", Text: "x"}}
	if got := RenderRequest(accepted); got != RenderText(*accepted.Message) {
		t.Errorf("accepted: %q", got)
	}
	got := RenderRequest(Request{Method: hostile, Path: hostile, Text: hostile, Explanation: hostile})
	isHidden := func(c rune) bool { return !unicode.IsGraphic(c) }
	if strings.IndexFunc(strings.TrimSuffix(got, "\n"), isHidden) >= 0 || strings.Count(got, "\n") != 1 || !strings.Contains(got, "[2J") {
		t.Errorf("hostile: %q", got)
	}
	long := strings.Repeat("长", 1000)
	got = RenderRequest(Request{Method: "GET" + strings.Repeat("X", 100), Path: "/" + long, Text: long, Explanation: long})
	if len([]rune(got)) > 610 || !strings.HasPrefix(got, "GETXXXXXXXXXXXXXXXXX… /长") {
		t.Errorf("overlong: %q", got)
	}
}
