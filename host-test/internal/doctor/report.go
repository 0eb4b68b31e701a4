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

// A Status is how something was found.
type Status int

// The verdicts.
const (
	OK      Status = iota
	Fail           // explains a silent robot
	Unknown        // could not be tested
	Info           // to know about
)

var words = [...]string{OK: "ok", Fail: "WRONG", Unknown: "?", Info: "note"}

// String returns the word that is printed.
func (v Status) String() string { return words[v] }

// A Check is one line of a report.
type Check struct {
	Status Status
	Name   string // was looked at
	Detail string // what was found
	Fix    string // what to do, or ""
}

// A Report is what the doctor found, in order.
type Report struct {
	sections     []section
	redactor     *config.Redactor
	inconclusive bool // a robot gave no answer that tells anything
}

type section struct {
	title  string
	checks []Check
}

func (r *Report) section(title string) {
	r.sections = append(r.sections, section{title: r.sanitize(title)})
}

func (r *Report) add(f Check) {
	f.Name, f.Detail, f.Fix = r.sanitize(f.Name), r.sanitize(f.Detail), r.sanitize(f.Fix)
	last := &r.sections[len(r.sections)-1]
	last.checks = append(last.checks, f)
}

// maxText is how much of a text is printed, in characters.
const maxText = 600

func (r *Report) sanitize(text string) string {
	text = r.redactor.Redact(text)
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}

// Checks returns all lines.
func (r *Report) Checks() (all []Check) {
	for _, s := range r.sections {
		all = append(all, s.checks...)
	}
	return all
}

// ExitCode is 1 when something is wrong, 2 when nothing is but a robot could not be
// examined, and 0 otherwise.
func (r *Report) ExitCode() int {
	for _, f := range r.Checks() {
		if f.Status == Fail {
			return 1
		}
	}
	if r.inconclusive {
		return 2
	}
	return 0
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	for _, s := range r.sections {
		fmt.Fprintln(w, s.title)
		for _, f := range s.checks {
			fmt.Fprintf(w, "  %-6s %s: %s\n", f.Status, f.Name, f.Detail)
			if f.Fix != "" {
				fmt.Fprintf(w, "         → %s\n", f.Fix)
			}
		}
	}
	fmt.Fprintln(w, [...]string{
		0: "Nothing was found wrong; what has a question mark was not tested.",
		1: "Something is wrong.",
		2: "Nothing was found wrong, but a robot gave no answer that tells anything.",
	}[r.ExitCode()])
}
