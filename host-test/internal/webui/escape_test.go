package webui

import (
	"testing"
)

func TestEscapeInvisible(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain 文字 é\tx\ny", "plain 文字 é\tx\ny"},
		{"a\r\nb\rc", "a\nb⟨U+000D⟩c"},
		{"\x00\x1b\x7f\u0085", "⟨U+0000⟩⟨U+001B⟩⟨U+007F⟩⟨U+0085⟩"},
		{"\u202a\u202e\u2066\u2069\u200e\u061c", "⟨U+202A⟩⟨U+202E⟩⟨U+2066⟩⟨U+2069⟩⟨U+200E⟩⟨U+061C⟩"},
		{"\u200b\u2060\ufeff\u00ad\u2028", "⟨U+200B⟩⟨U+2060⟩⟨U+FEFF⟩⟨U+00AD⟩⟨U+2028⟩"},
		{"\U000E0041", "⟨U+E0041⟩"},
		{"👩\u200d👩\u200d👧\u200d👦 \ufe0f می\u200cخواهم", "👩\u200d👩\u200d👧\u200d👦 \ufe0f می\u200cخواهم"},
	} {
		if got := escapeInvisible(tt.in); got != tt.want {
			t.Errorf("escapeInvisible(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSafeURL(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"https://a.example/x?y=1#z", "https://a.example/x?y=1#z"},
		{"HTTP://A.example", "http://A.example"},
		{"dingtalk://dingtalkclient/page/link?url=x", "dingtalk://dingtalkclient/page/link?url=x"},
		{"dtmd://dingtalkclient/sendMessage?content=x", ""},
		{"javascript:alert(1)", ""}, {"JavaScript://a.example/%0aalert(1)", ""}, {"data:text/html,x", ""},
		{"//a.example/", ""}, {"/controls/clear", ""}, {"", ""}, {"https:a", ""}, {"https://", ""}, {" https://a.example/", ""},
		{"https://a.example/\n", ""}, {"@media", ""}, {"https://a.example/%zz", ""}, {"https://a.exam)le/", ""},
		{"https://例子.example/", "https://%E4%BE%8B%E5%AD%90.example/"}, {"http://[::1]:80/", "http://[::1]:80/"},
	} {
		if got := string(safeURL(tt.in)); got != tt.want {
			t.Errorf("safeURL(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
