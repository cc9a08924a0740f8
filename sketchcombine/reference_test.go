package sketchcombine

import (
	"bytes"
	"fmt"
	"testing"

	"crest/reference"
	"crest/sketchcombine/summary"
)

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
	release := reference.Hold()
	b := encodeSummary(large)
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
	release()
	if !bytes.Equal(encodeSummary(ofItems(1000)), inline) {
		t.Error("a reference that nobody holds")
	}
}
