package dingtalktest

import "testing"

func TestGenerationText(t *testing.T) {
	for _, g := range []Wording{Wording2023, Wording2022, WordingLegacy} {
		text, _ := g.MarshalText()
		var back Wording
		if err := back.UnmarshalText(text); err != nil || back != g || string(text) != g.String() {
			t.Errorf("%v became %q and then %v, %v", g, text, back, err)
		}
	}
	var g Wording
	if err := g.UnmarshalText([]byte("ancient")); err == nil {
		t.Error("ancient is a generation")
	}
	if got := Wording(9).String(); got != "Generation(9)" {
		t.Errorf("String = %q", got)
	}
}

// TestForeignGeneration shows that a generation nobody knows is spoken like today's.
func TestForeignGeneration(t *testing.T) {
	if got := post(t, newRobot(Options{Wording: 9}), `{"msgtype":"text"}`); got != lacks(400201, "text")[Wording2023] {
		t.Errorf("answer = %v", got)
	}
}
