package summary

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestUnite checks that the union of a segment's shards says what one summary
// would, exactly where they are exact, and truly where they are not.
func TestUnite(t *testing.T) {
	for range 2000 {
		seed := cmp.Or(*lawSeed, rand.Uint64())
		tr := newTrial(t, seed)
		exact := tr.cfg
		exact.Budget = 0
		tr.weigh = func() uint64 { return 1 + tr.Uint64N(3) }
		for _, cfg := range []*Config{&exact, &tr.cfg} {
			for _, n := range []int{1, 2, 7} {
				shards := make([]*Summary, n)
				for i := range shards {
					shards[i] = New(cfg)
				}
				whole := part{New(&exact), map[string]uint64{}, 0}
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
						t.Fatalf("-law.seed=%d: %d shards give %+v, one summary %+v", seed, n, got, want)
					}
					continue
				}
				tr.checkUnion(whole, got)
			}
		}
		if t.Failed() {
			t.Fatalf("again with -law.seed=%d", seed)
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
