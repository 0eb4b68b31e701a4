package dingtalktest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMessageTypes has each type as the group sees it, and as a terminal shows it.
func TestMessageTypes(t *testing.T) {
	tests := []struct {
		body     string
		want     Message
		rendered string // without the frame's first and last line
	}{
		{
			`{"msgtype":"text","text":{"content":"\n first line \n\nsecond\r\n","title":"no"},"msgUuid":"u-1"}`,
			Message{MsgType: "text", Text: "\n first line \n\nsecond\r\n", NotificationTitle: "first line", MsgUUID: "u-1"},
			"│\n│  first line\n│\n│ second\n",
		},
		{
			`{"msgtype":"markdown","markdown":{"title":"T","text":"# x\r\n@1"},"unknown":[{}],"at":{"atMobiles":["1","2"]}}`,
			Message{MsgType: "markdown", Title: "T", Text: "# x\r\n@1", NotificationTitle: "T", At: At{Mobiles: []string{"1", "2"}},
				Mentions: []string{"1"}, Unnotified: []Unnotified{{"2", "the text has no @2"}}},
			"│ # x\n│ @1\n├ not notified: 2 (the text has no @2)\n",
		},
		{
			`{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"@media"}}`,
			Message{MsgType: "link", Title: "T", Text: "x", NotificationTitle: "T",
				Link: &Link{MessageURL: "https://a.example/", PicURL: "@media"}},
			"│ x\n│ → https://a.example/\n│ picture @media\n",
		},
		{
			`{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"Go","singleURL":"dingtalk://x",
			  "btns":[{"title":"ignored"}],"btnOrientation":"0","hideAvatar":"1"}}`,
			Message{MsgType: "actionCard", Title: "T", Text: "x", NotificationTitle: "T", ActionCard: &ActionCard{
				Single: true, Buttons: []Button{{"Go", "dingtalk://x"}}, BtnOrientation: "0", HideAvatar: "1"}},
			"│ x\n│ [ Go ] → dingtalk://x\n",
		},
		{
			`{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"alone","btns":[
			  {"title":"Yes","actionURL":"http://a.example/y"},{"title":"No","actionURL":"dtmd://dingtalkclient/sendMessage?content=no"}]}}`,
			Message{MsgType: "actionCard", Title: "T", Text: "x", NotificationTitle: "T", ActionCard: &ActionCard{
				Buttons: []Button{{"Yes", "http://a.example/y"}, {"No", "dtmd://dingtalkclient/sendMessage?content=no"}}}},
			"│ x\n│ [ Yes ] → http://a.example/y\n│ [ No ] → dtmd://dingtalkclient/sendMessage?content=no\n",
		},
		{
			`{"msgtype":"feedCard","feedCard":{"title":"no","links":[
			  {"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"},
			  {"title":"B","messageURL":"https://b.example/","picURL":"https://b.example/p"}]}}`,
			Message{MsgType: "feedCard", NotificationTitle: "A", FeedCard: []FeedLink{
				{"A", "https://a.example/", "https://a.example/p"}, {"B", "https://b.example/", "https://b.example/p"}}},
			"│ • A → https://a.example/\n│   picture https://a.example/p\n│ • B → https://b.example/\n│   picture https://b.example/p\n",
		},
	}
	s := newServer(Options{})
	tested := map[string]bool{}
	for i, tt := range tests {
		tested[tt.want.MsgType] = true
		if got := post(t, s, tt.body); got != ok {
			t.Fatalf("%s: answer %v", tt.body, got)
		}
		tt.want.Seq, tt.want.MinuteIndex, tt.want.Time, tt.want.Raw = i+1, i+1, midnight, []byte(tt.body)
		m := s.Messages()[i]
		if diff := cmp.Diff(tt.want, m); diff != "" {
			t.Errorf("%s: message (-want +got):\n%s", tt.body, diff)
		}
		want := fmt.Sprintf("┌ robot  00:00:00  [%s]  %s\n%s└ ", m.MsgType, m.NotificationTitle, tt.rendered)
		if got := RenderText(m); !strings.HasPrefix(got, want) {
			t.Errorf("%s: rendered\n%s, want\n%s", tt.body, got, want)
		}
	}
	for _, typ := range messageTypes {
		if !tested[typ.name] {
			t.Errorf("no test for the message type %s", typ.name)
		}
	}
}

