package main

import (
	"fmt"
	"math"
)

// check gives every result its verdict against the referee's answer and returns
// how many exact contenders are wrong.
func check(results []*result) (wrong int) {
	var truth answer
	for _, r := range results {
		if r.name == referee {
			truth = r.answer
		}
	}
	for _, r := range results {
		if !r.exact {
			r.verdict = closeness(truth, r.answer)
			continue
		}
		r.verdict = "exact"
		if r.name == referee {
			r.verdict = fmt.Sprintf("exact (%d lists)", len(truth))
		}
		if diff := difference(truth, r.answer); diff != "" {
			r.verdict = "WRONG: " + diff
			wrong++
		}
	}
	return wrong
}

// difference tells in words where an answer that should be exact is not; it is
// empty where it is. Counts must be equal at each rank; items only above the
// last count of a list, where no tie can change them.
func difference(truth, got answer) string {
	if len(truth) != len(got) {
		return fmt.Sprintf("%d lists for %d", len(got), len(truth))
	}
	for minute, want := range truth {
		list := got[minute]
		if len(list) != len(want) {
			return fmt.Sprintf("%s: %d rows for %d", minute, len(list), len(want))
		}
		last := want[len(want)-1].count
		for i, w := range want {
			if list[i].count != w.count {
				return fmt.Sprintf("%s, rank %d: count %d for %d", minute, i+1, list[i].count, w.count)
			}
			if w.count > last && list[i].item != w.item {
				return fmt.Sprintf("%s, rank %d: item %q for %q", minute, i+1, list[i].item, w.item)
			}
		}
	}
	return ""
}

// closeness tells how much of the truth an approximate answer found, and how far
// off its counts are at most.
func closeness(truth, got answer) string {
	found, all, worst := 0, 0, 0.
	for minute, want := range truth {
		counts := map[string]int64{}
		for _, r := range got[minute] {
			counts[r.item] = r.count
		}
		for _, w := range want {
			all++
			if count, ok := counts[w.item]; ok {
				found++
				worst = max(worst, math.Abs(float64(count-w.count))/float64(w.count))
			}
		}
	}
	return fmt.Sprintf("recall %.1f%%, off by ≤ %.2g%%", 100*float64(found)/float64(max(all, 1)), 100*worst)
}
