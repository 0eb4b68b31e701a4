package dingtalktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMessageTypes has each type as the group sees it, and as a terminal shows it: testdata/messages.txt has a body, the Message in JSON
// without what all have in common, and the lines between the first and the last of the frame.
func TestMessageTypes(t *testing.T) {
	var names string
	for _, section := range sections(t, "messages.txt") {
		part := strings.SplitN(string(section.Data), "\n", 3)
		s := newServer(Options{})
		if got := post(t, s, part[0]); got != ok {
			t.Fatalf("%s: answer %v", section.Name, got)
		}
		m := s.Messages()[0]
		want := Message{Seq: 1, MinuteIndex: 1, Time: midnight, Raw: []byte(part[0])}
		if err := json.Unmarshal([]byte(part[1]), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("%s: message (-want +got):\n%s", section.Name, diff)
		}
		frame := fmt.Sprintf("┌ robot  00:00:00  [%s]  %s\n%s└ ", m.MsgType, m.NotificationTitle, part[2])
		if got := RenderText(m); !strings.HasPrefix(got, frame) {
			t.Errorf("%s: rendered\n%s, want\n%s", section.Name, got, frame)
		}
		names += m.MsgType + " "
	}
	for _, typ := range messageTypes {
		if !strings.Contains(names, typ.name+" ") {
			t.Errorf("no test for the message type %s", typ.name)
		}
	}
}

// bodies have a text, where each type has it, and an at.
var bodies = map[string]string{
	"text":       `{"msgtype":"text","text":{"content":%q},"at":%s}`,
	"markdown":   `{"msgtype":"markdown","markdown":{"title":"@2 @boss","text":%q},"at":%s}`,
	"actionCard": `{"msgtype":"actionCard","actionCard":{"title":"a","text":%q,"singleTitle":"x","singleURL":"https://a.example/"},"at":%s}`,
	"link":       `{"msgtype":"link","link":{"title":"@1","text":%q,"messageUrl":"https://a.example/"},"at":%s}`,
	"feedCard":   `{"msgtype":"feedCard","feedCard":{"links":[{"title":%q,"messageURL":"https://a/","picURL":"https://a/"}]},"at":%s}`,
}

func TestMentions(t *testing.T) {
	for _, row := range rows(t, "mentions.txt") {
		f := strings.Split(row, "\t") // type, text, at, mentions, unnotified
		s := newServer(Options{})
		if got := post(t, s, fmt.Sprintf(bodies[f[0]], f[1], f[2])); got != ok {
			t.Fatalf("%s: answer %v", row, got)
		}
		m := s.Messages()[0]
		var missed []string
		for _, u := range m.Unnotified {
			missed = append(missed, u.Who+": "+u.Reason)
		}
		got := strings.Join(append(f[:3:3], strings.Join(m.Mentions, " "), strings.Join(missed, " | ")), "\t")
		if strings.TrimRight(got, "\t") != row {
			t.Errorf("got\n%s, want\n%s", got, row)
		}
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
