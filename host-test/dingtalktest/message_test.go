package dingtalktest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessagesOfEachType(t *testing.T) {
	tests := []struct {
		body string
		want Message
	}{
		{
			`{"msgtype":"text","text":{"content":"\n first line \nsecond","title":"no"},"msgUuid":"u-1"}`,
			Message{MsgType: "text", Text: "\n first line \nsecond", NotificationTitle: "first line", MsgUUID: "u-1"},
		},
		{
			`{"msgtype":"markdown","markdown":{"title":"T","text":"# x"},"unknown":[{}]}`,
			Message{MsgType: "markdown", Title: "T", Text: "# x", NotificationTitle: "T"},
		},
		{
			`{"msgtype":"link","link":{"title":"T","text":"x","messageUrl":"https://a.example/","picUrl":"@media"}}`,
			Message{MsgType: "link", Title: "T", Text: "x", NotificationTitle: "T",
				Link: &Link{MessageURL: "https://a.example/", PicURL: "@media"}},
		},
		{
			`{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"Go","singleURL":"dingtalk://x",
			  "btns":[{"title":"ignored"}],"btnOrientation":"0","hideAvatar":"1"}}`,
			Message{MsgType: "actionCard", Title: "T", Text: "x", NotificationTitle: "T", ActionCard: &ActionCard{
				Single: true, Buttons: []Button{{"Go", "dingtalk://x"}}, BtnOrientation: "0", HideAvatar: "1"}},
		},
		{
			`{"msgtype":"actionCard","actionCard":{"title":"T","text":"x","singleTitle":"alone","btns":[
			  {"title":"Yes","actionURL":"http://a.example/y"},{"title":"No","actionURL":"dtmd://dingtalkclient/sendMessage?content=no"}]}}`,
			Message{MsgType: "actionCard", Title: "T", Text: "x", NotificationTitle: "T", ActionCard: &ActionCard{
				Buttons: []Button{{"Yes", "http://a.example/y"}, {"No", "dtmd://dingtalkclient/sendMessage?content=no"}}}},
		},
		{
			`{"msgtype":"feedCard","feedCard":{"links":[
			  {"title":"A","messageURL":"https://a.example/","picURL":"https://a.example/p"},
			  {"title":"B","messageURL":"https://b.example/","picURL":"https://b.example/p"}]}}`,
			Message{MsgType: "feedCard", NotificationTitle: "A", FeedCard: []FeedLink{
				{"A", "https://a.example/", "https://a.example/p"}, {"B", "https://b.example/", "https://b.example/p"}}},
		},
	}
	r := newRobot(Options{})
	for i, tt := range tests {
		if got := post(t, r, tt.body); got != ok {
			t.Errorf("%s: answer %v", tt.body, got)
			continue
		}
		tt.want.Seq, tt.want.MinuteIndex, tt.want.Time, tt.want.Raw = i+1, i+1, midnight, []byte(tt.body)
		if diff := cmp.Diff(tt.want, r.Messages()[i]); diff != "" {
			t.Errorf("%s: message (-want +got):\n%s", tt.body, diff)
		}
	}
}
