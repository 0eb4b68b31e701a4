package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/readme"
	"dingtalk-plugin/schema"

	gocmp "github.com/google/go-cmp/cmp"
)

const english, chinese = "README.md", "README.zh-CN.md"

// documents are all in English.
var documents = []string{english, "CHANGELOG.md", "CONTRIBUTING.md", "RATIONALE.md", "plugin/ERRORS.md", "SECURITY.md"}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// messageTime matches the time of a rendered message, which differs each time.
var messageTime = regexp.MustCompile(`(?m)^(┌ robot  )\d\d:\d\d:\d\d`)

// The commands at README's top print what README shows, and nothing else.
func TestDocsSession(t *testing.T) {
	session, err := readme.Find(readDoc(t, english), "DingTalk plugin for MCP", "console")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, step := range strings.Split(session, "$ ")[1:] {
		command, _, _ := strings.Cut(step, "\n")
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Dir = root
		var stderr strings.Builder
		cmd.Stderr = &stderr
		output, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, stderr.String())
		}
		got.WriteString("$ " + command + "\n" + string(output))
	}
	want := messageTime.ReplaceAllString(session, "$1")
	if d := gocmp.Diff(want, messageTime.ReplaceAllString(got.String(), "$1")); d != "" {
		t.Errorf("the commands print something else (-README +printed):\n%s", d)
	}
}

// wordPattern matches the parts of code that an excerpt must have.
var wordPattern = regexp.MustCompile(`[\p{L}\p{N}_]+`)

// excerptOf tells whether all words of the excerpt are in the text, in their order.
func excerptOf(text, excerpt string) bool {
	words := wordPattern.FindAllString(excerpt, -1)
	for _, word := range wordPattern.FindAllString(text, -1) {
		if len(words) > 0 && words[0] == word {
			words = words[1:]
		}
	}
	return len(words) == 0
}

// Sessions, configurations and programs of the Chinese README are those of the
// English one, whole or in part. The entry of an MCP client may differ:
// TestDocsSnippetsRun starts those of both.
func TestDocsCodeBlocks(t *testing.T) {
	languages := []string{"console", "json", "go", "js", "python"}
	ours := readme.Snippets(readDoc(t, english))
	checked := 0
	for _, theirs := range readme.Snippets(readDoc(t, chinese)) {
		if !slices.Contains(languages, theirs.Language) || strings.Contains(theirs.Text, clientEntry) {
			continue
		}
		checked++
		if !slices.ContainsFunc(ours, func(s readme.Snippet) bool {
			return s.Language == theirs.Language && excerptOf(s.Text, theirs.Text)
		}) {
			t.Errorf("%s has a block that is no excerpt of one in %s:\n%s", chinese, english, theirs.Text)
		}
	}
	if checked < 3 {
		t.Errorf("%s has %d such blocks only", chinese, checked)
	}
}

// Both tables of tools name exactly the tools and arguments that describe lists,
// in their order, the optional arguments with a question mark.
func TestDocsTools(t *testing.T) {
	var want []string
	for _, tool := range listTools(t, map[string]string{schema.KeyTools: "all"}) {
		want = append(want, "| `"+tool.Name+"` | "+strings.Join(tool.arguments(), ", ")+" |")
	}
	row := regexp.MustCompile("(?m)^\\| `(?:send|preview)_[a-z_]+` \\| [^|]+ \\|")
	for _, name := range []string{english, chinese} {
		if got := row.FindAllString(readDoc(t, name), -1); !slices.Equal(got, want) {
			t.Errorf("%s has\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Both tables of limits have the numbers that no test of the guest's packages
// compares with the code.
func TestDocsLimits(t *testing.T) {
	for name, rows := range map[string][]string{
		english: {"| size of a message | 20000", "| people mentioned | 50"},
		chinese: {"| 每分钟条数 | 20，", "限流 10 分钟 |", "| 自定义关键词 | 10 个 |", "标准版 3000 次（2025-11-19 起"},
	} {
		for _, row := range rows {
			if !strings.Contains(readDoc(t, name), row) {
				t.Errorf("%s lacks %s", name, row)
			}
		}
	}
}

// Links within the repository lead to a file, and to a heading in it.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, name := range append(documents, chinese) {
		for _, match := range link.FindAllStringSubmatch(readDoc(t, name), -1) {
			path, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(root + target); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(readDoc(t, target)), anchor) {
				t.Errorf("%s: %s has no heading #%s", name, target, anchor)
			}
		}
	}
	if link := "[English](README.md)"; !strings.Contains(readDoc(t, chinese), link) {
		t.Errorf("%s lacks %s", chinese, link)
	}
}

// anchors returns the anchors that GitHub makes of headings: lower case, hyphens
// for spaces, no punctuation. Others are written as <a id="…">.
func anchors(text string) (list []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(anchor, " ", "-"))
	}
	for _, match := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(text, -1) {
		list = append(list, match[1])
	}
	return list
}

