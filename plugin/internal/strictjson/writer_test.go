package strictjson

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestQuote(t *testing.T) {
	// want is what node -p 'JSON.stringify(…)' prints.
	for _, test := range []struct{ in, want string }{
		{"", `""`},
		{"plain 中文 😀", `"plain 中文 😀"`},
		{"\"\\/", `"\"\\/"`},
		{"\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"\x00\x01\x1f\x7f", "\"\\u0000\\u0001\\u001f\x7f\""},
		{"<&>\u2028\u2029", "\"<&>\u2028\u2029\""},
	} {
		if got := quote(test.in); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.in, got, test.want)
		}
		if got, want := EscapedLen(test.in), len(test.want)-2; got != want {
			t.Errorf("EscapedLen(%q) = %d, want %d", test.in, got, want)
		}
	}
}

func TestTruncateEscaped(t *testing.T) {
	for _, test := range []struct {
		in          string
		limit, want int
	}{
		{"abc", 2, 2}, {"abc", 99, 3}, {"abc", -1, 0}, {"中文", 5, 3}, {"a\nb", 2, 1}, {"a\nb", 3, 2},
	} {
		if got := TruncateEscaped(test.in, test.limit); got != test.want {
			t.Errorf("TruncateEscaped(%q, %d) = %d, want %d", test.in, test.limit, got, test.want)
		}
	}
}

// encoding/json reads back every string that Quote writes.
func FuzzQuote(f *testing.F) {
	f.Add("a\"\\\n\u2028\xff😀")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		quoted := quote(s)
		var got string
		if err := json.Unmarshal([]byte(quoted), &got); err != nil || got != s {
			t.Fatalf("%s: got %q, want %q, %v", quoted, got, s, err)
		}
		if len(quoted)-2 != EscapedLen(s) {
			t.Errorf("EscapedLen(%q) = %d, want %d", s, EscapedLen(s), len(quoted)-2)
		}
		for _, limit := range []int{0, 1, len(quoted) / 2, len(quoted)} {
			n := TruncateEscaped(s, limit)
			if n < len(s) && n > 0 && !utf8.RuneStart(s[n]) || EscapedLen(s[:n]) > limit {
				t.Errorf("TruncateEscaped(%q, %d) = %d", s, limit, n)
			}
		}
	})
}

func quote(s string) string {
	var w Writer
	w.Quote(s)
	return string(w.Bytes)
}
