package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A row is what is known of a runtime in the end.
type row struct {
	name, version  string
	passed, played int
	speed          speed
	survives       bool
	tells          tells
}

// printTable prints one line for each runtime; times are followed by their ratio
// to the first runtime's.
func printTable(w io.Writer, rows []row, calls int) {
	fmt.Fprintf(w, "\nTimes: medians of %d cold starts and of %d calls, each of which posts a message to a robot on this machine.\n\n", starts, calls)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "runtime\tversion\tcases\tload\tfirst call\tper call\tafter a failed request\tit tells")
	for _, r := range rows {
		base := rows[0].speed
		instance := "needs a new instance"
		if r.survives {
			instance = "works on"
		}
		fmt.Fprintf(t, "%s\t%s\t%d/%d\t%s\t%s\t%s\t%s\t%s\n", r.name, r.version, r.passed, r.played,
			compared(r.speed.load, base.load), compared(r.speed.first, base.first), compared(r.speed.call, base.call),
			instance, r.tells)
	}
	t.Flush()
}

func compared(d, base time.Duration) string {
	if d == 0 || base == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms (×%.1f)", float64(d)/float64(time.Millisecond), float64(d)/float64(base))
}
