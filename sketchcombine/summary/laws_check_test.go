package summary

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// check compares all that a summary says with what is true.
func (tr *trial) check(p part) {
	s := p.s
	if s.Total() != p.total {
		tr.Errorf("the total is %d, not %d", s.Total(), p.total)
	}
	most := tr.cfg.capacity()
	if s.Exact() {
		if most = len(p.count); tr.cfg.Budget > 0 {
			most = tr.cfg.Budget
		}
	} else if tr.cfg.Budget == 0 {
		tr.Error("sketched without a budget")
	}
	if s.Items() > most {
		tr.Errorf("%d items, %d are the most", s.Items(), most)
	}
	if !s.Exact() && len(p.count) <= tr.cfg.Budget && !tr.long {
		tr.Errorf("%d items do not fit into the budget of %d", len(p.count), tr.cfg.Budget)
	}
	for i := range tr.universe + 2 { // all items, and one that never came
		item := fmt.Append(nil, i)
		tr.checkBounds(p, item)
	}
	in := map[string]bool{}
	s.Each(func(item []byte, lower, upper uint64) bool {
		if c := p.count[string(item)]; lower == 0 || c < lower || c > upper || in[string(item)] {
			tr.Errorf("item %.20q: %d in a row [%d, %d]", item, c, lower, upper)
		}
		in[string(item)] = true
		return true
	})
	if len(in) != s.Items() || s.Exact() && len(in) != len(p.count) {
		tr.Errorf("%d items of %d, %d are said to be counted", len(in), len(p.count), s.Items())
	}
	for item, c := range p.count {
		tr.checkBounds(p, []byte(item))
		if !in[item] && c > s.Threshold() {
			tr.Errorf("absent item %.20q counts %d, over the threshold %d", item, c, s.Threshold())
		}
	}
	unbound := tr.decode(s.AppendBinary(nil))
	for _, k := range []int{0, 1, 2, 1 + tr.IntN(5), 1000, math.MaxInt} {
		l := s.Top(k)
		tr.checkList(p, l, k)
		if !slices.Equal(l.Rows, unbound.Top(k).Rows) {
			tr.Errorf("top %d differs after decoding", k)
		}
	}
}

func (tr *trial) checkBounds(p part, item []byte) {
	lower, upper := p.s.Bounds(item)
	if c := p.count[string(item)]; c < lower || c > upper || upper > p.total || p.s.Exact() && lower != upper {
		tr.Errorf("item %.20q: %d in [%d, %d] of %d", item, c, lower, upper, p.total)
	}
}

func (tr *trial) checkList(p part, l List, k int) {
	if l.Total != p.total {
		tr.Errorf("the list's total is %d, not %d", l.Total, p.total)
	}
	if want := min(k, p.s.Items()); len(l.Rows) != want || k <= tr.cfg.floor() && want != min(k, len(p.count)) {
		tr.Errorf("top %d of %d items has %d rows", k, len(p.count), len(l.Rows))
	}
	in := map[string]bool{}
	for i, r := range l.Rows {
		in[r.Item] = true
		if c := p.count[r.Item]; c < r.Lower || c > r.Upper || r.Count < r.Lower || r.Count > r.Upper {
			tr.Errorf("row %+.60v: the count is %d", r, c)
		}
		if i > 0 && byRank(l.Rows[i-1], r) >= 0 {
			tr.Errorf("rows %d and %d are in the wrong order", i-1, i)
		}
	}
	var outside uint64
	for item, c := range p.count {
		if !in[item] {
			outside = max(outside, c)
		}
	}
	if outside > l.Outside {
		tr.Errorf("an item outside counts %d, over %d", outside, l.Outside)
	}
	for _, r := range l.Rows {
		if r.Certain && p.count[r.Item] < outside {
			tr.Errorf("%.20q is certain with %d, one outside counts %d", r.Item, p.count[r.Item], outside)
		}
		if p.s.Exact() && !r.Certain {
			tr.Errorf("%.20q is not certain in an exact list", r.Item)
		}
	}
	if p.s.Exact() && !slices.Equal(l.Rows, exactTop(p.count, k)) {
		tr.Errorf("the exact top %d is wrong", k)
	}
}

// exactTop is the list that a map gives.
func exactTop(count map[string]uint64, k int) []Row {
	var rows []Row
	for item, c := range count {
		rows = append(rows, Row{Item: item, Count: c, Lower: c, Upper: c, Certain: true})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Item, b.Item))
	})
	return rows[:min(k, len(rows))]
}
