package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// printTable prints the medians of one data set. Ratios are of wall times,
// against the fastest exact SQL engine; above 1 is faster than it.
func printTable(out io.Writer, d dataset, results []*result) {
	best := bestSQL(results)
	fmt.Fprintf(out, "\n%s\n", d.name)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "M events/s\t× best SQL\twall s\tquery s\tCPU s\tcores\tpeak MB\t  answer\t  contender")
	for _, r := range results {
		u := r.median()
		query := "-"
		if u.query > 0 {
			query = fmt.Sprintf("%.2f", u.query.Seconds())
		}
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%s\t%.2f\t%.2f\t%d\t%s\t  %s\n",
			float64(d.events)/1e6/u.wall.Seconds(), best.Seconds()/u.wall.Seconds(), u.wall.Seconds(), query,
			u.cpu.Seconds(), u.cpu.Seconds()/u.wall.Seconds(), u.peak/1e6, r.verdict, r.name)
	}
	w.Flush()
}

// bestSQL is the shortest median wall time of the exact SQL engines.
func bestSQL(results []*result) time.Duration {
	var best time.Duration
	for _, r := range results {
		if r.name != referee && r.name != "chDB" {
			continue
		}
		if wall := r.median().wall; best == 0 || wall < best {
			best = wall
		}
	}
	return best
}
