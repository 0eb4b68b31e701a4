package main

import (
	"encoding/json"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/recorder"
	"dingtalk-plugin/host-test/internal/scenario"

	"github.com/google/go-cmp/cmp"
)

// check compares the outcome of a step with its sections, and looks for leaks.
func (r *caseRun) check(i int, run *scenario.Run, o *scenario.Outcome) {
	step := &r.scenario.Steps[i]
	for _, response := range r.responses {
		r.checkLeaks(i, o, response)
	}
	r.responses = nil
	r.probed = o.Trap == nil && (r.probed || len(o.Sent) > 0)
	want := r.want.Replace(step.Requests + "\n" + normalize(step, step.Result))
	got := r.got.Replace(o.Requests + "\n" + normalize(step, o.Result))
	if d := diff(want, got); d != "" {
		r.fail(i, "(-want +got) "+d)
	}
	r.transcript += run.Text(transcript(o.Sent) + canonical(o.Output))
}

func transcript(sent []recorder.Request) (text string) {
	for _, request := range sent {
		text += request.String() + "\n"
	}
	return text
}

// maxShown limits the difference in a failure, in bytes.
const maxShown = 2000

// normalize removes from a result what a runner may change, and from a trap its
// cause, which each host words differently.
func normalize(step *scenario.Step, result string) string {
	switch {
	case strings.HasPrefix(result, scenario.Trap):
		return scenario.Trap
	case step.Call == "describe":
		return sortArguments(result)
	}
	return canonical(result)
}

// sortArguments sorts the arguments in each tool's line: decoding JSON loses their
// order.
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

// An output is the part of an output of describe or call that is compared.
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

// canonical formats an output in a fixed order, and returns other text unchanged.
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
