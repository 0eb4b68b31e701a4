package dingtalk

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite the table of errors")

const (
	errorsFile    = "../../ERRORS.md"
	readmeChinese = "../../../README.zh-CN.md"
)

// readJSON returns the value of a file in testdata. A misspelled member is an error.
func readJSON[T any](t *testing.T, name string) (value T) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(name, err)
	}
	return value
}

// section returns what is in a file before, between and after two markers.
func section(t *testing.T, file, begin, end string) (before, inside, after string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(data), begin)
	inside, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s lacks %q and then %q", file, begin, end)
	}
	return before + begin, inside, end + after
}

func codeRange(c *ErrcodeInfo) string {
	if c.LastCode > 0 {
		return fmt.Sprint(c.Code, "–", c.LastCode)
	}
	return fmt.Sprint(c.Code)
}

func TestDocsErrorTable(t *testing.T) {
	before, got, after := section(t, errorsFile, "-update -->\n", "<!-- end -->")
	want := "| code | DingTalk says | cause | next |\n|---|---|---|---|\n"
	for i := range Errcodes {
		c, match := &Errcodes[i], ""
		if len(c.Match) > 0 {
			match = "`" + strings.Join(c.Match, "` or `") + "`"
		}
		want += fmt.Sprintf("| %s | %s | %s | %s |\n", codeRange(c), match, c.Cause, c.Advice)
	}
	switch {
	case *update:
		if err := os.WriteFile(errorsFile, []byte(before+want+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case got != want:
		t.Error("the table in plugin/ERRORS.md is not that of Errcodes; run go test ./plugin/internal/dingtalk -run DocsErrorTable -update")
	}
}

// framing is what DingTalk's second and third wording put around the errmsg.
var framing = regexp.MustCompile(`(description|solution|错误描述|解决方案) ?:`)

// The Chinese table has the same codes in the same order, all of Match, and the
// Chinese errmsgs of TestErrcodes.
func TestDocsChineseErrorTable(t *testing.T) {
	_, table, _ := section(t, readmeChinese, "| 错误码 | 钉钉的原话 | 原因 | 怎么办 |\n|---|---|---|---|\n", "<!-- 完 -->")
	var errmsgs []string // row by row
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || len(errmsgs) == len(Errcodes) {
			t.Fatalf("%d cells in row %d of %d: %s", len(cells), len(errmsgs)+1, len(Errcodes), line)
		}
		for _, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("an empty cell in %s", line)
			}
		}
		c := &Errcodes[len(errmsgs)]
		if got := strings.TrimSpace(cells[0]); got != codeRange(c) {
			t.Fatalf("row %d is of %s, want %s", len(errmsgs)+1, got, codeRange(c))
		}
		for _, part := range c.Match {
			if !strings.Contains(cells[1], part) {
				t.Errorf("%d: the row lacks %s", c.Code, part)
			}
		}
		errmsgs = append(errmsgs, cells[1])
	}
	if len(errmsgs) != len(Errcodes) {
		t.Fatalf("%d rows, want %d", len(errmsgs), len(Errcodes))
	}
	for _, test := range errcodeTests(t) {
		if !strings.ContainsFunc(test.Msg, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			continue
		}
		i := 0
		for !Errcodes[i].matches(test.Code, test.Msg) {
			i++
		}
		for _, piece := range framing.Split(test.Msg, -1) {
			if piece = strings.Trim(piece, " ;。"); !strings.Contains(errmsgs[i], piece) {
				t.Errorf("%d: the row lacks %s", test.Code, piece)
			}
		}
	}
}

func TestDocsChineseLimits(t *testing.T) {
	for limit, value := range map[string]int{"一条消息的大小": MaxBody, "一次 @ 的人数": MaxMentions} {
		section(t, readmeChinese, "\n| "+limit+" | "+strconv.Itoa(value)+" ", "\n")
	}
	if lockSeconds != 10*60 || firewallSeconds != 5*60 {
		t.Errorf("README.zh-CN.md says ten and five minutes, the code %d and %d seconds", lockSeconds, firewallSeconds)
	}
}
