package sketchcombine

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"crest/sketchcombine/summary"
)

// holdAll passes every summary by reference until the test ends.
func holdAll(t *testing.T) {
	from := held.from
	held.from = 0
	release := HoldReferences()
	t.Cleanup(func() {
		release()
		held.from = from
	})
}

func ofItems(n int) Summary {
	s := summary.New(&summary.Config{Seed: 7})
	for i := range n {
		s.Add(fmt.Appendf(nil, "item%d", i), uint64(i)+1)
	}
	return Summary{Summary: s}
}

// What is passed by reference is not copied, and not changed by who merges it.
func TestReference(t *testing.T) {
	large, small := ofItems(1000), ofItems(3)
	inline := encodeSummary(large)
	outer, inner := HoldReferences(), HoldReferences()
	b := encodeSummary(large)
	if len(b) > 32 {
		t.Errorf("a reference of %d bytes", len(b))
	}
	if got := must1(decodeSummary(b)); got.Summary != large.Summary {
		t.Error("it was copied")
	}
	if got := must1(decodeSummary(encodeSummary(small))); got.Summary == small.Summary {
		t.Error("a small summary was passed by reference")
	}
	if got := must1(decodeSummary(inline)); got.Summary == large.Summary || got.Total() != large.Total() {
		t.Error("bytes that are no reference were not decoded")
	}
	fn := &MergeFn{Config: summary.Config{Seed: 7}}
	before := large.AppendBinary(nil)
	merged := must1(fn.MergeAccumulators(must1(decodeMerging(b)), must1(decodeMerging(b))))
	gathered := must1(decodeGathering(encodeGathering(Gathering{map[Key]Merging{{}: must1(decodeMerging(b))}})))
	gathered = must1((&GatherFn{fn.Config}).AddInput(gathered, Parts{[]Part{{Summary: must1(decodeSummary(b))}}}))
	if !bytes.Equal(before, large.AppendBinary(nil)) {
		t.Error("it was changed")
	}
	for _, m := range []Merging{merged, gathered.parts[Key{}]} {
		if m.s.Total() != 2*large.Total() {
			t.Errorf("merged to a total of %d, want twice %d", m.s.Total(), large.Total())
		}
	}
	inner()
	inner() // does nothing
	if _, err := decodeSummary(b); err != nil {
		t.Errorf("with one of two holders left: %v", err)
	}
	outer()
	if _, err := decodeSummary(b); !errors.Is(err, errReference) {
		t.Errorf("after the last release: %v", err)
	}
	if !bytes.Equal(encodeSummary(ofItems(1000)), inline) {
		t.Error("a reference without a holder")
	}
}

// Of a number that is not this process's, or not held, comes an error, never
// another summary.
func TestWrongReference(t *testing.T) {
	holdAll(t)
	b := encodeSummary(ofItems(1))
	other := bytes.Clone(b)
	other[3] ^= 1
	for _, wrong := range [][]byte{other, b[:1], b[:9], b[:17], append(bytes.Clone(b), 0), append(bytes.Clone(b[:17]), 0xff, 0xff, 1), append(bytes.Clone(b[:17]), 0x80)} {
		if s, err := decodeSummary(wrong); !errors.Is(err, errReference) {
			t.Errorf("%x: %v, %v", wrong, s, err)
		}
	}
}

// Stages run side by side.
func TestReferencesSideBySide(t *testing.T) {
	holdAll(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 1000 {
				if s, err := decodeSummary(encodeSummary(ofItems(n))); err != nil || s.Items() != n {
					t.Errorf("%v, %v", s, err)
				}
			}
		})
	}
	wg.Wait()
}
