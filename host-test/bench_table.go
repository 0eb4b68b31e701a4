package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// A table prints what was measured. Only its ratios are worth reading.
type table struct {
	*tabwriter.Writer
	failed bool // a call failed while it was measured
}

func newTable() *table {
	t := &table{Writer: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(t, "what\ttime\tratio")
	return t
}

// rounds is how often two things are measured in turns.
const rounds = 15

// beside measures two things in turns, because what else the machine does then
// meets both, and prints the median times and the median ratio.
func (t *table) beside(base string, baseline func(*testing.B), name string, run func(*testing.B)) {
	var times, bases, ratios []float64
	for range rounds {
		bases = append(bases, t.measure(baseline))
		times = append(times, t.measure(run))
		ratios = append(ratios, times[len(times)-1]/bases[len(bases)-1])
	}
	t.print(base, median(bases), "")
	ratio := median(ratios)
	if ratio < 1 {
		t.print(name, median(times), fmt.Sprintf("1/%.1f", 1/ratio))
		return
	}
	t.print(name, median(times), fmt.Sprintf("%.2fx", ratio))
}

// row measures and prints one thing.
func (t *table) row(name string, run func(*testing.B)) { t.print(name, t.measure(run), "") }

func (t *table) print(name string, ns float64, ratio string) {
	fmt.Fprintf(t, "%s\t%v\t%s\n", name, time.Duration(ns).Round(time.Microsecond), ratio)
}

// measure returns the time of one call. A call that fails would look fast.
func (t *table) measure(run func(*testing.B)) (ns float64) {
	result := testing.Benchmark(run)
	t.failed = t.failed || result.N == 0
	return float64(result.NsPerOp())
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
