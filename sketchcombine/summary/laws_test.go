package summary

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	lawSeed   = flag.Uint64("law.seed", 0, "the seed of the only trial of TestLaws to run; 0 runs law.trials of them")
	lawTrials = flag.Int("law.trials", 30_000, "how many trials TestLaws runs")
)

// TestLaws checks what docs/summary.md proves on small random summaries, which
// are full, pruned and saturated all the time: random inputs, split at random,
// merged in random order, with adds, clones and bytes in between.
func TestLaws(t *testing.T) {
	if *lawSeed != 0 {
		newTrial(t, *lawSeed).run()
		return
	}
	trials := *lawTrials
	if testing.Short() {
		trials /= 10
	}
	base := rand.Uint64()
	for i := range trials {
		newTrial(t, base+uint64(i)+1).run()
		if t.Failed() {
			t.Fatalf("again with -law.seed=%d", base+uint64(i)+1)
		}
	}
}

// A trial is one random input to random summaries.
type trial struct {
	*testing.T
	*rand.Rand
	cfg      Config
	universe int
	long     bool
	weigh    func() uint64
	parts    []part
}

// A part is a summary and what it should know.
type part struct {
	s     *Summary
	count map[string]uint64
	total uint64
}

func newTrial(t *testing.T, seed uint64) *trial {
	r := rand.New(rand.NewPCG(seed, 7))
	tr := &trial{T: t, Rand: r, universe: 1 + r.IntN(40), long: r.IntN(8) == 0}
	tr.cfg = Config{
		Seed:      Seed(r.Uint64()),
		Budget:    r.IntN(12),
		Counters:  1 + r.IntN(5),
		ItemBytes: 1 + r.IntN(16),
		Width:     2 * (1 + r.IntN(8)),
		Depth:     1 + r.IntN(3),
	}
	if err := tr.cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	switch r.IntN(6) {
	case 0:
		tr.weigh = func() uint64 { return r.Uint64N(50) }
	case 1: // cells near saturation
		tr.weigh = func() uint64 { return 1 << r.UintN(32) }
	case 2: // totals near overflow
		tr.weigh = func() uint64 { return r.Uint64() >> r.UintN(64) }
	default:
		tr.weigh = func() uint64 { return 1 + r.Uint64N(3) }
	}
	return tr
}

func (tr *trial) item() []byte {
	i := min(int(tr.ExpFloat64()*float64(tr.universe)/4), tr.universe-1)
	item := fmt.Append(nil, i)
	if tr.long && i%3 == 0 {
		item = append(item, bytes.Repeat([]byte("x"), MaxItem/(1+i)-2)...)
	}
	if i == 0 {
		item = nil
	}
	return item
}

func (tr *trial) run() {
	for range 1 + tr.IntN(6) {
		p := part{New(&tr.cfg), map[string]uint64{}, 0}
		tr.add(&p, tr.IntN(80))
		tr.parts = append(tr.parts, p)
	}
	for len(tr.parts) > 1 {
		i := tr.IntN(len(tr.parts) - 1)
		into, from := &tr.parts[i], tr.parts[len(tr.parts)-1]
		tr.parts = tr.parts[:len(tr.parts)-1]
		tr.merge(into, from)
		tr.add(into, tr.IntN(10))
		if tr.IntN(3) == 0 {
			tr.check(*into)
		}
	}
	tr.check(tr.parts[0])
}

func (tr *trial) add(p *part, n int) {
	for range n {
		item, w := tr.item(), tr.weigh()
		err := p.s.Add(item, w)
		if w > math.MaxInt64-p.total {
			if err == nil {
				tr.Errorf("adding %d to %d: no overflow", w, p.total)
			}
			continue
		}
		if err != nil {
			tr.Errorf("adding %d of %.20q: %v", w, item, err)
		}
		if w > 0 {
			p.count[string(item)] += w
			p.total += w
		}
	}
	p.s = tr.through(p.s)
}

