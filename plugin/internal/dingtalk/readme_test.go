package dingtalk

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite README's table of errors")

const readme = "../../../README.md"

// README's table of errors is that of Causes.
func TestREADME(t *testing.T) {
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(data), "-update -->\n")
	got, after, found := strings.Cut(rest, "<!-- end -->")
	if !found {
		t.Fatal("README has no place for the table of errors")
	}
	want := errorTable()
	if *update {
		text := before + "-update -->\n" + want + "<!-- end -->" + after
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("README's table of errors is not the code's; run go test ./plugin/internal/dingtalk -run README -update")
	}
}

func errorTable() string {
	var b strings.Builder
	b.WriteString("| code | DingTalk says | cause | next |\n|---|---|---|---|\n")
	for _, c := range Errcodes {
		code := fmt.Sprint(c.Code)
		if c.LastCode > 0 {
			code += fmt.Sprint("–", c.LastCode)
		}
		says := "`" + strings.Join(c.Match, "` or `") + "`"
		if len(c.Match) == 0 {
			says = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code, says, c.Cause, c.Next)
	}
	return b.String()
}
