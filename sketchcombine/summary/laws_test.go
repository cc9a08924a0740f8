package summary

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var (
	lawSeed   = flag.Uint64("law.seed", 0, "the seed of the only trial of TestLaws to run; 0 runs law.trials of them")
	lawTrials = flag.Int("law.trials", 20_000, "how many trials TestLaws runs")
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
