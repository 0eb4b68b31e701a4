package release

import "testing"

func TestParseCompiler(t *testing.T) {
	want := Compiler{"0.41.1", "19", "1.26.8"}
	for _, line := range []string{
		"tinygo 0.41.1 (bootstrapped, LLVM 19, go1.26.8)\n",
		"tinygo 0.41.1 (from PATH, LLVM 19, go1.26.8)",
		want.String(),
	} {
		if got, err := ParseCompiler(line); err != nil || got != want {
			t.Errorf("ParseCompiler(%q) = %v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "tinygo version 0.41.1 linux/amd64", "go1.26.8"} {
		if got, err := ParseCompiler(line); err == nil {
			t.Errorf("ParseCompiler(%q) = %v", line, got)
		}
	}
}

func TestReadCompiler(t *testing.T) {
	got, err := ReadCompiler(t.Context(), root)
	if err != nil || got.TinyGo == "" || got.LLVM == "" || got.Go == "" {
		t.Errorf("ReadCompiler = %+v, %v", got, err)
	}
}
