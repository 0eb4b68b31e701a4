package dingtalktest

import "testing"

func TestGenerationText(t *testing.T) {
	for _, g := range []Generation{NewTexts, MidTexts, OldTexts} {
		text, _ := g.MarshalText()
		var back Generation
		if err := back.UnmarshalText(text); err != nil || back != g || string(text) != g.String() {
			t.Errorf("%v became %q and then %v, %v", g, text, back, err)
		}
	}
	var g Generation
	if err := g.UnmarshalText([]byte("ancient")); err == nil {
		t.Error("ancient is a generation")
	}
	if got := Generation(9).String(); got != "Generation(9)" {
		t.Errorf("String = %q", got)
	}
}

// TestForeignGeneration shows that a generation nobody knows is spoken like today's.
func TestForeignGeneration(t *testing.T) {
	if got := post(t, newRobot(Options{Texts: 9}), `{"msgtype":"text"}`); got != lacks(400201, "text")[NewTexts] {
		t.Errorf("answer = %v", got)
	}
}
