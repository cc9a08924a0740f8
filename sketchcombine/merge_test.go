package sketchcombine

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"crest/reference"
	"crest/sketchcombine/summary"
)

// configs are an exact one and a tight one, under one seed.
func configs() map[string]summary.Config {
	return map[string]summary.Config{
		"exact": {Seed: 7},
		"fast":  {Seed: 7, Budget: 20, Counters: 10, ItemBytes: 8, Width: 64, Depth: 2},
	}
}

// TestMergeTrees runs the CombineFn as a runner does: inputs shared between
// accumulators, accumulators encoded and decoded on their way, merged in any
// order. The exact one equals a map, the fast one keeps its bounds, and no input
// is ever changed.
func TestMergeTrees(t *testing.T) {
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				mergeTree(t, cfg, seed)
			}
		})
		t.Run(name+"/by reference", func(t *testing.T) {
			defer reference.Hold()()
			for seed := range uint64(300) {
				mergeTree(t, cfg, seed)
			}
		})
	}
}

func mergeTree(t *testing.T, cfg summary.Config, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	fn := &MergeFn{Config: cfg}
	truth := make(map[string]uint64)
	var accs []Merging
	for range 1 + r.IntN(5) {
		acc := fn.CreateAccumulator()
		other := fn.CreateAccumulator() // another window that shares the inputs
		for range r.IntN(4) {
			s := summary.New(&cfg)
			for range r.IntN(40) {
				item, w := fmt.Sprintf("item%060d", r.IntN(60)), r.Uint64N(9) // long, so that some are passed by reference
				must(t, s.Add([]byte(item), w))
				truth[item] += w
			}
			before := s.AppendBinary(nil)
			acc = must1(fn.AddInput(acc, Summary{Summary: s}))
			other = must1(fn.AddInput(other, Summary{Summary: s}))
			if !bytes.Equal(before, s.AppendBinary(nil)) {
				t.Fatalf("seed %d: AddInput changed its input", seed)
			}
		}
		accs = append(accs, acc)
	}
	for len(accs) > 1 {
		i := r.IntN(len(accs))
		b := accs[i]
		accs = slices.Delete(accs, i, i+1)
		if r.IntN(2) == 0 {
			b = must1(decodeMerging(encodeMerging(b)))
		}
		j := r.IntN(len(accs))
		accs[j] = must1(fn.MergeAccumulators(accs[j], b))
	}
	out := must1(decodeSummary(encodeSummary(fn.ExtractOutput(accs[0]))))
	must(t, out.Bind(&cfg))
	for item, count := range truth {
		lower, upper := out.Bounds([]byte(item))
		if count < lower || count > upper || cfg.Budget == 0 && lower != upper {
			t.Fatalf("seed %d: %s was counted %d times, the bounds are [%d, %d]", seed, item, count, lower, upper)
		}
	}
	var total uint64
	for c := range maps.Values(truth) {
		total += c
	}
	if out.Total() != total {
		t.Fatalf("seed %d: total %d, not %d", seed, out.Total(), total)
	}
}

func TestUniteFnKeepsItsInputs(t *testing.T) {
	fn := &UniteFn{K: 2}
	a := summary.List{Total: 9, Rows: []summary.Row{{Item: "a", Count: 5}, {Item: "b", Count: 4}}}
	b := summary.List{Total: 6, Rows: []summary.Row{{Item: "c", Count: 6}}}
	u := fn.MergeAccumulators(fn.AddInput(fn.CreateAccumulator(), a), b)
	if got := fmt.Sprintf("%d %s %s %d", u.Total, u.Rows[0].Item, u.Rows[1].Item, len(u.Rows)); got != "15 c a 2" {
		t.Errorf("united: %s", got)
	}
	if a.Rows[0].Item != "a" || a.Rows[1].Item != "b" || len(a.Rows) != 2 {
		t.Errorf("an input was changed: %v", a)
	}
	u2 := must1(decodeList(encodeList(u)))
	if fmt.Sprint(u2) != fmt.Sprint(u) {
		t.Errorf("%v came back as %v", u, u2)
	}
}

func TestDecodersRefuse(t *testing.T) {
	for _, b := range [][]byte{nil, {0x80}, {1, 2, 200}, {1, 1, 1, 'a', 0x80}} {
		if _, err := decodeList(b); err == nil {
			t.Errorf("a list was made of % x", b)
		}
	}
	if _, err := decodeKey(nil); err == nil {
		t.Error("a key was made of nothing")
	}
	if _, err := decodeMerging([]byte("x")); err == nil {
		t.Error("an accumulator was made of a letter")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must1 is must for a call that returns a value too.
func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
