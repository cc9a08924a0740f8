package summary

import (
	"cmp"
	"slices"
	"strings"
)

// A Row is an item with what is known of its count: Lower ≤ true count ≤ Upper.
type Row struct {
	Item  string
	Count uint64 // the estimate: see estimate
	Lower uint64
	Upper uint64
	// Certain: no item outside the list can have a larger count.
	Certain bool
}

// A List is the top of a summary, or of several that have no item in common.
type List struct {
	// Total is the weight of everything that was counted.
	Total uint64
	// Rows stand by Count, the largest first, then by Item.
	Rows []Row
	// Outside is what the count of no item outside Rows exceeds.
	Outside uint64
}

// estimate is the count that is shown: what was counted, and of what may have
// come before as much as was true of it on average over the data in
// docs/benchmarks.md.
func estimate(count, entry uint64) uint64 { return count + entry - entry/8 }

// byRank orders rows as they are listed.
func byRank(a, b Row) int {
	if c := cmp.Compare(b.Count, a.Count); c != 0 {
		return c
	}
	return strings.Compare(a.Item, b.Item)
}

// Top returns the k items of the largest estimates, or all if there are fewer.
// It works on an unbound summary too.
func (s *Summary) Top(k int) List {
	t := &s.table
	l := List{Total: s.total}
	if s.light != nil {
		l.Outside = min(s.threshold, s.light.top())
	}
	if k = min(k, t.n); k <= 0 {
		for off := 0; off < len(t.arena); off = t.next(off) {
			l.Outside = max(l.Outside, t.upper(off))
		}
		return l
	}
	// The k-th largest estimate first, so that few items become strings.
	cut := s.cut(k)
	var above, ties []Row
	for off := 0; off < len(t.arena); off = t.next(off) {
		c, e := t.count(off), t.entry(off)
		est := estimate(c, e)
		if est < cut {
			l.Outside = max(l.Outside, c+e)
			continue
		}
		r := Row{Item: string(t.item(off)), Count: est, Lower: c, Upper: c + e}
		if est > cut {
			above = append(above, r)
		} else {
			ties = append(ties, r)
		}
	}
	slices.SortFunc(ties, byRank)
	room := min(k-len(above), len(ties))
	for _, r := range ties[room:] {
		l.Outside = max(l.Outside, r.Upper)
	}
	l.Rows = append(above, ties[:room]...)
	slices.SortFunc(l.Rows, byRank)
	l.mark()
	return l
}

// cut is the k-th largest estimate. k is from 1 to the number of items.
func (s *Summary) cut(k int) uint64 {
	t := &s.table
	// Twice k values are gathered, then halved, again and again: few pass the
	// bar once it has risen, so this is one comparison an item.
	best := make([]uint64, 0, min(2*k, t.n))
	var bar uint64
	for off := 0; off < len(t.arena); off = t.next(off) {
		est := estimate(t.count(off), t.entry(off))
		if est < bar {
			continue
		}
		if len(best) == 2*k {
			bar, _ = nthLargest(best, k)
			best = best[:k]
			if est < bar {
				continue
			}
		}
		best = append(best, est)
	}
	cut, _ := nthLargest(best, k)
	return cut
}

// mark tells which rows are certain.
func (l *List) mark() {
	for i := range l.Rows {
		l.Rows[i].Certain = l.Rows[i].Lower >= l.Outside
	}
}

// Unite returns the k items of the largest estimates of lists that have no item
// in common, as the shards of one segment have.
func Unite(k int, lists ...List) List {
	var u List
	n := 0
	for _, l := range lists {
		n += len(l.Rows)
	}
	u.Rows = make([]Row, 0, n)
	for _, l := range lists {
		u.Total += l.Total
		u.Outside = max(u.Outside, l.Outside)
		u.Rows = append(u.Rows, l.Rows...)
	}
	slices.SortFunc(u.Rows, byRank)
	if k = max(k, 0); len(u.Rows) > k {
		for _, r := range u.Rows[k:] {
			u.Outside = max(u.Outside, r.Upper)
		}
		u.Rows = slices.Clip(u.Rows[:k])
	}
	u.mark()
	return u
}

// Bounds returns what is known of one item's count: it is from lower to upper.
// An unbound summary knows no more than its total.
func (s *Summary) Bounds(item []byte) (lower, upper uint64) {
	if s.cfg == nil {
		return 0, s.total
	}
	place := placeOf(s.cfg.Seed.Hash(item))
	if off := s.table.find(place, item); off >= 0 {
		c := s.table.count(off)
		return c, c + s.table.entry(off)
	}
	if s.light == nil {
		return 0, 0
	}
	return 0, s.absent(place)
}

// Each calls f with every item that is counted one by one and with its bounds,
// in no particular order. The item belongs to the summary.
func (s *Summary) Each(f func(item []byte, lower, upper uint64) bool) {
	t := &s.table
	for off := 0; off < len(t.arena); off = t.next(off) {
		c := t.count(off)
		if !f(t.item(off), c, c+t.entry(off)) {
			return
		}
	}
}
