package dingtalktest

import "testing"

func TestMissingFields(t *testing.T) {
	card := func(rest string) string {
		return `{"msgtype":"actionCard","actionCard":{"title":"a","text":"b"` + rest + `}}`
	}
	feed := func(entry string) string { return `{"msgtype":"feedCard","feedCard":{"links":[` + entry + `]}}` }
	tests := []struct {
		body string
		want generations
	}{
		{`{"msgtype":"text"}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":"hello"}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":null}`, lacks(400201, "text")},
		{`{"msgtype":"text","markdown":{"title":"a","text":"b"}}`, lacks(400201, "text")},
		{`{"msgtype":"text","text":{}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":""}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":" \n\u3000"}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"content":7}}`, lacks(400202, "text content")},
		{`{"msgtype":"text","text":{"Content":"x"}}`, lacks(400202, "text content")},

		{`{"msgtype":"link"}`, lacks(400301, "link")},
		{`{"msgtype":"link","link":{}}`, lacks(400302, "link text")},
		{`{"msgtype":"link","link":{"text":"a"}}`, lacks(400303, "link title")},
		{`{"msgtype":"link","link":{"text":"a","title":"b"}}`, lacks(400304, "link messageUrl")},
		{`{"msgtype":"link","link":{"text":"a","title":"b","messageURL":"https://a.example/"}}`, lacks(400304, "link messageUrl")},

		{`{"msgtype":"markdown"}`, lacks(400401, "markdown")},
		{`{"msgtype":"markdown","markdown":{"title":"","text":"b"}}`, lacks(400402, "markdown title")},
		{`{"msgtype":"markdown","markdown":{"title":"a"}}`, lacks(400403, "markdown text")},
		{`{"msgtype":"markdown","markdown":{"title":" ","text":"b"}}`, lacks(400402, "markdown title")},
		{`{"msgtype":"markdown","markdown":{"title":"a","text":"\t"}}`, lacks(400403, "markdown text")},

		{`{"msgtype":"actionCard"}`, lacks(400501, "actionCard")},
		{`{"msgtype":"actionCard","actionCard":{}}`, lacks(400502, "actionCard title")},
		{`{"msgtype":"actionCard","actionCard":{"title":"a"}}`, lacks(400503, "actionCard text")},
		{card(``), lacks(400504, "actionCard btns")},
		{card(`,"btns":[]`), lacks(400504, "actionCard btns")},
		{card(`,"btns":{"title":"x","actionURL":"https://a.example/"}`), lacks(400504, "actionCard btns")},
		{card(`,"singleURL":"https://a.example/"`), lacks(400505, "actionCard singleTitle")},
		{card(`,"singleTitle":"x"`), lacks(400506, "actionCard singleURL")},
		{card(`,"singleTitle":" ","singleURL":"https://a.example/"`), lacks(400505, "actionCard singleTitle")},
		{card(`,"btns":[{"actionURL":"https://a.example/"}]`), lacks(400507, "actionCard btns title")},
		{card(`,"btns":["x"]`), lacks(400507, "actionCard btns title")},
		{card(`,"btns":[{"title":"x","actionUrl":"https://a.example/"}]`), lacks(400508, "actionCard btns actionURL")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","btnOrientation":0`), lacks(400509, "actionCard btnOrientation")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","btnOrientation":"2"`), lacks(400509, "actionCard btnOrientation")},
		{card(`,"singleTitle":"x","singleURL":"https://a.example/","hideAvatar":true`), lacks(400510, "actionCard hideAvatar")},

		{`{"msgtype":"feedCard"}`, lacks(400601, "feedCard")},
		{`{"msgtype":"feedCard","feedCard":{}}`, lacks(400602, "feedCard links")},
		{feed(``), lacks(400602, "feedCard links")},
		{feed(`{}`), lacks(400603, "feedCard links title")},
		{feed(`{"title":"\u00a0","messageURL":"https://a.example/","picURL":"https://a.example/"}`), lacks(400603, "feedCard links title")},
		{feed(`{"title":"a"}`), lacks(400604, "feedCard links messageURL")},
		{feed(`{"title":"a","messageUrl":"https://a.example/"}`), lacks(400604, "feedCard links messageURL")},
		{feed(`{"title":"a","messageURL":"https://a.example/"}`), lacks(400605, "feedCard links picURL")},
		{feed(`{"title":"a","messageURL":"https://a.example/","picURL":"https://a.example/"},{}`), lacks(400603, "feedCard links title")},
	}
	for _, tt := range tests {
		for g, want := range tt.want {
			r := newRobot(Options{Wording: Wording(g)})
			if got := post(t, r, tt.body); got != want {
				t.Errorf("%s, %v: answer\n%v, want\n%v", tt.body, Wording(g), got, want)
			}
		}
	}
}