// through hands a summary on as the pipeline does: as it is, copied, or as bytes.
func (tr *trial) through(s *Summary) *Summary {
	switch tr.IntN(4) {
	case 0:
		return s.Clone()
	case 1:
		s = tr.decode(s.AppendBinary(nil))
		if err := s.Bind(&tr.cfg); err != nil {
			tr.Error(err)
		}
	}
	return s
}

func (tr *trial) decode(b []byte) *Summary {
	s, err := Decode(b)
	if err != nil {
		tr.Fatalf("decoding: %v", err)
	}
	if !bytes.Equal(s.AppendBinary(nil), b) {
		tr.Error("decoding and encoding changes the bytes")
	}
	return s
}

func (tr *trial) merge(into *part, from part) {
	before := from.s.AppendBinary(nil)
	if tr.IntN(3) == 0 {
		from.s = tr.decode(before)
	}
	was := into.s.AppendBinary(nil)
	err := into.s.Merge(from.s)
	if !bytes.Equal(from.s.AppendBinary(nil), before) {
		tr.Error("a merge changed its argument")
	}
	if from.total > math.MaxInt64-into.total {
		if err == nil || !bytes.Equal(was, into.s.AppendBinary(nil)) {
			tr.Errorf("a merge over the largest total: error %v, or a change", err)
		}
		return
	}
	if err != nil {
		tr.Errorf("merging: %v", err)
	}
	for item, c := range from.count {
		into.count[item] += c
	}
	into.total += from.total
	// Neither shares memory with the other.
	if err := from.s.Bind(&tr.cfg); err != nil {
		tr.Error(err)
	}
	tr.add(&from, 3)
	after := from.s.AppendBinary(nil)
	tr.add(into, 3)
	if !bytes.Equal(from.s.AppendBinary(nil), after) {
		tr.Error("adding after a merge changed the merge's argument")
	}
}

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

// TestUnite checks that the union of a segment's shards says what one summary
// would, exactly where they are exact, and truly where they are not.
func TestUnite(t *testing.T) {
	for range 2000 {
		seed := rand.Uint64()
		tr := newTrial(t, seed)
		exact := tr.cfg
		exact.Budget = 0
		whole := part{New(&exact), map[string]uint64{}, 0}
		tr.weigh = func() uint64 { return 1 + tr.Uint64N(3) }
		for _, cfg := range []*Config{&exact, &tr.cfg} {
			for _, n := range []int{1, 2, 7} {
				shards := make([]*Summary, n)
				for i := range shards {
					shards[i] = New(cfg)
				}
				whole = part{New(&exact), map[string]uint64{}, 0}
				for range tr.IntN(120) {
					item, w := tr.item(), tr.weigh()
					whole.s.Add(item, w)
					whole.count[string(item)] += w
					whole.total += w
					shards[Shard(cfg.Seed.Hash(item), n)].Add(item, w)
				}
				k := 1 + tr.IntN(8)
				lists := make([]List, n)
				for i, s := range shards {
					lists[i] = s.Top(k)
				}
				got, want := Unite(k, lists...), whole.s.Top(k)
				if cfg.Budget == 0 {
					if got.Total != want.Total || got.Outside != want.Outside || !slices.Equal(got.Rows, want.Rows) {
						t.Fatalf("seed %d: %d shards give %+v, one summary %+v", seed, n, got, want)
					}
					continue
				}
				tr.checkUnion(whole, got)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func (tr *trial) checkUnion(p part, l List) {
	in := map[string]bool{}
	for _, r := range l.Rows {
		in[r.Item] = true
		if c := p.count[r.Item]; c < r.Lower || c > r.Upper {
			tr.Errorf("row %+.60v: the count is %d", r, c)
		}
	}
	for item, c := range p.count {
		if in[item] {
			continue
		}
		if c > l.Outside {
			tr.Errorf("%.20q outside counts %d, over %d", item, c, l.Outside)
		}
		for _, r := range l.Rows {
			if r.Certain && p.count[r.Item] < c {
				tr.Errorf("%.20q is certain with %d, one outside counts %d", r.Item, p.count[r.Item], c)
			}
		}
	}
}
