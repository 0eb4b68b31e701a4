package strictjson

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
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
		if got := quoted(test.in); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.in, got, test.want)
		}
		if got, want := EscapedLen(test.in), len(test.want)-2; got != want {
			t.Errorf("Len(%q) = %d, want %d", test.in, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		in   string
		room int
		want int
	}{
		{"abc", 2, 2},
		{"中文", 5, 3},
		{"a\nb", 2, 1},
		{"a\nb", 3, 2},
		{"abc", 99, 3},
		{"abc", -1, 0},
	} {
		if got := TruncateEscaped(test.in, test.room); got != test.want {
			t.Errorf("Fit(%q, %d) = %d, want %d", test.in, test.room, got, test.want)
		}
	}
}

func TestParseFault(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"empty", "", "it is empty"},
		{"cut", `{"a":`, "it is not JSON, or it was cut short"},
		{"cut in a string", `{"a":"b`, "it is not JSON, or it was cut short"},
		{"trailing", `{} {}`, "it is not JSON, or it was cut short"},
		{"not UTF-8", "\"\xff\"", "it is not UTF-8"},
		{"deep", strings.Repeat("[", 100000), "it is nested too deeply"},
		{"deepest", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), ""},
		{"brackets in a string", `"` + strings.Repeat("[", 1000) + `"`, ""},
		{"pair", `"\ud83d\ude00"`, ""},
		{"high alone", `"\ud83d"`, "half of a surrogate pair"},
		{"high before another escape", `"\ud83d\u0041"`, "half of a surrogate pair"},
		{"low alone", `"\ude00"`, "half of a surrogate pair"},
		{"backslash before u", `"\\ud83d"`, ""},
	} {
		_, got := Parse([]byte(test.in))
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: fault %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMember(t *testing.T) {
	object := gjson.Parse(`{"a.b":1,"\u0061":2,"*":3,"#":4}`)
	for name, want := range map[string]string{"a.b": "1", "a": "2", "*": "3", "#": "4", "b": "", "@this": ""} {
		if got := Get(object, name).Raw; got != want {
			t.Errorf("Member(%q) = %q, want %q", name, got, want)
		}
		if got := Members(object, 9).Get(name).Raw; got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestOnce(t *testing.T) {
	many := strings.Repeat(`"x":[],`, 1000)
	for _, test := range []struct {
		in, want string
		twice    bool
	}{
		{`{"b":2,"a":1}`, "1", false},
		{`{` + many + `"b":2,` + many + `"a":1}`, "1", false},
		{`{"b":{"a":1}}`, "", false},
		{`{"a":1,` + many + `"\u0061":3}`, "1", true},
		{`{"a":null,"a":null,"a":1}`, "null", true},
		{`["a",1]`, "", false},
		{`1`, "", false},
	} {
		if got, twice := Once(gjson.Parse(test.in), "a"); got.Raw != test.want || twice != test.twice {
			t.Errorf("Once(%.40s) = %s, %t, want %s, %t", test.in, got.Raw, twice, test.want, test.twice)
		}
	}
}

// The writer agrees with encoding/json on what every string means.
func FuzzQuote(f *testing.F) {
	f.Add("a\"\\\n\u2028\xff😀")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		written := []byte(quoted(s))
		var got string
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if got != s {
			t.Errorf("got %q, want %q", got, s)
		}
		if len(written)-2 != EscapedLen(s) {
			t.Errorf("Len = %d, want %d", EscapedLen(s), len(written)-2)
		}
		for _, room := range []int{0, 1, len(written) / 2, len(written)} {
			n := TruncateEscaped(s, room)
			if n < len(s) && n > 0 && !utf8.RuneStart(s[n]) || EscapedLen(s[:n]) > room {
				t.Errorf("Fit(%q, %d) = %d", s, room, n)
			}
		}
	})
}

// What Parse accepts, encoding/json accepts with the same meaning; what it
// refuses is bad, too deep or half a character.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\u00e9",null]}`, `"\ud83d\ude00"`, `[[[`, `1e5`, "\"\x01\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, fault := Parse(data)
		if fault != "" {
			if json.Valid(data) && fault == "it is not JSON, or it was cut short" {
				t.Errorf("refused %q: %s", data, fault)
			}
			return
		}
		var want any
		if err := json.Unmarshal(data, &want); err != nil {
			return // a number out of range, which only encoding/json minds
		}
		if s, ok := want.(string); ok && value.String() != s {
			t.Errorf("%q: got %q, want %q", data, value.String(), s)
		}
	})
}

func quoted(s string) string {
	var w Writer
	w.Quote(s)
	return string(w.Bytes)
}
