package dingtalktest

import "testing"

func TestWordingText(t *testing.T) {
	for _, w := range []Wording{Wording2023, Wording2022, WordingLegacy} {
		text, _ := w.MarshalText()
		var got Wording
		if err := got.UnmarshalText(text); err != nil || got != w || string(text) != w.String() {
			t.Errorf("%v became %q and then %v, %v", w, text, got, err)
		}
	}
	var w Wording
	if err := w.UnmarshalText([]byte("ancient")); err == nil {
		t.Error("ancient is a wording")
	}
	if got := Wording(9).String(); got != "Wording(9)" {
		t.Errorf("String = %q", got)
	}
	if got := post(t, newServer(Options{Wording: 9}), `{"msgtype":"text"}`); got != lacks(400201, "text")[Wording2023] {
		t.Errorf("an unknown wording is not answered like today's: %v", got)
	}
}
