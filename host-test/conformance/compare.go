package main

import (
	"encoding/json"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/google/go-cmp/cmp"
)

// normalize is a result without what a runner may change, and a trap without its
// cause, which each host words in its own way.
func normalize(step *scenario.Step, result string) string {
	switch {
	case strings.HasPrefix(result, scenario.Trap):
		return scenario.Trap
	case step.Call == "describe":
		return sortArguments(result)
	}
	return canonical(result)
}

// sortArguments sorts what each tool's line has after the name: the order of
// members is lost where JSON is decoded.
func sortArguments(tools string) string {
	lines := strings.Split(tools, "\n")
	for i, line := range lines {
		if words := strings.Fields(line); !strings.HasPrefix(line, " ") && len(words) > 0 {
			slices.Sort(words[1:])
			lines[i] = strings.Join(words, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// An output is what describe or call gives, as far as it must be alike.
type output struct {
	Content    []struct{ Type, Text string } `json:"content,omitempty"`
	Structured any                           `json:"structuredContent,omitempty"`
	IsError    bool                          `json:"isError,omitempty"`
	Tools      []tool                        `json:"tools,omitempty"`
}

type tool struct {
	Name, Title, Description               string
	InputSchema, OutputSchema, Annotations any
}

// canonical is an output in an order of its own. What is no output stays as it is.
func canonical(text string) string {
	var o output
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return text
	}
	canonical, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return text
	}
	return string(canonical)
}

func diff(want, got string) string {
	if want == got {
		return ""
	}
	return cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
}
