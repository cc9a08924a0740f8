package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A line is one contender in a table.
type line struct {
	name                  string
	one, merged           *result
	scoreOne, scoreMerged score
}

// printTable prints what was measured on one stream with one budget. Of two
// figures in a column the second is after merging.
func printTable(out io.Writer, st *stream, budget int, lines []line) {
	fmt.Fprintf(out, "\n%s, about %d KiB; %d distinct, the last of the top %d counts %d\n",
		st.name, budget>>10, len(st.counts), top, st.least())
	var fastest float64
	for _, l := range lines {
		if strings.HasPrefix(l.name, "DataSketches") {
			fastest = max(fastest, st.updates(l.one))
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "KiB\trecall %\terror %\tcertain\twrong\tviolated\tM upd/s\t× DataSketches\tmerge ms\t  contender")
	for _, l := range lines {
		ratio := "-"
		if fastest > 0 {
			ratio = fmt.Sprintf("%.2f", st.updates(l.one)/fastest)
		}
		a, b := l.scoreOne, l.scoreMerged
		bounds := "-\t-\t-"
		if l.one.Bounds {
			bounds = fmt.Sprintf("%d / %3d\t%d / %d\t%d / %d", a.certain, b.certain, a.wrong, b.wrong, a.violated, b.violated)
		}
		fmt.Fprintf(w, "%d\t%d / %3d\t%.2f / %5.2f\t%s\t%.1f\t%s\t%.2f\t  %s\n",
			max(l.one.Bytes, l.merged.Bytes)>>10, a.recall, b.recall, 100*a.err, 100*b.err, bounds,
			st.updates(l.one), ratio, 1000*l.merged.MergeSeconds, l.name)
	}
	w.Flush()
}

// updates is how many items were added a second, in millions.
func (st *stream) updates(r *result) float64 { return float64(len(st.items)) / 1e6 / r.AddSeconds }
