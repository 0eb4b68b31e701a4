package doctor

import (
	"fmt"
	"io"

	"dingtalk-plugin/host-test/internal/config"
)

// Rules of what is printed, which people read: a line is a verdict, what was
// looked at, and what was found; where something is to be done, a second line
// says what, in the imperative. No line holds a credential or a control
// character, whoever wrote the text.

// A Verdict is how something was found.
type Verdict int

// The verdicts.
const (
	Well     Verdict = iota
	Wrong            // explains a silent robot
	Untested         // could not be tested
	Note             // to know about
)

var words = [...]string{Well: "ok", Wrong: "WRONG", Untested: "?", Note: "note"}

// String returns the word that is printed.
func (v Verdict) String() string { return words[v] }

// A Finding is one line of a report.
type Finding struct {
	Verdict Verdict
	What    string // was looked at
	Text    string // what was found
	Remedy  string // what to do, or ""
}

// A Report is what the doctor found, in order.
type Report struct {
	sections []section
	redactor *config.Redactor
	open     bool // a robot gave no answer that tells anything
}

type section struct {
	title    string
	findings []Finding
}

func (r *Report) section(title string) {
	r.sections = append(r.sections, section{title: r.clean(title)})
}

func (r *Report) add(f Finding) {
	f.What, f.Text, f.Remedy = r.clean(f.What), r.clean(f.Text), r.clean(f.Remedy)
	last := &r.sections[len(r.sections)-1]
	last.findings = append(last.findings, f)
}

// longest is how much of a text is printed, in characters.
const longest = 600

func (r *Report) clean(text string) string {
	text = r.redactor.Redact(text)
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// Findings returns all lines.
func (r *Report) Findings() (all []Finding) {
	for _, s := range r.sections {
		all = append(all, s.findings...)
	}
	return all
}

// Status is 1 when something is wrong, 2 when nothing is but a robot could not be
// examined, and 0 otherwise.
func (r *Report) Status() int {
	for _, f := range r.Findings() {
		if f.Verdict == Wrong {
			return 1
		}
	}
	if r.open {
		return 2
	}
	return 0
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	for _, s := range r.sections {
		fmt.Fprintln(w, s.title)
		for _, f := range s.findings {
			fmt.Fprintf(w, "  %-6s %s: %s\n", f.Verdict, f.What, f.Text)
			if f.Remedy != "" {
				fmt.Fprintf(w, "         → %s\n", f.Remedy)
			}
		}
	}
	fmt.Fprintln(w, [...]string{
		0: "Nothing was found wrong; what has a question mark was not tested.",
		1: "Something is wrong.",
		2: "Nothing was found wrong, but a robot gave no answer that tells anything.",
	}[r.Status()])
}