// The map in CONTRIBUTING.md names files and folders that exist: below the folder
// that the line above a table names, or beside what the row has named before.
func TestDocsMap(t *testing.T) {
	_, rest, _ := strings.Cut(readDoc(t, "CONTRIBUTING.md"), "\n## Where things are\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	base := regexp.MustCompile("`([^`]+/)`[^`]*:$")
	name := regexp.MustCompile("`([A-Za-z0-9_./-]+(?:\\.[a-z]+|/))`")
	folder, checked := "", 0
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if match := base.FindStringSubmatch(line); match != nil {
			folder = match[1]
		}
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		folders := []string{folder, "."}
		for _, match := range name.FindAllStringSubmatch(cells[2], -1) {
			i := slices.IndexFunc(folders, func(folder string) bool {
				_, err := os.Stat(filepath.Join(root, folder, match[1]))
				return err == nil
			})
			if i < 0 {
				t.Errorf("there is no %s: %s", match[1], line)
				continue
			}
			checked++
			if path := filepath.Join(folders[i], match[1]); strings.HasSuffix(match[1], "/") {
				folders = append(folders, path)
			} else {
				folders = append(folders, filepath.Dir(path))
			}
		}
	}
	if checked < 80 {
		t.Errorf("the map names %d files only", checked)
	}
}

// An answer in RATIONALE.md has at most ten lines beside what a reader runs, and
// the code refers to questions that are there.
func TestDocsRationale(t *testing.T) {
	text := readDoc(t, "RATIONALE.md")
	code := regexp.MustCompile("(?ms)^```.*?^```$")
	for _, answer := range strings.Split(regexp.MustCompile(`(?m)^## .*$`).ReplaceAllString(code.ReplaceAllString(text, ""), ""), "\n### ")[1:] {
		question, body, _ := strings.Cut(answer, "\n")
		if n := len(regexp.MustCompile(`(?m)\S.*$`).FindAllString(body, -1)); n == 0 || n > 10 {
			t.Errorf("%s: the answer has %d lines, want 1 to 10", question, n)
		}
	}
	reference, found := regexp.MustCompile(`RATIONALE\.md,\s(?://\s)?"([^"]+)"`), 0
	for _, folder := range []string{"plugin", "host-test", "schema"} {
		err := filepath.WalkDir(root+folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".go", ".sh", ".c"}, filepath.Ext(path)) {
				return err
			}
			data, err := os.ReadFile(path)
			for _, match := range reference.FindAllStringSubmatch(string(data), -1) {
				found++
				question := strings.Join(strings.Fields(regexp.MustCompile(`\n\s*(//|#)`).ReplaceAllString(match[1], " ")), " ")
				if !strings.Contains(text, "\n### "+question+"\n") {
					t.Errorf("%s refers to a question that RATIONALE.md lacks: %s", path, question)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 6 {
		t.Errorf("%d references only", found)
	}
}
