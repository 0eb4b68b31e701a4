package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
)

func readManual(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../README.zh-CN.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var codeBlock = regexp.MustCompile("(?ms)^```(?:console|json|go|js|python)\n.*?^```$")

// The two manuals show the same sessions, configurations and programs, in the
// same order.
func TestManualBlocks(t *testing.T) {
	want := codeBlock.FindAllString(readREADME(t), -1)
	got := codeBlock.FindAllString(readManual(t), -1)
	if len(want) < 8 {
		t.Errorf("README.md has %d blocks only", len(want))
	}
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			t.Errorf("README.zh-CN.md misses\n%s", want[i])
		case i >= len(want):
			t.Errorf("README.md misses\n%s", got[i])
		case got[i] != want[i]:
			t.Errorf("README.zh-CN.md has\n%s\nwhere README.md has\n%s", got[i], want[i])
		}
	}
}

// The Chinese table of tools names the arguments that describe lists, and no
// other tool.
func TestManualTools(t *testing.T) {
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Cache: cache, Config: map[string]string{"DINGTALK_BOT_TOOLS": "all"}})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	var want []string
	for _, tool := range describedTools(t, plugin) {
		want = append(want, "| `"+tool.Name+"` | "+strings.Join(tool.arguments(), ", ")+" |")
	}
	got := regexp.MustCompile("(?m)^\\| `send_[a-z_]+` \\| [^|]+ \\|").FindAllString(readManual(t), -1)
	if !slices.Equal(got, want) {
		t.Errorf("README.zh-CN.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The numbers that only DingTalk knows stand in the Chinese table of limits;
// those of the code are held by the tests beside it.
func TestManualLimits(t *testing.T) {
	text := readManual(t)
	for _, row := range []string{"| 每分钟条数 | 20，", "锁十分钟 |", "| 自定义关键词 | 10 个 |", "标准版 3000 次（2025-11-19 起"} {
		if !strings.Contains(text, row) {
			t.Errorf("README.zh-CN.md misses %s", row)
		}
	}
	if want := "[English](README.md)"; !strings.Contains(text, want) {
		t.Errorf("README.zh-CN.md misses %s", want)
	}
}

var manualLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links within the repository lead somewhere: to a file, and in the same file to
// a heading.
func TestManualLinks(t *testing.T) {
	for _, name := range []string{"README.zh-CN.md", "CONTRIBUTING.md"} {
		data, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		anchors := headings(string(data))
		for _, match := range manualLink.FindAllStringSubmatch(string(data), -1) {
			path, anchor, _ := strings.Cut(match[1], "#")
			switch {
			case strings.Contains(path, "://"):
			case path == "" && !slices.Contains(anchors, anchor):
				t.Errorf("%s: no heading #%s", name, anchor)
			case path != "":
				if _, err := os.Stat("../" + path); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// headings are the anchors that GitHub makes of a file's headings: lower case,
// blanks as hyphens, no punctuation.
func headings(text string) (anchors []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"))
	}
	return anchors
}
