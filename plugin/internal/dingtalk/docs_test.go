package dingtalk

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite README's table of errors")

const readme = "../../../README.md"

// README's table of errors is that of Causes.
func TestDocsErrorTable(t *testing.T) {
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
		t.Errorf("README's table of errors is not the code's; run go test ./plugin/internal/dingtalk -run DocsErrorTable -update")
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
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code, says, c.Cause, c.Advice)
	}
	return b.String()
}

func readManual(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../../README.zh-CN.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// errorRows are the rows of the Chinese table of errors: code, words, cause and
// what to do each.
func errorRows(t *testing.T) (rows [][]string) {
	t.Helper()
	_, table, _ := strings.Cut(readManual(t), "| 错误码 | 钉钉的原话 | 原因 | 怎么办 |\n|---|---|---|---|\n")
	table, _, found := strings.Cut(table, "<!-- 完 -->")
	if !found {
		t.Fatal("README.zh-CN.md has no table of errors")
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 {
			t.Fatalf("%d cells in %s", len(cells), line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			if cells[i] == "" {
				t.Errorf("an empty cell in %s", line)
			}
		}
		rows = append(rows, cells)
	}
	if len(rows) != len(Errcodes) {
		t.Fatalf("README.zh-CN.md has %d rows of errors, the code has %d", len(rows), len(Errcodes))
	}
	return rows
}

// Row by row, the Chinese table has the codes of Causes and the words by which
// they are told apart.
func TestDocsChineseErrorTable(t *testing.T) {
	for i, row := range errorRows(t) {
		c := Errcodes[i]
		code := fmt.Sprint(c.Code)
		if c.LastCode > 0 {
			code += fmt.Sprint("–", c.LastCode)
		}
		if row[0] != code {
			t.Fatalf("row %d is of %s, the code has %s there", i, row[0], code)
		}
		for _, part := range c.Match {
			if !strings.Contains(row[1], part) {
				t.Errorf("%s: the row misses %s", code, part)
			}
		}
	}
}

// framing is what DingTalk's second and third generation put around their words.
var framing = regexp.MustCompile(`(description|solution|错误描述|解决方案) ?:`)

// Every Chinese text that TestErrcodes holds stands in the row of its cause.
func TestDocsChineseErrmsgs(t *testing.T) {
	rows := errorRows(t)
	count := 0
	for msg, code := range literals(t) {
		if !strings.ContainsFunc(msg, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			continue
		}
		count++
		for i := range Errcodes {
			if !Errcodes[i].matches(code, msg) {
				continue
			}
			for _, piece := range framing.Split(msg, -1) {
				if piece = strings.Trim(piece, " ;。"); !strings.Contains(rows[i][1], piece) {
					t.Errorf("%d: the row misses %s", code, piece)
				}
			}
			break
		}
	}
	if count < 20 {
		t.Errorf("only %d Chinese texts found in response_test.go", count)
	}
}

// literals are the texts in the rows of TestErrcodes, with their codes.
func literals(t *testing.T) map[string]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "response_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncDecl); ok {
			return f.Name.Name == "TestErrcodes"
		}
		row, ok := n.(*ast.CompositeLit)
		if !ok || len(row.Elts) < 2 {
			return true
		}
		number, sign := row.Elts[0], 1
		if minus, ok := number.(*ast.UnaryExpr); ok {
			number, sign = minus.X, -1
		}
		code, isCode := number.(*ast.BasicLit)
		msg, isMsg := row.Elts[1].(*ast.BasicLit)
		if isCode && isMsg && code.Kind == token.INT && msg.Kind == token.STRING {
			n, _ := strconv.Atoi(code.Value)
			text, _ := strconv.Unquote(msg.Value)
			texts[text] = sign * n
		}
		return true
	})
	return texts
}

// The numbers of the Chinese table of limits are those of the code.
func TestDocsChineseLimits(t *testing.T) {
	text := readManual(t)
	for limit, value := range map[string]int{"一条消息的大小": MaxBody, "一次 @ 的人数": MaxMentions} {
		if !strings.Contains(text, "\n| "+limit+" | "+strconv.Itoa(value)+" ") {
			t.Errorf("README.zh-CN.md: %s is not %d", limit, value)
		}
	}
	if lockSeconds != 10*60 || firewallSeconds != 5*60 {
		t.Errorf("README.zh-CN.md says ten and five minutes, the code %d and %d seconds", lockSeconds, firewallSeconds)
	}
}
