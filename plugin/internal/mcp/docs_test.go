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

func readManual(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var keyRow = regexp.MustCompile("(?m)^\\| `(" + schema.KeyPrefix + "[A-Z_]+)` \\| (.+?) \\| .+ \\|$")

// Both manuals' tables of configuration have all keys, in order, none besides,
// and the same defaults where these are values and not words.
func TestManualKeys(t *testing.T) {
	rows := keyRow.FindAllStringSubmatch(readManual(t, "README.zh-CN.md"), -1)
	english := keyRow.FindAllStringSubmatch(readManual(t, "README.md"), -1)
	for name, table := range map[string][][]string{"README.zh-CN.md": rows, "README.md": english} {
		var keys []string
		for _, row := range table {
			keys = append(keys, row[1])
		}
		if !slices.Equal(keys, schema.Keys) {
			t.Fatalf("%s has the keys %v, want %v", name, keys, schema.Keys)
		}
	}
	for i, row := range rows {
		if want := english[i][2]; strings.HasPrefix(want, "`") != strings.HasPrefix(row[2], "`") || want[0] == '`' && row[2] != want {
			t.Errorf("README.zh-CN.md: the default of %s is %s, README.md has %s", row[1], row[2], want)
		}
	}
}

// What the plugin takes of a request is in both tables of limits.
func TestManualInput(t *testing.T) {
	for name, limit := range map[string]string{"README.zh-CN.md": "给插件的一次请求", "README.md": "size of a request to the plugin"} {
		if want := "| " + limit + " | " + strconv.Itoa(MaxInput) + " "; !strings.Contains(readManual(t, name), want) {
			t.Errorf("%s misses %s", name, want)
		}
	}
}
