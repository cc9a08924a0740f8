package main

import (
	"cmp"
	"math"
	"slices"
)

// A score is how well a result tells the truth about a stream.
type score struct {
	recall   int     // of its first 100, how many belong to a true top 100 (ties included)
	err      float64 // mean relative error over the true top 100; 1 for one that is missing
	violated int     // counts outside their bounds, of items retained and absent
	certain  int     // of its first 100, how many it is sure of
	wrong    int     // … and does not belong
}

// judge compares a result with the exact counts. It puts the rows in order.
func (st *stream) judge(r *result) (sc score) {
	slices.SortFunc(r.Rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Item, b.Item))
	})
	list, rest := r.Rows[:min(top, len(r.Rows))], r.Rows[min(top, len(r.Rows)):]

	outside := r.Absent
	for _, row := range rest {
		outside = max(outside, row.Upper)
	}
	least := st.least()
	for _, row := range list {
		belongs := st.counts[row.Item] >= least
		if belongs {
			sc.recall++
		}
		if r.Bounds && row.Lower >= outside {
			sc.certain++
			if !belongs {
				sc.wrong++
			}
		}
	}

	retained := make(map[string]uint64, len(r.Rows))
	for _, row := range r.Rows {
		retained[row.Item] = row.Count
		if n := st.counts[row.Item]; r.Bounds && (n < row.Lower || n > row.Upper) {
			sc.violated++
		}
	}
	for item, n := range st.counts {
		if _, ok := retained[item]; r.Bounds && !ok && n > r.Absent {
			sc.violated++
		}
	}
	for _, item := range st.top {
		n := float64(st.counts[item])
		sc.err += math.Abs(float64(retained[item])-n) / n / top
	}
	return sc
}
