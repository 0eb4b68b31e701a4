package mcp

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dingtalk-plugin/schema"
)

// readmes returns the READMEs by their names.
func readmes(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		data, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(data)
	}
	return texts
}

var keyRow = regexp.MustCompile("(?m)^\\| `(" + schema.KeyPrefix + "[A-Z_]+)` \\| (.+?) \\| .+ \\|$")

// The tables of configuration in both READMEs have all keys in order, no others,
// and the same defaults, unless these are words.
func TestDocsConfigKeys(t *testing.T) {
	rows := map[string][][]string{}
	for name, text := range readmes(t) {
		rows[name] = keyRow.FindAllStringSubmatch(text, -1)
		var keys []string
		for _, row := range rows[name] {
			keys = append(keys, row[1])
		}
		if !slices.Equal(keys, schema.Keys) {
			t.Fatalf("%s has the keys %v, want %v", name, keys, schema.Keys)
		}
	}
	for i, row := range rows["README.zh-CN.md"] {
		if want := rows["README.md"][i][2]; strings.HasPrefix(want, "`") != strings.HasPrefix(row[2], "`") || want[0] == '`' && row[2] != want {
			t.Errorf("README.zh-CN.md: the default of %s is %s, README.md has %s", row[1], row[2], want)
		}
	}
}

// The tables of limits in both READMEs have MaxInput.
func TestDocsInputLimit(t *testing.T) {
	for name, limit := range map[string]string{"README.zh-CN.md": "给插件的一次请求", "README.md": "size of a request to the plugin"} {
		if want := "| " + limit + " | " + strconv.Itoa(MaxInput) + " "; !strings.Contains(readmes(t)[name], want) {
			t.Errorf("%s lacks %s", name, want)
		}
	}
}