func TestMentions(t *testing.T) {
	text := func(content string) string { return fmt.Sprintf(`"msgtype":"text","text":{"content":%q}`, content) }
	markdown := func(text string) string {
		return fmt.Sprintf(`"msgtype":"markdown","markdown":{"title":"@2 @boss","text":%q}`, text)
	}
	const card = `"msgtype":"actionCard","actionCard":{"title":"a","text":"@1 @boss","singleTitle":"x","singleURL":"https://a.example/"}`
	const feed = `"msgtype":"feedCard","feedCard":{"links":[{"title":"@1","messageURL":"https://a.example/","picURL":"https://a.example/"}]}`
	const link = `"msgtype":"link","link":{"title":"@1","text":"@1","messageUrl":"https://a.example/"}`
	tests := []struct {
		message, at string
		want        []string
		missed      []Unnotified
	}{
		{text("hi @13800000001 there"), `{"atMobiles":["13800000001"]}`, []string{"13800000001"}, nil},
		{text("hi @13800000001"), `{"atMobiles":["13800000001"],"isAtAll":false}`, []string{"13800000001"}, nil},
		{text("hi@13800000001, @13800000002!"), `{"atMobiles":["13800000002","13800000001"]}`, []string{"13800000002", "13800000001"}, nil},
		{text("@138000000012 @13800000001"), `{"atMobiles":["13800000001"]}`, []string{"13800000001"}, nil},
		{text("@138000000012"), `{"atMobiles":["13800000001"]}`, nil, []Unnotified{{"13800000001", "the text has no @13800000001"}}},
		{text("@boss-2 @boss_ @bossy @boss经理"), `{"atUserIds":["boss"]}`, nil, []Unnotified{{"boss", "the text has no @boss"}}},
		{text("@boss。"), `{"atUserIds":["boss"]}`, []string{"boss"}, nil},
		{text("@1@2"), `{"atMobiles":["1","2"]}`, []string{"1", "2"}, nil},
		{text("13800000001"), `{"atMobiles":["13800000001"]}`, nil, []Unnotified{{"13800000001", "the text has no @13800000001"}}},
		{text("@13800000001"), `{}`, nil, nil},
		{text("@+86-13800000001 x"), `{"atMobiles":["+86-13800000001"]}`, []string{"+86-13800000001"}, nil},
		{text("@13800000001 x"), `{"atMobiles":["+86-13800000001"]}`, nil, []Unnotified{{"+86-13800000001", "the text has no @+86-13800000001"}}},
		{text("@1"), `{"atMobiles":["1","1"],"atUserIds":["1"]}`, []string{"1"}, nil},
		{text("x"), `{"isAtAll":true}`, []string{Everyone}, nil},
		{text("@1"), `{"atMobiles":["1"],"isAtAll":true}`, []string{"1", Everyone}, nil},
		{text("@ @1"), `{"atMobiles":["",1,"1"]}`, []string{"1"}, []Unnotified{{"1", "its entry in atMobiles is not a string"}, {"", "the entry is empty"}}},
		{text("@1"), `{"atMobiles":"1","atUserIds":{},"isAtAll":"true"}`, nil, []Unnotified{{"atMobiles", "it is not a list"}, {"atUserIds", "it is not a list"}, {"isAtAll", "it is not a boolean"}}},
		{text("@1"), `["1"]`, nil, []Unnotified{{"at", "it is not an object"}}},
		{text("@1"), `null`, nil, nil},
		{text("@1"), `{"atMobiles":null,"isAtAll":null}`, nil, nil},

		{markdown("**@1**"), `{"atMobiles":["1","2"]}`, []string{"1"}, []Unnotified{{"2", "the text has no @2"}}},
		{markdown("x"), `{"isAtAll":true}`, []string{Everyone}, nil},

		{card, `{"atMobiles":["1"],"atUserIds":["boss"],"isAtAll":true}`, []string{"boss"}, []Unnotified{{"1", "the documents let an actionCard mention by user id only, though users report that numbers work"}, {Everyone, "no document lets an actionCard mention everyone"}}},
		{link, `{"atMobiles":["1"],"isAtAll":true}`, nil, []Unnotified{{"1", "link messages cannot mention anyone"}, {Everyone, "link messages cannot mention anyone"}}},
		{feed, `{"atUserIds":["1"]}`, nil, []Unnotified{{"1", "feedCard messages cannot mention anyone"}}},
	}
	for _, tt := range tests {
		body := "{" + tt.message + `,"at":` + tt.at + "}"
		s := newServer(Options{})
		if got := post(t, s, body); got != ok {
			t.Fatalf("%s: answer %v", body, got)
		}
		m := s.Messages()[0]
		if diff := cmp.Diff(tt.want, m.Mentions); diff != "" {
			t.Errorf("%s: mentions (-want +got):\n%s", body, diff)
		}
		if diff := cmp.Diff(tt.missed, m.Unnotified); diff != "" {
			t.Errorf("%s: unnotified (-want +got):\n%s", body, diff)
		}
	}
}

func TestAtPreserved(t *testing.T) {
	s := newServer(Options{})
	post(t, s, `{"msgtype":"text","text":{"content":"x"},"at":{"atMobiles":["1","1"],"atUserIds":["u"],"isAtAll":true}}`)
	want := At{Mobiles: []string{"1", "1"}, UserIDs: []string{"u"}, All: true}
	if diff := cmp.Diff(want, s.Messages()[0].At); diff != "" {
		t.Errorf("at (-want +got):\n%s", diff)
	}
}

func TestMentionLimit(t *testing.T) {
	var text, list []string
	for i := range 52 {
		text = append(text, fmt.Sprintf("@%d", 100+i))
		list = append(list, fmt.Sprintf(`"%d"`, 100+i))
	}
	s := newServer(Options{})
	post(t, s, fmt.Sprintf(`{"msgtype":"text","text":{"content":%q},"at":{"atMobiles":[%s]}}`, strings.Join(text, " "), strings.Join(list, ",")))
	m := s.Messages()[0]
	if len(m.Mentions) != 50 || len(m.Unnotified) != 2 || m.Unnotified[0] != (Unnotified{"150", "one message mentions at most 50 people"}) {
		t.Errorf("%d mentions, unnotified %v", len(m.Mentions), m.Unnotified)
	}
}
