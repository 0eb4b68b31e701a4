package dingtalktest

import (
	"testing"
	"unicode/utf8"
)

// FuzzBody posts anything: the answer must be JSON, only an accepted message may be stored, and it must be renderable.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		hello, "", "{", "[]", "null", `""`, `{"msgtype":7}`, "\xff", "\ufeff{}",
		`{"msgtype":"text","text":{"content":"@1 \u0000\ud800"},"at":{"atMobiles":["1",null,{}],"isAtAll":"x"},"msgUuid":{}}`,
		`{"msgtype":"markdown","markdown":{"title":" ","text":"\n"},"at":[]}`,
		`{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"https://a.example/","picUrl":"@"}}`,
		`{"msgtype":"actionCard","actionCard":{"title":"a","text":"b","btns":[null,[],{}]}}`,
		`{"msgtype":"actionCard","actionCard":{"title":"a","text":"b","btns":[{"title":"a","actionURL":"dtmd:x"}]}}`,
		`{"msgtype":"feedCard","feedCard":{"links":[{"title":"a","messageURL":"http://a","picURL":"http://a"}]}}`,
		`{"a":{"a":1,"\u0061":2}}`,
	} {
		f.Add([]byte(body), "application/json", "access_token="+DefaultToken)
	}
	f.Add([]byte(hello), "text/plain; a=b; a=c", "access_token=%zz&sign=;")
	f.Fuzz(func(t *testing.T, body []byte, header, rawQuery string) {
		s := newServer(Options{Wording: Wording(len(body) % 3)})
		req := request(string(body))
		req.Header.Set("Content-Type", header)
		req.URL.RawQuery = rawQuery
		got := do(t, s, req)
		if stored := len(s.Messages()); (got.Code == 0) != (stored == 1) || got.Text == "" {
			t.Errorf("answer %v and %d messages", got, stored)
		}
		if len(s.Requests()) != 1 || s.Requests()[0].Explanation == "" {
			t.Errorf("requests = %+v", s.Requests())
		}
		for _, m := range s.Messages() {
			if text := RenderText(m); !utf8.ValidString(text) {
				t.Errorf("rendered as %q", text)
			}
		}
	})
}

// FuzzToken compares hasToken with a search at every position.
func FuzzToken(f *testing.F) {
	f.Add("hi @1382 @138", "138")
	f.Add("@a@a-@a_", "a")
	f.Fuzz(func(t *testing.T, text, who string) {
		if !utf8.ValidString(text) || !utf8.ValidString(who) {
			return
		}
		got, want := hasToken(text, who), false
		for i := range text {
			if tail := text[i:]; len(tail) > len(who) && tail[0] == '@' && tail[1:1+len(who)] == who {
				want = want || endsToken(tail[1+len(who):])
			}
		}
		if got != want {
			t.Errorf("hasToken(%q, %q) = %v", text, who, got)
		}
	})
}
