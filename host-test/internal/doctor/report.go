package doctor

import (
	"fmt"
	"io"

	"dingtalk-plugin/host-test/internal/config"
)

// A Status is the result of a check.
type Status int

// The statuses.
const (
	OK      Status = iota
	Fail           // explains why the robot stays silent
	Unknown        // could not be tested
	Info
)

// String returns the word that is printed.
func (s Status) String() string {
	return [...]string{OK: "ok", Fail: "WRONG", Unknown: "?", Info: "note"}[s]
}

// A Check is one thing that the doctor looked at. Its texts contain no
// credential and no control character.
type Check struct {
	Status Status
	Name   string
	Detail string
	Fix    string // what to do, in the imperative, or ""
}

// A Report is the doctor's checks in order.
type Report struct {
	sections     []section
	redactor     *config.Redactor
	inconclusive bool // a robot's answer was not understood
}

type section struct {
	title  string
	checks []Check
}

func (r *Report) section(title string) {
	r.sections = append(r.sections, section{title: r.sanitize(title)})
}

func (r *Report) add(status Status, name, detail, fix string) {
	last := &r.sections[len(r.sections)-1]
	last.checks = append(last.checks, Check{status, r.sanitize(name), r.sanitize(detail), r.sanitize(fix)})
}

func (r *Report) sanitize(text string) string {
	const maxRunes = 600
	text = r.redactor.Redact(text)
	if runes := []rune(text); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "…"
	}
	return text
}

// Checks returns all checks.
func (r *Report) Checks() (all []Check) {
	for _, s := range r.sections {
		all = append(all, s.checks...)
	}
	return all
}

// ExitCode returns 1 if a check failed, 2 if none failed but a robot's answer
// was inconclusive, and 0 otherwise.
func (r *Report) ExitCode() int {
	for _, c := range r.Checks() {
		if c.Status == Fail {
			return 1
		}
	}
	if r.inconclusive {
		return 2
	}
	return 0
}

// Print writes the report for people: a line for each check, and one for its fix.
func (r *Report) Print(w io.Writer) {
	for _, s := range r.sections {
		fmt.Fprintln(w, s.title)
		for _, c := range s.checks {
			fmt.Fprintf(w, "  %-6s %s: %s\n", c.Status, c.Name, c.Detail)
			if c.Fix != "" {
				fmt.Fprintf(w, "         → %s\n", c.Fix)
			}
		}
	}
	fmt.Fprintln(w, [...]string{
		0: "Nothing wrong was found; checks marked ? were not tested.",
		1: "Something is wrong.",
		2: "Nothing wrong was found, but a robot's answer was inconclusive.",
	}[r.ExitCode()])
}
