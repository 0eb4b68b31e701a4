package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/doctor"
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
		got.WriteString("$ " + command + "\n" + runCommand(t, "bash", "-c", command))
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
			checked++
			i := slices.IndexFunc(folders, func(folder string) bool {
				_, err := os.Stat(filepath.Join(root, folder, match[1]))
				return err == nil
			})
			if i < 0 {
				t.Errorf("there is no %s: %s", match[1], line)
				continue
			}
			named, _ := filepath.Split(folders[i] + "/" + match[1]) // a folder keeps its slash
			folders = append(folders, named)
		}
	}
	if checked < 80 {
		t.Errorf("the map names %d files only", checked)
	}
}

// An answer in RATIONALE.md has at most ten lines beside what a reader runs.
func TestDocsRationale(t *testing.T) {
	code, chapter := regexp.MustCompile("(?ms)^```.*?^```$"), regexp.MustCompile(`(?m)^## .*$`)
	text := chapter.ReplaceAllString(code.ReplaceAllString(readDoc(t, "RATIONALE.md"), ""), "")
	for _, answer := range strings.Split(text, "\n### ")[1:] {
		question, body, _ := strings.Cut(answer, "\n")
		if n := len(regexp.MustCompile(`(?m)\S.*$`).FindAllString(body, -1)); n == 0 || n > 10 {
			t.Errorf("%s: the answer has %d lines, want 1 to 10", question, n)
		}
	}
}

// The code refers to questions of RATIONALE.md that are there.
func TestDocsRationaleReferences(t *testing.T) {
	text, found := readDoc(t, "RATIONALE.md"), 0
	reference, comment := regexp.MustCompile(`RATIONALE\.md,\s(?://\s)?"([^"]+)"`), regexp.MustCompile(`\n\s*(//|#)`)
	for path, source := range repositoryFiles(t) {
		if !slices.Contains([]string{".go", ".sh", ".c"}, filepath.Ext(path)) {
			continue
		}
		for _, match := range reference.FindAllStringSubmatch(source, -1) {
			found++
			question := strings.Join(strings.Fields(comment.ReplaceAllString(match[1], " ")), " ")
			if !strings.Contains(text, "\n### "+question+"\n") {
				t.Errorf("%s refers to a question that RATIONALE.md lacks: %s", path, question)
			}
		}
	}
	if found < 6 {
		t.Errorf("%d references only", found)
	}
}

// repositoryFiles returns the texts of all files but those that builds and git made, by
// their paths.
func repositoryFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains([]string{".git", ".tools", "dist"}, entry.Name()) && entry.IsDir():
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The Chinese README shows a part of what the demo prints, but for the time.
func TestDocsChineseDemo(t *testing.T) {
	want, err := readme.Find(readDoc(t, chinese), "一分钟试一试", "text")
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`\d\d:\d\d:\d\d`).ReplaceAllString(runCommand(t, "go", "run", "./host-test", "demo"), "15:04:05")
	if !strings.Contains(got, want) {
		t.Errorf("the demo prints\n%s\nwhich lacks\n%s", got, want)
	}
}

// The doctor finds a configuration in each place that the table of clients names for
// this system.
func TestDocsChineseClientFiles(t *testing.T) {
	files, home := clientFiles(t), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(t.TempDir())
	for _, file := range files {
		entry := `{"mcpServers":{"dingtalk":{"command":"dingtalk-mcp","env":{"` + schema.KeyAccessToken + `":"t"}}}}`
		writeFile(t, filepath.Join(home, file), entry, 0o600)
	}
	var sources []string
	for _, target := range doctor.FindConfigs("") {
		sources = append(sources, target.Source.String())
	}
	for _, file := range files {
		if !slices.ContainsFunc(sources, func(source string) bool { return strings.HasPrefix(source, filepath.Join("~", file)+",") }) {
			t.Errorf("the doctor does not read ~/%s, only %q", file, sources)
		}
	}
}

// clientFiles returns the files that the Chinese README names for this system, below
// the user's home.
func clientFiles(t *testing.T) (files []string) {
	t.Helper()
	const macOS, linux = 2, 4
	column := linux
	if runtime.GOOS == "darwin" {
		column = macOS
	}
	for _, client := range []string{"Claude Desktop", "Claude Code", "Cursor", "VS Code"} {
		row := regexp.MustCompile(`(?m)^ *\| ` + client + ` \| .*/.*$`).FindString(readDoc(t, chinese))
		cells := strings.Split(row, "|")
		if len(cells) != 6 {
			t.Fatalf("%s has the row %q for %s", chinese, row, client)
		}
		if strings.TrimSpace(cells[column]) == "同 macOS" {
			cells[column] = cells[macOS]
		}
		match := regexp.MustCompile("`~/([^`]+)`").FindStringSubmatch(cells[column])
		if match == nil {
			t.Fatalf("no path in %q", row)
		}
		files = append(files, match[1])
	}
	return files
}
